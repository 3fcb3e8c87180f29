import { isShallow, objectOf, parseObject } from '../../json.ts';

/** What an agent said. `app` is whatever Twilio has no word for: Pipecat bots send messages of their own this way. */
export type StreamMessage =
  | { readonly kind: 'media'; readonly ulaw: Uint8Array }
  | { readonly kind: 'mark'; readonly name: string }
  | { readonly kind: 'clear' }
  | { readonly kind: 'app'; readonly data: object }
  | { readonly kind: 'refused' };

const MAX_MARK_CHARS = 512;
/** Of a message that is not sound, bytes. */
const MAX_APP_BYTES = 64 * 1024;
const MAX_APP_LEVELS = 64;

const REFUSED: StreamMessage = { kind: 'refused' };

/** Reads one text message of an agent. Takes anything, never throws. */
export function parseStreamMessage(bytes: Buffer): StreamMessage {
  const value = parseObject(bytes);
  if (value === null) return REFUSED;
  switch (value['event']) {
    case 'media':
      return readMedia(objectOf(value['media'])['payload']);
    case 'mark':
      return readMark(objectOf(value['mark'])['name']);
    case 'clear':
      return { kind: 'clear' };
    default:
      return bytes.length > MAX_APP_BYTES || !isShallow(value, MAX_APP_LEVELS) ? REFUSED : { kind: 'app', data: value };
  }
}

function readMedia(payload: unknown): StreamMessage {
  const ulaw = typeof payload === 'string' ? decodeBase64(payload) : null;
  return ulaw === null ? REFUSED : { kind: 'media', ulaw };
}

function readMark(name: unknown): StreamMessage {
  if (typeof name !== 'string' || name === '' || name.length > MAX_MARK_CHARS) return REFUSED;
  return { kind: 'mark', name };
}

/** Node passes over what is not base64, so that only the length tells. Padding may be missing. */
function decodeBase64(text: string): Uint8Array | null {
  let length = text.length;
  for (let pads = 0; pads < 2 && text[length - 1] === '='; pads += 1) length -= 1;
  const bytes = Buffer.from(text, 'base64');
  return length % 4 !== 1 && bytes.length === Math.floor((length * 3) / 4) ? bytes : null;
}
