import { LINE_RULES, NUMBER_RULES, type Rule } from './number-rules.ts';
import type { Decision, DecisionInput, Denial } from './ports.ts';
import { decideRequest } from './request-rules.ts';
import { USER_RULES, warningsOf, withoutPermission } from './user-rules.ts';

/**
 * Decides whether a user may be called, is asked first, or neither. Pure: the same input always gives the same decision.
 *
 * The first rule that refuses is the one that answers, and they are in this order:
 * 1. The number may start nothing: calling is off, paused, or it is of a country whose numbers may not. Nothing else matters then.
 * 2. No line is free: calls in 24 hours, calls at once, a call with this user. It comes before the user's permission, so
 *    that nobody is asked for a call that could not follow the "yes".
 * 3. The user's permission: the newest word of webhooks and reports, and the clock.
 * 4. What Graph refused until a time, then calls that this user took in 24 hours.
 * 5. Our own guard, which stops before WhatsApp takes the permission back. It is last because it alone is no rule of Meta's.
 *
 * Where the user would be asked for the call (`call_or_ask` without permission), 4 and 5 come before the asking, for the
 * same reason as 2. A request alone (`ask`) is held against 1 and the rules of requests: permanent permission, refusals of
 * Graph, the request that is not answered yet, requests in a day and a week, the window or a template, the messaging tier.
 *
 * `until` of a denial is the first moment at which the rule that refuses would not, if nothing happens meanwhile.
 */
export function decide(input: DecisionInput): Decision {
  const number = first(NUMBER_RULES, input);
  if (number !== null) return number;
  if (input.wish === 'ask') return decideRequest(input);
  const line = first(LINE_RULES, input);
  if (line !== null) return line;
  const without = withoutPermission(input);
  const asks = without?.askable === true && input.wish === 'call_or_ask';
  if (without !== null && !asks) return without.denial;
  return first(USER_RULES, input) ?? (asks ? decideRequest(input) : { type: 'allow', warnings: warningsOf(input) });
}

function first(rules: readonly Rule[], input: DecisionInput): Denial | null {
  for (const rule of rules) {
    const denial = rule(input);
    if (denial !== null) return denial;
  }
  return null;
}
