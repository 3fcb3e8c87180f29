import type { CallIdentity, TwilioAgent } from '../../../call/index.ts';
import type { CallContext, TranscriptLine } from '../../agent.ts';
import { callSidOf } from './sids.ts';

/** Who calls whom, in Twilio's spelling: `+` and digits, or the user id of a person without a number. */
export interface Parties {
  readonly from: string;
  readonly to: string;
}

/** More of the transcript than this many characters is left out, oldest first. */
const MAX_TRANSCRIPT_CHARS = 4_000;

export function partiesOf(identity: CallIdentity): Parties {
  const { user, displayPhoneNumber, phoneNumberId } = identity;
  const person = user.waId === null ? (user.userId ?? 'anonymous') : e164(user.waId);
  const business = displayPhoneNumber === null ? phoneNumberId : e164(displayPhoneNumber);
  return identity.direction === 'inbound' ? { from: person, to: business } : { from: business, to: person };
}

/**
 * What an agent is told of the call beyond Twilio's own fields: the operator's parameters, and over them the facts. Streams
 * carry it in `customParameters`, which holds nothing but strings; what is unknown is left out.
 */
export function callParameters(target: TwilioAgent, context: CallContext): Record<string, string> {
  const { identity, previousAgent } = context;
  const { from, to } = partiesOf(identity);
  const facts: Record<string, string | null> = {
    from_number: from,
    to_number: to,
    direction: identity.direction,
    call_id: identity.id,
    wacid: identity.callId,
    contact_name: identity.user.name,
    user_id: identity.user.userId,
    phone_number_id: identity.phoneNumberId,
    display_phone_number: identity.displayPhoneNumber,
    cta_payload: identity.ctaPayload,
    deeplink_payload: identity.deeplinkPayload,
    recording: String(context.recording),
    reconnect_attempt: String(context.attempt),
    previous_agent: previousAgent?.name ?? null,
    previous_agent_failure: previousAgent?.failure ?? null,
  };
  const known = Object.entries(facts).filter((fact): fact is [string, string] => fact[1] !== null);
  return { ...target.parameters, ...Object.fromEntries(known) };
}

/** What was said before this agent came, as JSON; nothing if nothing was. */
export function transcriptParameter(context: CallContext): Record<string, string> {
  const kept: TranscriptLine[] = [];
  let chars = 0;
  for (const { party, text } of context.transcript.toReversed()) {
    chars += text.length;
    if (chars > MAX_TRANSCRIPT_CHARS) break;
    kept.unshift({ party, text });
  }
  return kept.length === 0 ? {} : { transcript: JSON.stringify(kept) };
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

/** Numbers come as digits, or as people write them. */
function e164(number: string): string {
  const digits = number.replace(/[\s().-]/g, '');
  return /^\d+$/.test(digits) ? `+${digits}` : digits;
}
