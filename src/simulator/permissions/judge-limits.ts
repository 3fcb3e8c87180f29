/** The numbers that the judge goes by (meta-calling.md §2.1, §2.2, §6). Times in milliseconds. */
export interface JudgeLimits {
  /** Permission requests to one user, free-form and template together. */
  readonly requestsPerDay: number;
  readonly requestsPerWeek: number;
  /** Outbound calls that one user picked up, in 24 hours. */
  readonly connectedPerDay: number;
  /** So many unanswered or rejected calls in a row, and the user is asked to think again. */
  readonly unansweredNotice: number;
  /** So many, and the permission is taken back. */
  readonly unansweredRevoke: number;
  /** Calls of one number at a time, both directions. */
  readonly concurrentCalls: number;
  /** New outbound calls of one number in 24 hours. */
  readonly dialsPerDay: number;
  /** Reads of `call_permissions` of one number. The lower of the two figures that Meta gives. */
  readonly reportsPerSecond: number;
  readonly temporaryMs: number;
  /** A request can be answered, or answered otherwise, for so long. */
  readonly requestLifeMs: number;
  /** The customer service window, in which free-form messages are allowed. */
  readonly windowMs: number;
}

export const DAY_MS = 24 * 3_600_000;
export const WEEK_MS = 7 * DAY_MS;

export const JUDGE_LIMITS: Readonly<Record<'production' | 'sandbox', JudgeLimits>> = {
  production: {
    requestsPerDay: 1,
    requestsPerWeek: 2,
    connectedPerDay: 100,
    unansweredNotice: 2,
    unansweredRevoke: 4,
    concurrentCalls: 1_000,
    dialsPerDay: 10_000,
    reportsPerSecond: 5,
    temporaryMs: WEEK_MS,
    requestLifeMs: WEEK_MS,
    windowMs: DAY_MS,
  },
  sandbox: {
    requestsPerDay: 25,
    requestsPerWeek: 100,
    connectedPerDay: 100,
    unansweredNotice: 5,
    unansweredRevoke: 10,
    concurrentCalls: 1_000,
    dialsPerDay: 10_000,
    reportsPerSecond: 5,
    temporaryMs: WEEK_MS,
    requestLifeMs: WEEK_MS,
    windowMs: DAY_MS,
  },
};

/** A profile by name, or the production one with changes. */
export type LimitsInput = keyof typeof JUDGE_LIMITS | Partial<JudgeLimits>;

export function limitsOf(input: LimitsInput): JudgeLimits {
  return typeof input === 'string' ? JUDGE_LIMITS[input] : { ...JUDGE_LIMITS.production, ...input };
}
