/** How a number calls people. Part of its settings; what is not set has the default of `DEFAULT_DIAL_RULES`. */
export interface DialRules {
  /** Which of Meta's limits hold (limits data file). */
  readonly profile: 'production' | 'sandbox';
  /** A user who did not pick up so many times in a row is not called again; null: only Meta's own revocation counts. */
  readonly stopAfterUnanswered: number | null;
  /** From so many on, the answer carries a warning. */
  readonly warnAfterUnanswered: number;
  /** 15,000 to 90,000. */
  readonly ringTimeoutMs: number;
  /** What counts as picked up: Meta's ACCEPTED, or that or the first sound of the phone, whichever comes first. */
  readonly answeredBy: 'accepted' | 'accepted_or_media';
  /** How long a dial waits for the user's permission. */
  readonly permissionDeadlineMs: number;
  /** In the user's own time zone: no dial that waited (for permission or its time) is placed then. HH:MM. */
  readonly quietHours: { readonly from: string; readonly to: string } | null;
  /** Text of the free-form request; null: Meta's own words alone. */
  readonly requestText: string | null;
  /** Sent outside the 24 h window when `permission: "ask"`; null: then it cannot be asked. */
  readonly requestTemplate: RequestTemplate | null;
  /** Users that may get a template in 24 hours (the messaging tier of the business); null: not known. */
  readonly messagingTier: number | null;
}

/** A template of the business with a component of type call_permission_request. */
export interface RequestTemplate {
  readonly name: string;
  /** Such as `en_US`. */
  readonly language: string;
  /** Meta's `components`, passed through. */
  readonly components: readonly unknown[];
}

export const DEFAULT_DIAL_RULES: DialRules = {
  profile: 'production',
  stopAfterUnanswered: 3,
  warnAfterUnanswered: 2,
  ringTimeoutMs: 45_000,
  answeredBy: 'accepted',
  permissionDeadlineMs: 72 * 3_600_000,
  quietHours: null,
  requestText: null,
  requestTemplate: null,
  messagingTier: null,
};

/** The numbers that are ours, as this room asks for them. */
export interface DialRulesBook {
  /** Null if the number is not ours. */
  dialRules(phoneNumberId: string): DialRules | null;
  /** @param at Unix milliseconds */
  setDialRules(phoneNumberId: string, rules: DialRules, at: number): Promise<void>;
  /** As Meta displays it; null if unknown. */
  displayPhoneNumber(phoneNumberId: string): string | null;
}
