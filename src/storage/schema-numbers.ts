export interface NumbersTable {
  phone_number_id: string;
  display_phone_number: string | null;
  verified_name: string | null;
  business_account_id: string | null;
  credential_kind: 'bearer' | 'api-key';
  credential_sealed: string;
  /** Of the number's own app at Meta. */
  app_secret_sealed: string | null;
  /** 0 or 1. */
  stores_messages: number;
  /** JSON of CallPolicy without its agents. */
  policy: string;
  /** JSON of NumberRules, or of a part of it. */
  rules: string;
  /** JSON of DialRules, or of a part of it. */
  dial_rules: string;
  /** projects.id */
  project_id: string;
  created_at: number;
  updated_at: number;
}

/**
 * What Meta says of a number and did to it. Apart from `numbers`: it stays when the number is described anew. Of each word
 * there is when Meta said it, for an older one never replaces a newer one.
 */
export interface NumberStatesTable {
  phone_number_id: string;
  /** Null if Meta has not said. */
  calling_status: 'ENABLED' | 'DISABLED' | null;
  /** JSON of the `calling` of the number's settings, without passwords. */
  settings: string | null;
  /** Of both above. */
  settings_at: number | null;
  users_paused_until: number | null;
  /** Null if calls of users were never restricted. */
  users_paused_at: number | null;
  /** Null if the call button is shown, as far as it is known. */
  button_hidden_at: number | null;
  button_remediation: string | null;
  /** The last one. */
  violation: string | null;
  violation_remediation: string | null;
  violation_at: number | null;
  /** Null if calls may be placed. */
  paused_code: number | null;
  paused_until: number | null;
  /** When Meta said so; null: it was concluded from a refusal, and nobody told until when. */
  paused_at: number | null;
}
