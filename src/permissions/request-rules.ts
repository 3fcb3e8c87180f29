import { deny } from './deny.ts';
import { limitsOf } from './limits.ts';
import { isOvertaken, permissionNow } from './permission-now.ts';
import type { Decision, DecisionInput, Denial, LiveReport, PairState } from './ports.ts';
import { freeAt, type Usage, usageOf } from './usage.ts';
import { type PairInput, refusalOf, unexplainedNo } from './user-rules.ts';

/** Whether the user may be asked for permission now, and by what. */
export function decideRequest(input: DecisionInput): Decision {
  const denial = requestDenial(input);
  if (denial !== null) return denial;
  const { pair, rules, ownTemplate, now } = input;
  if (pair.windowUntil !== null && now < pair.windowUntil) return { type: 'ask', by: 'free_form' };
  if (!ownTemplate && rules.requestTemplate === null) {
    const why = 'the user has not written or called within 24 hours, and the number has no template for requests.';
    return deny('window_closed', null, why);
  }
  return messagingTier(input) ?? { type: 'ask', by: 'template' };
}

/** Why the user may not be asked now, whatever by; null if the user may. */
export function requestDenial(input: PairInput): Denial | null {
  return permanent(input) ?? refusalOf(input, 'request') ?? pending(input) ?? requestLimits(input);
}

/** How much of the limits of requests to this user is used. */
export function requestUsage({ pair, rules, now }: PairInput): readonly Usage[] {
  const report = currentReport(pair);
  const reported =
    report === null || report.sendRequest === null ? null : { action: report.sendRequest, at: report.at };
  return usageOf(limitsOf(rules.profile).requests, pair.requestedAt, reported, now);
}

function permanent({ pair, rules, now }: PairInput): Denial | null {
  if (permissionNow(pair, limitsOf(rules.profile), now).status !== 'permanent') return null;
  return deny('permission_exists', null, 'this user has allowed calls of this number for good.');
}

/** One at a time: while the answer to the last one can come, and a dial of this number would still wait for it. */
function pending({ pair, rules, now }: PairInput): Denial | null {
  if (pair.pendingRequest === null) return null;
  const until = pair.pendingRequest.at + Math.min(limitsOf(rules.profile).requestLifeMs, rules.permissionDeadlineMs);
  return until <= now
    ? null
    : deny('request_pending', until, 'this user was asked for permission and has not answered.');
}

function requestLimits({ pair, rules, now }: PairInput): Denial | null {
  const counted = freeAt(requestUsage({ pair, rules, now }));
  const unexplained = unexplainedNo(currentReport(pair)?.sendRequest ?? null, pair);
  const until = counted === null ? null : Math.max(counted, unexplained ?? counted);
  if (until !== null && until <= now) return null;
  return deny('request_limit', until, 'this user was asked for permission as often as WhatsApp allows.');
}

/** A call that was picked up since has made what was reported of requests void. */
function currentReport({ live, lastConnectedAt }: PairState): LiveReport | null {
  return live !== null && isOvertaken(live, lastConnectedAt) ? null : live;
}

function messagingTier({ number, rules }: DecisionInput): Denial | null {
  if (rules.messagingTier === null || number.templateUsers24h < rules.messagingTier) return null;
  const why = `${rules.messagingTier} users got a template of this number within 24 hours, which is its messaging tier.`;
  return deny('messaging_tier', null, why);
}
