import type { WrittenMessage } from './message-word.ts';

/** Of JSON. The longest that people write, a contact card or an order, is far below it. */
const LONGEST = 100_000;
/** What is very deep can be read, but not written down again. */
const DEEPEST = 40;
/** Longer than any id of Meta's; databases cannot have much longer keys. */
const LONGEST_ID = 512;

/** A message as it is kept; null of what is not one, or has no id. Of one that is too large only its type is kept. */
export function writtenMessage(id: string | null, item: unknown): WrittenMessage | null {
  if (id === null || id.length > LONGEST_ID || !isObject(item)) return null;
  const type = typeof item['type'] === 'string' && /^[a-z_]{1,40}$/.test(item['type']) ? item['type'] : 'unknown';
  return { id, type, content: fits(item) ? item : {} };
}

/** Meta's errors, as far as they can be kept. */
export function keptErrors(errors: readonly unknown[]): readonly unknown[] {
  return errors.slice(0, 10).filter(fits);
}

function fits(value: unknown): boolean {
  return isShallow(value, DEEPEST) && JSON.stringify(value).length <= LONGEST;
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((each) => isShallow(each, levels - 1));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
