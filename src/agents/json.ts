export type JsonObject = Readonly<Record<string, unknown>>;

/** Reads JSON that came from outside (bytes: UTF-8); undefined if it is none. Never throws. */
export function parseJson(text: string | Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
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
