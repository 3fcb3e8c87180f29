import { FRAME_MS } from '../../../audio/index.ts';
import type { RawAgent } from '../../../call/index.ts';
import type { CallContext } from '../../agent.ts';
import type { BridgeMessage } from './bridge-messages.ts';
import { PROTOCOL_VERSION } from './limits.ts';

/** The first message of every connection: what the agent is told of the call. */
export function startMessage(target: RawAgent, context: CallContext): BridgeMessage {
  const { identity, previousAgent, transcript } = context;
  const user = { phone: identity.user.waId, user_id: identity.user.userId, name: identity.user.name };
  const business = { phone: identity.displayPhoneNumber, user_id: null, name: null };
  const inbound = identity.direction === 'inbound';
  return {
    type: 'start',
    version: PROTOCOL_VERSION,
    event: 'websocket:connected',
    'content-type': `audio/l16;rate=${target.sampleRate}`,
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
    audio: { encoding: 's16le', sample_rate: target.sampleRate, channels: 1, frame_ms: FRAME_MS },
    parameters: target.parameters,
    reconnect: context.attempt,
    previous_agent: previousAgent === null ? null : { name: previousAgent.name, failure: previousAgent.failure },
    transcript: transcript.map(({ party, text }) => ({ party, text })),
  };
}
