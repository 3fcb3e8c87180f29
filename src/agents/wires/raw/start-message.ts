import { FRAME_MS } from '../../../audio/index.ts';
import type { RawAgent } from '../../../call/index.ts';
import type { CallContext } from '../../agent.ts';
import { callDescription } from '../../call-facts.ts';
import type { BridgeMessage } from './bridge-messages.ts';
import { PROTOCOL_VERSION } from './limits.ts';

/** The first message of every connection: what the agent is told of the call. */
export function startMessage({ sampleRate, parameters }: RawAgent, context: CallContext): BridgeMessage {
  return {
    type: 'start',
    version: PROTOCOL_VERSION,
    event: 'websocket:connected',
    'content-type': `audio/l16;rate=${sampleRate}`,
    audio: { encoding: 's16le', sample_rate: sampleRate, channels: 1, frame_ms: FRAME_MS },
    ...callDescription(parameters, context),
  };
}
