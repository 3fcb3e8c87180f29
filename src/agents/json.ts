export type JsonObject = Readonly<Record<string, unknown>>;

/** Up to this length JSON is read whatever it holds. Sound in base64 is longer, but it is one plain string. */
const SHORT = 64 * 1024;
/** Brackets, commas and colons of a longer one; millions of them would hold up the sound of every call. */
const MAX_MARKS = 10_000;

/** Reads JSON that came from outside (bytes: UTF-8); undefined if it is none, or too much of it. Never throws. */
export function parseJson(text: string | Buffer): unknown {
  if (text.length > SHORT && !isPlain(typeof text === 'string' ? Buffer.from(text) : text)) return undefined;
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}

function isPlain(bytes: Buffer): boolean {
  let marks = 0;
  for (const byte of bytes) {
    // [ and { open, comma and colon divide: JSON that is slow to read is full of them.
    if (byte === 0x5b || byte === 0x7b || byte === 0x2c || byte === 0x3a) marks += 1;
    if (marks > MAX_MARKS) return false;
  }
  return true;
}

/** Null if it is no JSON, or not of an object. */
export function parseObject(text: string | Buffer): JsonObject | null {
  const value = parseJson(text);
  return isObject(value) ? value : null;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One without fields in place of what is no object. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/**
 * Whether objects and arrays are nested no more than `levels` deep. What is some thousands deep can be read, but neither
 * written down again nor sent to another thread. Goes without recursion: the depth is what is in question.
 */
export function isShallow(value: object, levels: number): boolean {
  let level: object[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === levels) return false;
    level = level.flatMap((each) => Object.values(each).filter((inner) => typeof inner === 'object' && inner !== null));
  }
  return true;
}
