import type { CallIdentity } from './identity.ts';
import type { Refusal } from './inputs.ts';
import type { CallPolicy } from './policy.ts';

/** A call that is about to be let in. */
export interface PlannedCall {
  readonly identity: Omit<CallIdentity, 'id'>;
  /** Unix milliseconds. */
  readonly at: number;
  /** Calls that are live on its number, this one not counted. */
  readonly liveOnNumber: number;
}

/** By which rules a call is handled. */
export interface CallPlan {
  readonly policy: CallPolicy;
  /** The number's own rules keep this call out; null lets it in. */
  readonly refusal: Refusal | null;
}
