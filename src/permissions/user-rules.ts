import { deny } from './deny.ts';
import { limitsOf } from './limits.ts';
import { isNewer, permissionNow } from './permission-now.ts';
import type { DecisionInput, Denial, Grant, PairState, ReportedAction } from './ports.ts';
import { freeAt, type Usage, usageOf } from './usage.ts';

/** The part of a decision's input that says who is called. */
export type PairInput = Pick<DecisionInput, 'pair' | 'rules' | 'now'>;

/** Rules of the user for calls, permission apart: what was used up, and what the user did not take. */
export const USER_RULES: readonly ((input: PairInput) => Denial | null)[] = [
  refusedByGraph,
  connectedCalls,
  unansweredGuard,
];

export interface WithoutPermission {
  readonly denial: Denial;
  /** Asking the user would lift it. */
  readonly askable: boolean;
}

/** How long a "no" of a report that gives no reason is believed. Then Graph may be asked again, or refuse itself. */
export const UNEXPLAINED_NO_MS = 3_600_000;

/** Codes that concern requests alone (meta-calling.md §7.2). */
const REQUEST_CODES: ReadonlySet<number> = new Set([131047, 131048, 138009, 138017]);

/** Why the user does not allow the call; null if the user does. */
export function withoutPermission({ pair, rules, now }: PairInput): WithoutPermission | null {
  const { status, said } = permissionNow(pair, limitsOf(rules.profile), now);
  if (status === 'none') return { denial: deny('no_permission', null, reasonOf(said, pair.grant)), askable: true };
  const until = unexplainedNo(pair.live?.startCall ?? null, pair);
  if (until === null || until <= now) return null;
  const why = 'WhatsApp reports that this user cannot be called now, and does not say why.';
  return { denial: deny('no_permission', until, why), askable: false };
}

/** Until when a report's "no" holds that none of its limits explains; null if it said none. */
export function unexplainedNo(action: ReportedAction | null, { live, grant }: PairState): number | null {
  if (action === null || live === null || action.allowed || !isNewer(live, grant)) return null;
  const explained = action.limits.some(({ currentUsage, maxAllowed }) => currentUsage >= maxAllowed);
  return explained ? null : live.at + UNEXPLAINED_NO_MS;
}

/** What Graph refused until a time, if it concerns what is asked for. */
export function refusalOf({ pair, now }: PairInput, what: 'call' | 'request'): Denial | null {
  if (pair.refused === null || pair.refused.until <= now) return null;
  const { code, until } = pair.refused;
  if (REQUEST_CODES.has(code) !== (what === 'request')) return null;
  const reason = what === 'call' ? 'connected_call_limit' : 'request_limit';
  return deny(reason, until, `Graph has refused this ${what} before, and named the time until which it does.`, code);
}

/** How much of the limits of calls to this user is used. */
export function callUsage({ pair, rules, now }: PairInput): readonly Usage[] {
  const action = pair.live?.startCall ?? null;
  const reported = pair.live === null || action === null ? null : { action, at: pair.live.at };
  return usageOf(limitsOf(rules.profile).connectedCalls, pair.connectedAt, reported, now);
}

/** The warnings that go with an allowed call. */
export function warningsOf({ pair, rules }: PairInput): readonly string[] {
  if (pair.unanswered === 0 || pair.unanswered < rules.warnAfterUnanswered) return [];
  const { unansweredRevoked } = limitsOf(rules.profile);
  return [
    `${callsInARow(pair.unanswered)} not picked up by this user. WhatsApp takes the permission back after ${unansweredRevoked}.`,
  ];
}

function refusedByGraph(input: PairInput): Denial | null {
  return refusalOf(input, 'call');
}

function connectedCalls({ pair, rules, now }: PairInput): Denial | null {
  const until = freeAt(callUsage({ pair, rules, now }));
  if (until !== null && until <= now) return null;
  return deny('connected_call_limit', until, 'this user has taken as many calls of this number as WhatsApp allows.');
}

function unansweredGuard({ pair, rules }: PairInput): Denial | null {
  const stop = rules.stopAfterUnanswered;
  if (stop === null || pair.unanswered < stop) return null;
  const { unansweredRevoked } = limitsOf(rules.profile);
  return deny(
    'unanswered_guard',
    null,
    `${callsInARow(pair.unanswered)} not picked up by this user, and the number is set to stop there. WhatsApp takes the permission back after ${unansweredRevoked}. A call that is picked up, in either direction, ends the row.`,
  );
}

function callsInARow(count: number): string {
  return count === 1 ? '1 call was' : `${count} calls in a row were`;
}

function reasonOf(said: object | null, grant: Grant | null): string {
  if (said === null) return 'this user has not allowed calls of this number.';
  if (said !== grant) return 'WhatsApp reports that this user does not allow calls of this number.';
  switch (grant.source) {
    case 'declined':
      return 'this user has declined calls of this number.';
    case 'auto_revoked':
      return "WhatsApp has taken back the user's permission after too many calls that were not picked up.";
    case 'request':
    case 'callback':
    case 'profile':
    case 'graph':
      return "the user's permission for calls of this number has expired.";
    default:
      return grant.source satisfies never;
  }
}
