import type { CallIdentity, TwilioAgent } from '../../../call/index.ts';
import type { CallContext } from '../../agent.ts';
import { businessNumberOf, callFacts, fromTo, known, latestLines, personOf } from '../../call-facts.ts';
import { callSidOf } from './sids.ts';

/** Who calls whom, in Twilio's spelling: `+` and digits, or the user id of a person without a number. */
export interface Parties {
  readonly from: string;
  readonly to: string;
}

/** What of the conversation so far is told at most, characters. */
const MAX_TRANSCRIPT = 4_000;

export function partiesOf(identity: CallIdentity): Parties {
  const business = businessNumberOf(identity) ?? identity.phoneNumberId;
  return fromTo(identity, personOf(identity) ?? 'anonymous', business);
}

/**
 * What an agent is told of the call beyond Twilio's own fields: the operator's parameters, and over them the facts. Streams
 * carry it in `customParameters`, which holds nothing but strings; what is unknown is left out.
 */
export function callParameters(target: TwilioAgent, context: CallContext): Record<string, string> {
  const { from, to } = partiesOf(context.identity);
  const facts = Object.entries(known({ ...callFacts(context), from_number: from, to_number: to }));
  return { ...target.parameters, ...Object.fromEntries(facts.map(([name, fact]) => [name, String(fact)])) };
}

/** What was said before this agent came, as JSON; nothing if nothing was. */
export function transcriptParameter({ transcript }: CallContext): Record<string, string> {
  const lines = latestLines(transcript, MAX_TRANSCRIPT).map(({ party, text }) => ({ party, text }));
  return lines.length === 0 ? {} : { transcript: JSON.stringify(lines) };
}

/** The form that Twilio posts to a voice URL. */
export function webhookForm(target: TwilioAgent, context: CallContext, answered: boolean): Record<string, string> {
  const { from, to } = partiesOf(context.identity);
  const { name } = context.identity.user;
  return {
    ...callParameters(target, context),
    CallSid: callSidOf(context.identity.id),
    AccountSid: target.accountSid,
    From: from,
    To: to,
    Caller: from,
    Called: to,
    Direction: context.identity.direction === 'inbound' ? 'inbound' : 'outbound-api',
    CallStatus: answered ? 'in-progress' : 'ringing',
    ApiVersion: '2010-04-01',
    ...(name === null ? {} : { CallerName: name }),
  };
}
