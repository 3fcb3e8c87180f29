import type { DialRules } from './number-dial-rules.ts';
import type { NumberState, PairState } from './pair-state.ts';

/** What is asked of the ledger: to call, to ask for permission, or to call and ask first if that is needed. */
export type Wish = 'call' | 'ask' | 'call_or_ask';

export type Decision =
  | { readonly type: 'allow'; readonly warnings: readonly string[] }
  | { readonly type: 'ask'; readonly by: 'free_form' | 'template' }
  | Denial;

export interface Denial {
  readonly type: 'deny';
  /** Meta's own code for what Graph would say, or the nearest. */
  readonly code: number;
  readonly reason: DenyReason;
  /** When it may be tried again, Unix milliseconds; null if no clock changes it. */
  readonly until: number | null;
  /** For a person: that it was refused here, and why. No number of the user. */
  readonly why: string;
}

export type DenyReason =
  /** 138006 */
  | 'no_permission'
  /** 138009 */
  | 'request_limit'
  /** 138009: one at a time. */
  | 'request_pending'
  /** 138017 */
  | 'permission_exists'
  /** 138012 */
  | 'connected_call_limit'
  /** 138003 */
  | 'call_ongoing'
  /** 138002 */
  | 'too_many_calls'
  /** 138005 */
  | 'dial_rate'
  /** 138013 */
  | 'country_not_supported'
  /** 138000 */
  | 'calling_disabled'
  /** 138014 */
  | 'number_paused'
  /** 138012: our own guard before Meta's revocation. */
  | 'unanswered_guard'
  /** 131047: outside the 24 h window without a template. */
  | 'window_closed'
  /** 131048 */
  | 'messaging_tier';

/** What `decide` is given; it reads nothing else, no clock either. */
export interface DecisionInput {
  /** Unix milliseconds. */
  readonly now: number;
  readonly wish: Wish;
  readonly rules: DialRules;
  readonly number: NumberState;
  readonly pair: PairState;
  /** The request carries a template of its own. */
  readonly ownTemplate: boolean;
}

export type Decide = (state: { readonly number: NumberState; readonly pair: PairState }) => Decision;
