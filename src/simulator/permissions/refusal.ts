/** Who calls whom: a business number and a user, by whatever name the caller of the judge gives to users. */
export interface Pair {
  readonly phoneNumberId: string;
  readonly user: string;
}

/** Why Meta refuses a business something (meta-calling.md §7.2). */
export type RefusalCode =
  | 613
  | 131047
  | 138000
  | 138001
  | 138002
  | 138003
  | 138005
  | 138006
  | 138009
  | 138012
  | 138013
  | 138014
  | 138017;

export interface Refusal extends Pair {
  /** Unix milliseconds. */
  readonly at: number;
  readonly asked: 'call' | 'request' | 'report';
  readonly code: RefusalCode;
  /** Something was counted and used up, so whoever counts along knew it before. */
  readonly limit: boolean;
  /** From when on this would not be the reason any more, Unix milliseconds; null if no clock changes it. */
  readonly until: number | null;
}

/** Calls and requests that were counted up. 138006, 138017 and 131047 are about what the user did, not about how often. */
export const LIMIT_CODES: ReadonlySet<RefusalCode> = new Set([613, 138002, 138003, 138005, 138009, 138012]);

/** For `error_data.details`; times are Unix seconds (meta-calling.md §6: 138012 names the next allowed time). */
export function refusalDetails({ code, until }: Refusal): string | undefined {
  const next = until === null ? '' : ` The next one is allowed at ${Math.ceil(until / 1000)}.`;
  switch (code) {
    case 138009:
      return `Call permission request limit hit for this user.${next}`;
    case 138012:
      return `Connected call limit hit for this user.${next}`;
    default:
      return undefined;
  }
}
