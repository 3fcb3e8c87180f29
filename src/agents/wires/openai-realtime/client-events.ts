import { samplesPerFrame } from '../../../audio/index.ts';
import type { WantedResponse } from './response-turns.ts';
import { RATE } from './session-config.ts';
import type { Truncation } from './spoken-items.ts';

/** What we say, as the text of one event each. */

const APPEND = '{"type":"input_audio_buffer.append","audio":"';
const APPEND_END = '"}';
/** Bytes of a masked websocket header on a frame of 126 to 65,535 bytes. */
const HEADER_BYTES = 8;

/** What 20 ms of sound take on the wire: base64 makes 4 bytes of 3. */
export const BYTES_PER_FRAME =
  Math.ceil((samplesPerFrame(RATE) * 2) / 3) * 4 + APPEND.length + APPEND_END.length + HEADER_BYTES;

/** Put together by hand: it is said 50 times a second on every call. */
export function appendAudio(pcm: Int16Array): string {
  const bytes = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  return `${APPEND}${bytes.toString('base64')}${APPEND_END}`;
}

export function updateSession(session: object): string {
  return JSON.stringify({ type: 'session.update', event_id: 'talkwire-session', session });
}

export function textItem(role: 'system' | 'user' | 'assistant', text: string): string {
  const content = [{ type: role === 'assistant' ? 'output_text' : 'input_text', text }];
  return JSON.stringify({ type: 'conversation.item.create', item: { type: 'message', role, content } });
}

export function toolOutput(callId: string, output: string): string {
  return JSON.stringify({
    type: 'conversation.item.create',
    item: { type: 'function_call_output', call_id: callId, output },
  });
}

export function createResponse({ instructions }: WantedResponse, eventId: string): string {
  const response = instructions === null ? {} : { response: { instructions } };
  return JSON.stringify({ type: 'response.create', event_id: eventId, ...response });
}

export function cancelResponse(): string {
  return JSON.stringify({ type: 'response.cancel' });
}

export function truncateItem({ itemId, contentIndex, audioEndMs }: Truncation): string {
  return JSON.stringify({
    type: 'conversation.item.truncate',
    item_id: itemId,
    content_index: contentIndex,
    audio_end_ms: audioEndMs,
  });
}
