import { isContactOf, property, type WebhookChange } from '../webhook-envelope.ts';

/** A change, or what of it is about one call. */
export interface ChangePart {
  /** Meta's id; null for what is no call's. */
  readonly callId: string | null;
  readonly value: unknown;
  /** It is the whole change, as it came. */
  readonly isWhole: boolean;
}

/** Meta puts at most 1,000 updates into one webhook (meta-calling.md §3). */
export const MAX_PARTS = 1_000;

/** Splits a change of field `calls` by its calls; any other is about no call, or about none alone. */
export function splitByCall({ field, value }: WebhookChange): readonly ChangePart[] {
  const items = field === 'calls' ? itemsOf(value) : [];
  const ids = [...new Set(items.map(callIdOf))];
  const [only = null] = ids;
  if (ids.length <= 1) return [{ callId: only, value, isWhole: true }];
  if (ids.length > MAX_PARTS) return [whole(value)];
  const contacts = property(value, 'contacts');
  const strangers = Array.isArray(contacts) ? contacts.filter((contact) => !isContactOf(contact, items)) : [];
  const blamed = ids.filter((id) => items.some((item) => callIdOf(item) === id && isBlamed(item)));
  return ids.map((callId, index) => {
    const isOwn = (item: unknown) => callIdOf(item) === callId;
    const own = items.filter(isOwn);
    // What belongs to no call goes with the first, and errors with those that have failed (meta-calling.md §3.6).
    const isTheirs = (contact: unknown) => isContactOf(contact, own) || (index === 0 && strangers.includes(contact));
    const hasErrors = blamed.length > 0 ? blamed.includes(callId) : index === 0;
    const kept = Object.entries(value as Record<string, unknown>).flatMap(([key, given]) => {
      if (key === 'errors') return hasErrors ? [[key, given]] : [];
      if (key === 'contacts') return Array.isArray(given) ? [[key, given.filter(isTheirs)]] : [[key, given]];
      if (key !== 'calls' && key !== 'statuses') return [[key, given]];
      const mine = listed(given).filter(isOwn);
      return mine.length === 0 ? [] : [[key, Array.isArray(given) ? mine : given]];
    });
    return { callId, value: Object.fromEntries(kept), isWhole: false };
  });
}

/** The change as it is, as if it were about no call. */
export function whole(value: unknown): ChangePart {
  return { callId: null, value, isWhole: true };
}

function itemsOf(value: unknown): readonly unknown[] {
  return [...listed(property(value, 'calls')), ...listed(property(value, 'statuses'))];
}

/** A list, or one object in the place of a list. */
function listed(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined ? [] : [value];
}

function callIdOf(item: unknown): string | null {
  const id = property(item, 'id');
  if (typeof id === 'number') return String(id);
  return typeof id === 'string' && id.trim() !== '' ? id : null;
}

function isBlamed(item: unknown): boolean {
  const status = property(item, 'status');
  const isFailed = typeof status === 'string' && status.toUpperCase() === 'FAILED';
  return isFailed && listed(property(item, 'errors')).length === 0;
}
