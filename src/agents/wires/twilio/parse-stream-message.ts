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
/** Deeper than some thousands nothing can be written down again or sent to another thread. */
const MAX_APP_LEVELS = 64;

const REFUSED: StreamMessage = { kind: 'refused' };

/** Reads one text message of an agent. Takes anything, never throws. */
export function parseStreamMessage(bytes: Buffer): StreamMessage {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return REFUSED;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return REFUSED;
  switch (Reflect.get(value, 'event')) {
    case 'media':
      return readMedia(inner(value, 'media', 'payload'));
    case 'mark':
      return readMark(inner(value, 'mark', 'name'));
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

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((each) => isShallow(each, levels - 1));
}

function inner(value: object, field: string, name: string): unknown {
  const part: unknown = Reflect.get(value, field);
  return typeof part === 'object' && part !== null ? Reflect.get(part, name) : undefined;
}

/** Node passes over what is not base64, so that only the length tells. Padding may be missing. */
function decodeBase64(text: string): Uint8Array | null {
  let length = text.length;
  for (let pads = 0; pads < 2 && text[length - 1] === '='; pads += 1) length -= 1;
  const bytes = Buffer.from(text, 'base64');
  return length % 4 !== 1 && bytes.length === Math.floor((length * 3) / 4) ? bytes : null;
}
