import { LIMIT_NUMBERS, NO_CALL_COUNTRIES } from './limits-data.ts';
import type { DialRules } from './ports.ts';

/** Which of Meta's limits hold for a number. */
export type LimitProfile = DialRules['profile'];

/** At most `max` in any `periodMs`. */
export interface CountLimit {
  readonly max: number;
  readonly periodMs: number;
}

/** The limits as numbers. Times in milliseconds. */
export interface LimitNumbers {
  readonly requests: readonly CountLimit[];
  readonly requestLifeMs: number;
  readonly windowMs: number;
  readonly temporaryPermissionMs: number;
  readonly connectedCalls: readonly CountLimit[];
  readonly unansweredNotice: number;
  readonly unansweredRevoked: number;
  readonly dials: CountLimit;
  readonly concurrentCalls: number;
  readonly callsPerUser: number;
  readonly reads: CountLimit;
  readonly pauseMs: number;
  readonly leastMessagingTier: number;
  readonly callbackDataLength: number;
}

/** What docs/limits.md says of one limit. */
export interface LimitFact {
  readonly what: string;
  /** Null if it is no number. */
  readonly value: (numbers: LimitNumbers) => LimitValue | readonly CountLimit[] | null;
  /** What Meta answers with; null if nothing. */
  readonly code: number | null;
  /** When it was announced, or the date of the oldest page that has it. */
  readonly since: string;
  /** Page and date, below `calling/` of Meta's documentation. */
  readonly source: string;
  readonly certainty: Certainty;
  /** What talkwire does at it. */
  readonly action: string;
}

export type LimitValue =
  | CountLimit
  | { readonly lastsMs: number }
  | { readonly inARow: number }
  | { readonly atOnce: number }
  | { readonly atLeast: number }
  | { readonly atMost: number };

/** `sure`: on a page of Meta's. `likely`: pages contradict each other, or it follows from one. */
export type Certainty = 'sure' | 'likely' | 'unknown';

export interface NoCallCountry {
  /** ISO 3166. */
  readonly country: string;
  readonly name: string;
  /** False: told of by some, and left to Graph. */
  readonly refused: boolean;
  readonly certainty: Certainty;
  readonly source: string;
}

/** The limits of a number of this profile. */
export function limitsOf(profile: LimitProfile): LimitNumbers {
  return LIMIT_NUMBERS[profile];
}

/** Whether numbers of this country (ISO 3166) may start calls. What is not known may. */
export function mayCallFrom(country: string | null): boolean {
  return !NO_CALL_COUNTRIES.some((entry) => entry.refused && entry.country === country);
}
