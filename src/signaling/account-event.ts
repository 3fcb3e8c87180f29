/** What Meta lets a number do no more (meta-calling.md §3.11). */
export type RestrictionKind =
  /** No calls of the business, and no requests for permission. */
  | 'business_calls'
  /** No calls of users. */
  | 'user_calls'
  /** Too few calls were picked up: users are not shown the button. */
  | 'call_button';

/** What Meta says of a number of the business. Times in Unix milliseconds. */
export type AccountWord =
  /**
   * Of its settings: what is named takes the place of what was there. Without passwords. `changed`: Meta says it because
   * something changed, and not because somebody asked.
   */
  | { readonly type: 'calling_settings'; readonly calling: CallingSettings; readonly changed: boolean }
  /** `until` null: Meta names no end. */
  | {
      readonly type: 'restricted';
      readonly kind: RestrictionKind;
      readonly until: number | null;
      /** What the business is to do. */
      readonly remediation: string | null;
    }
  | { readonly type: 'lifted'; readonly kind: RestrictionKind }
  /** A restriction may follow. */
  | { readonly type: 'warned'; readonly violation: string; readonly remediation: string | null };

/** As Meta spells it (meta-calling.md §2.3). */
export type CallingSettings = Readonly<Record<string, unknown>>;

/** `at`: when Meta said so. */
export type AccountEvent = { readonly phoneNumberId: string; readonly at: number } & AccountWord;

/** The same before it is known whose: `account_update` names a number only as it is displayed, in digits. */
export type AccountFinding = {
  readonly of: { readonly phoneNumberId: string } | { readonly displayPhoneNumber: string };
  readonly at: number;
} & AccountWord;

/** Where they go. Awaited: a webhook is worked off only when its events were taken. Takes each any number of times. */
export interface AccountEventSink {
  handle(event: AccountEvent): Promise<void>;
}
