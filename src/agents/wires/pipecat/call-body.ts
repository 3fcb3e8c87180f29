import type { PipecatAgent } from '../../../call/index.ts';
import type { CallContext } from '../../agent.ts';

/** What a bot is told of the call: as `body` when it is started, and in a client message `call` on every connection. */
export type CallBody = Readonly<Record<string, unknown>>;

/** Longest `?body=` that Pipecat Cloud takes, base64 characters (agent-protocols.md §1.7). */
const MAX_QUERY_BODY = 4_096;

/** The names are those of `start` of the raw wire (docs/protocol.md). */
export function callBody(target: PipecatAgent, context: CallContext): CallBody {
  const { identity, previousAgent, transcript } = context;
  const user = { phone: identity.user.waId, user_id: identity.user.userId, name: identity.user.name };
  const business = { phone: identity.displayPhoneNumber, user_id: null, name: null };
  const inbound = identity.direction === 'inbound';
  return {
    call: {
      id: identity.id,
      call_id: identity.callId,
      direction: identity.direction,
      from: inbound ? user : business,
      to: inbound ? business : user,
      phone_number_id: identity.phoneNumberId,
      display_phone_number: identity.displayPhoneNumber,
      started_at: new Date(identity.startedAt).toISOString(),
      cta_payload: identity.ctaPayload,
      deeplink_payload: identity.deeplinkPayload,
      recording: context.recording,
    },
    parameters: target.parameters,
    reconnect: context.attempt,
    previous_agent: previousAgent === null ? null : { name: previousAgent.name, failure: previousAgent.failure },
    transcript: transcript.map(({ party, text }) => ({ party, text })),
  };
}

/**
 * The body as a query parameter: base64 of JSON, without as many of the oldest lines of the transcript as it takes to fit;
 * null if it is too long even so.
 */
export function queryBody(body: CallBody, context: CallContext): string | null {
  for (let left = context.transcript.length; left >= 0; left -= 1) {
    const transcript = context.transcript.slice(context.transcript.length - left);
    const text = Buffer.from(JSON.stringify({ ...body, transcript })).toString('base64');
    if (text.length <= MAX_QUERY_BODY) return text;
  }
  return null;
}
