import { countryOf } from './country.ts';
import { deny } from './deny.ts';
import { limitsOf, mayCallFrom } from './limits.ts';
import type { DecisionInput, Denial } from './ports.ts';

/** A rule: why not, or null. */
export type Rule = (input: DecisionInput) => Denial | null;

/** Rules of the number for calls and requests alike: whether it may start anything at all. */
export const NUMBER_RULES: readonly Rule[] = [off, paused, country];

/** Rules of the number for calls: whether a line is free, at this moment and with this user. */
export const LINE_RULES: readonly Rule[] = [dialRate, concurrentCalls, oneCallPerUser];

function off({ number }: DecisionInput): Denial | null {
  if (number.callingOff === null) return null;
  return deny('calling_disabled', null, 'calling is switched off in the WhatsApp settings of this number.');
}

function paused({ number, now }: DecisionInput): Denial | null {
  if (number.paused === null) return null;
  const { code, until } = number.paused;
  if (until !== null && until <= now) return null;
  return deny('number_paused', until, 'WhatsApp has paused calls and permission requests of this number.', code);
}

function country({ number }: DecisionInput): Denial | null {
  if (number.displayPhoneNumber === null || mayCallFrom(countryOf(number.displayPhoneNumber))) return null;
  return deny('country_not_supported', null, 'numbers of this country may not start WhatsApp calls.');
}

function dialRate({ number, rules, now }: DecisionInput): Denial | null {
  const { max, periodMs } = limitsOf(rules.profile).dials;
  const leaves = number.oldestDialAt === null ? now + periodMs : number.oldestDialAt + periodMs;
  const dials = leaves <= now ? number.dials24h - 1 : number.dials24h;
  if (dials < max) return null;
  // Of those behind the oldest nothing is known but that they leave within the period.
  const until = leaves <= now ? now + periodMs : leaves;
  return deny('dial_rate', until, `this number has started ${max} calls within 24 hours, which is WhatsApp's limit.`);
}

function concurrentCalls({ number, rules }: DecisionInput): Denial | null {
  const max = limitsOf(rules.profile).concurrentCalls;
  if (number.liveCalls < max) return null;
  return deny('too_many_calls', null, `this number has ${max} calls at this moment, which is WhatsApp's limit.`);
}

function oneCallPerUser({ pair }: DecisionInput): Denial | null {
  if (pair.liveCall === null) return null;
  return deny('call_ongoing', null, 'a call of this number with this user is going on or being placed.');
}
