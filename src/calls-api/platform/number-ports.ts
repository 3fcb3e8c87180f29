import type { GraphRefusal } from '../../permissions/index.ts';

/** A business number, as it may be told: no secret is in it. Times in Unix milliseconds. */
export interface ConnectedNumber {
  readonly phoneNumberId: string;
  readonly projectId: string;
  /** As Meta displays it; null until it is known. */
  readonly displayPhoneNumber: string | null;
  readonly verifiedName: string | null;
  readonly businessAccountId: string | null;
  readonly credentialKind: NumberCredentials['kind'];
  readonly hasAppSecret: boolean;
  readonly storesMessages: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What Graph is asked with for a number. */
export interface NumberCredentials {
  readonly kind: 'bearer' | 'api-key';
  readonly secret: string;
}

export interface NewNumber {
  readonly phoneNumberId: string;
  readonly projectId: string;
  readonly displayPhoneNumber: string | null;
  readonly verifiedName: string | null;
  readonly businessAccountId: string | null;
  readonly credentials: NumberCredentials;
  readonly appSecret: string | null;
  readonly storesMessages: boolean;
}

/** What is not named stays. */
export type NumberChanges = Partial<Omit<NewNumber, 'phoneNumberId' | 'projectId'>>;

/** The numbers of the installation. Writes are durable when their promise resolves. */
export interface NumberBook {
  /** Those of a project, the oldest first. */
  connected(projectId: string): readonly ConnectedNumber[];
  connectedNumber(phoneNumberId: string): ConnectedNumber | null;
  /** False, and nothing is kept, if the installation has the number already, in whichever project. */
  connect(number: NewNumber, at: number): Promise<boolean>;
  /** False if it is not there. */
  change(phoneNumberId: string, changes: NumberChanges, at: number): Promise<boolean>;
  /** What is known of the number goes with it, and dials of it that wait are cancelled; its calls stay in the log. */
  remove(phoneNumberId: string, at: number): Promise<NumberRemoval>;
}

export type NumberRemoval = 'removed' | 'calls_live' | 'unknown';

/** What Meta says of a number, as far as it was heard. */
export interface NumberStanding {
  readonly callingStatus: 'ENABLED' | 'DISABLED' | null;
  /** The object `calling` of its settings, in Meta's form. */
  readonly settings: Readonly<Record<string, unknown>> | null;
  /** When Meta said both. */
  readonly seenAt: number | null;
  /** Those that hold now. */
  readonly restrictions: readonly NumberRestriction[];
  readonly lastViolation: { readonly type: string; readonly remediation: string | null; readonly at: number } | null;
  /** Live or being placed, in either direction. */
  readonly liveCalls: number;
}

export interface NumberRestriction {
  readonly kind: 'business_calls' | 'user_calls' | 'call_button';
  /** Meta's code for what it refuses; null of calls of users. */
  readonly code: number | null;
  /** When Meta said so; null: it was concluded from a refusal. */
  readonly since: number | null;
  readonly until: number | null;
  readonly remediation: string | null;
}

export interface NumberStandings {
  /** One for each of these numbers that Meta has said anything of, or that has a call. `now`: Unix milliseconds. */
  standingOf(phoneNumberIds: readonly string[], now: number): Promise<ReadonlyMap<string, NumberStanding>>;
}

/** What is asked of Graph of numbers themselves. Never rejects. */
export interface NumberGraph {
  /** `GET {number}`: how it is displayed, and the verified name. With these credentials, not with those that are kept. */
  look(phoneNumberId: string, credentials: NumberCredentials): Promise<GraphTold>;
  /** `GET {number}/settings`. `credentials` null: with those that are kept. */
  settings(phoneNumberId: string, credentials: NumberCredentials | null): Promise<GraphTold>;
  /** `POST {number}/settings`. */
  changeSettings(phoneNumberId: string, change: object): Promise<GraphTold>;
}

/** `at`: when it was asked for, Unix milliseconds. */
export type GraphTold =
  | { readonly type: 'told'; readonly at: number; readonly body: object }
  | GraphRefusal
  /** No answer was had that decides anything. */
  | { readonly type: 'unknown' };
