import type { AgentFailure, CallIdentity } from '../call/index.ts';
import type { CallContext, TranscriptLine } from './agent.ts';

/** What an agent is told of the call, by the names of `start` in docs/protocol.md. */
export function callDescription(parameters: Readonly<Record<string, string>>, context: CallContext) {
  const { identity, recording, attempt, previousAgent, transcript } = context;
  const { user, displayPhoneNumber } = identity;
  const person = { phone: user.waId, user_id: user.userId, name: user.name };
  const business = { phone: displayPhoneNumber, user_id: null, name: null };
  return {
    call: {
      id: identity.id,
      call_id: identity.callId,
      direction: identity.direction,
      ...fromTo(identity, person, business),
      phone_number_id: identity.phoneNumberId,
      display_phone_number: displayPhoneNumber,
      started_at: new Date(identity.startedAt).toISOString(),
      cta_payload: identity.ctaPayload,
      deeplink_payload: identity.deeplinkPayload,
      recording,
    },
    parameters,
    reconnect: attempt,
    previous_agent: previousAgent === null ? null : { name: previousAgent.name, failure: previousAgent.failure },
    transcript: transcript.map(({ party, text }) => ({ party, text })),
  };
}

export type Fact = string | number | boolean;

/** The same without structure, for agents that know nothing but names with values; what is unknown is null. */
export function callFacts({ identity, recording, attempt, previousAgent }: CallContext) {
  const { user } = identity;
  const { from, to } = fromTo(identity, personOf(identity), businessNumberOf(identity));
  return {
    from_number: from,
    to_number: to,
    direction: identity.direction,
    call_id: identity.id,
    wacid: identity.callId,
    contact_name: user.name,
    user_id: user.userId,
    phone_number_id: identity.phoneNumberId,
    display_phone_number: identity.displayPhoneNumber,
    cta_payload: identity.ctaPayload,
    deeplink_payload: identity.deeplinkPayload,
    recording,
    reconnect_attempt: attempt,
    previous_agent: previousAgent?.name ?? null,
    previous_agent_failure: previousAgent?.failure ?? null,
  } satisfies Readonly<Record<string, Fact | null>>;
}

/** Those of the facts that are known. */
export function known<T extends Fact>(facts: Readonly<Record<string, T | null>>): Record<string, T> {
  return Object.fromEntries(Object.entries(facts).filter((fact): fact is [string, T] => fact[1] !== null));
}

/** Who calls and who is called. */
export function fromTo<T>({ direction }: CallIdentity, person: T, business: T): { readonly from: T; readonly to: T } {
  return direction === 'inbound' ? { from: person, to: business } : { from: business, to: person };
}

/** The person's phone number as `+` and digits, or the user id of a person without one; null if both are unknown. */
export function personOf({ user }: CallIdentity): string | null {
  return user.waId === null ? user.userId : e164(user.waId);
}

/** The business's phone number as `+` and digits; null if it is unknown. */
export function businessNumberOf({ displayPhoneNumber }: CallIdentity): string | null {
  return displayPhoneNumber === null ? null : e164(displayPhoneNumber);
}

/** What happens in mid-call only: the person has heard an agent already. */
const IN_MID_CALL: ReadonlySet<AgentFailure | 'transferred'> = new Set(['socket_lost', 'stalled', 'transferred']);

/** Whether the agent comes into a conversation that has begun, rather than to its beginning. */
export function carriesOn({ attempt, previousAgent, transcript }: CallContext): boolean {
  if (attempt > 0) return true;
  return previousAgent !== null && (transcript.length > 0 || IN_MID_CALL.has(previousAgent.failure));
}

/** The newest lines that have no more than `maxChars` characters of text together, oldest first. */
export function latestLines(transcript: readonly TranscriptLine[], maxChars: number): readonly TranscriptLine[] {
  let room = maxChars;
  const tooMuch = transcript.findLastIndex(({ text }) => {
    room -= text.length;
    return room < 0;
  });
  return transcript.slice(tooMuch + 1);
}

/** Numbers come as digits, or as people write them. */
function e164(number: string): string {
  const digits = number.replace(/[\s().-]/g, '');
  return /^\d+$/.test(digits) ? `+${digits}` : digits;
}
