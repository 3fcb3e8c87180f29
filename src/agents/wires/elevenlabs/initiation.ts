import type { CallIdentity, ElevenLabsAgent } from '../../../call/index.ts';
import type { CallContext, TranscriptLine } from '../../agent.ts';

type Variables = Readonly<Record<string, string | number | boolean>>;

/** More of the transcript than this many characters is left out, oldest first. */
const MAX_TRANSCRIPT_CHARS = 4_000;

/**
 * The first message of a conversation. `source_info` is left out: the service has a list of sources, and we are not on it.
 */
export function initiationMessage(target: ElevenLabsAgent, context: CallContext): object {
  const { user } = context.identity;
  const userId = user.userId ?? user.waId;
  const { overrides } = target;
  return {
    type: 'conversation_initiation_client_data',
    dynamic_variables: dynamicVariables(target, context),
    ...(Object.keys(overrides).length === 0 ? {} : { conversation_config_override: overrides }),
    ...(userId === null ? {} : { user_id: userId }),
  };
}

/**
 * What a prompt may name in braces. The service ends a conversation whose prompt names a variable that is missing, so a fact
 * that is unknown is what the operator set under that name, or else empty. `caller_id`, `called_number` and `call_sid` are
 * the service's own names for calls by telephone.
 */
export function dynamicVariables(target: ElevenLabsAgent, context: CallContext): Variables {
  const { identity, previousAgent } = context;
  const { from, to } = partiesOf(identity);
  const facts: Readonly<Record<string, string | number | boolean | null>> = {
    caller_id: from,
    called_number: to,
    call_sid: identity.callId,
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
    recording: context.recording,
    reconnect_attempt: context.attempt,
    previous_agent: previousAgent?.name ?? null,
    previous_agent_failure: previousAgent?.failure ?? null,
  };
  const known = Object.entries(facts).filter((fact): fact is [string, string | number | boolean] => fact[1] !== null);
  return {
    ...Object.fromEntries(Object.keys(facts).map((name) => [name, ''])),
    ...target.dynamicVariables,
    ...target.parameters,
    ...Object.fromEntries(known),
  };
}

/** What an agent is told that comes into a call which is under way; null for one that has it from the start. */
export function handoverText({ previousAgent, attempt, transcript }: CallContext): string | null {
  if (previousAgent === null && attempt === 0) return null;
  const how =
    attempt > 0
      ? 'Your connection to this phone call was lost for a moment and is there again.'
      : 'You take over this phone call from another agent, which was lost.';
  const lines = latest(transcript).map(({ party, text }) => `${party === 'user' ? 'Caller' : 'Agent'}: ${text}`);
  return [how, ...(lines.length === 0 ? [] : ['What was said so far:', ...lines])].join('\n');
}

function latest(transcript: readonly TranscriptLine[]): TranscriptLine[] {
  const kept: TranscriptLine[] = [];
  let chars = 0;
  for (const line of transcript.toReversed()) {
    chars += line.text.length;
    if (chars > MAX_TRANSCRIPT_CHARS) break;
    kept.unshift(line);
  }
  return kept;
}

/** Phone numbers as `+` and digits, or the user id of a person without one. */
function partiesOf({ direction, user, displayPhoneNumber }: CallIdentity) {
  const person = user.waId === null ? user.userId : e164(user.waId);
  const business = displayPhoneNumber === null ? null : e164(displayPhoneNumber);
  return direction === 'inbound' ? { from: person, to: business } : { from: business, to: person };
}

/** Numbers come as digits, or as people write them. */
function e164(number: string): string {
  const digits = number.replace(/[\s().-]/g, '');
  return /^\d+$/.test(digits) ? `+${digits}` : digits;
}
