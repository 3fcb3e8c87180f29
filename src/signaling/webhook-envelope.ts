import { list, text } from './lenient.ts';
import { displayedDigits } from './read-user.ts';

/** One change of one entry of Meta's envelope (meta-calling.md §3). */
export interface WebhookChange {
  /** Path inside the body. */
  readonly where: string;
  readonly field: unknown;
  readonly value: unknown;
  /** `id` and `time` of its entry, as they came. */
  readonly entryId: unknown;
  readonly entryTime: unknown;
}

/** All changes of a parsed body, in Meta's order. Anything that is not of the envelope's shape yields nothing. */
export function* changesOf(body: unknown): Generator<WebhookChange> {
  const entries = property(body, 'entry');
  if (!Array.isArray(entries)) return;
  for (const [e, entry] of entries.entries()) {
    const changes = property(entry, 'changes');
    if (!Array.isArray(changes)) continue;
    for (const [c, change] of changes.entries()) {
      yield {
        where: `entry[${e}].changes[${c}]`,
        field: property(change, 'field'),
        value: property(change, 'value'),
        entryId: property(entry, 'id'),
        entryTime: property(entry, 'time'),
      };
    }
  }
}

/**
 * Meta's body again, with one call in it and nothing of other calls: what a runtime is given that answers the call itself.
 * The rest of the change is as it came.
 */
export function onlyCall({ field, value, entryId, entryTime }: WebhookChange, call: unknown): unknown {
  const { statuses: _, contacts, ...rest } = value as Record<string, unknown>;
  const isParty = (contact: unknown) => isContactOf(contact, [call]);
  const entry = {
    ...(entryId !== undefined && { id: entryId }),
    ...(entryTime !== undefined && { time: entryTime }),
    changes: [
      {
        field,
        value: { ...rest, ...(Array.isArray(contacts) && { contacts: contacts.filter(isParty) }), calls: [call] },
      },
    ],
  };
  return { object: 'whatsapp_business_account', entry: [entry] };
}

/** Where calls and statuses name people. */
const SIDES = ['from', 'from_user_id', 'to', 'to_user_id', 'recipient_id', 'recipient_user_id'];

/** Whether an item of `contacts` is a party of one of these calls or statuses. */
export function isContactOf(contact: unknown, items: readonly unknown[]): boolean {
  return ['wa_id', 'user_id'].some((id) => {
    const name = property(contact, id);
    return name !== undefined && items.some((item) => SIDES.some((side) => property(item, side) === name));
  });
}

/** The phone number ids that a body speaks of, wherever a field keeps them (meta-calling.md §3.3, §3.10). */
export function mentionedNumbers(body: unknown): ReadonlySet<string> {
  const numbers = new Set<string>();
  for (const { value } of changesOf(body)) {
    for (const id of numbersIn(value)) numbers.add(id);
  }
  return numbers;
}

/** The phone number ids that the value of a change names. */
export function numbersIn(value: unknown): readonly string[] {
  const holders = [property(value, 'metadata'), property(value, 'phone_number_settings'), value];
  return holders.flatMap((holder) => {
    const id = property(holder, 'phone_number_id');
    return typeof id === 'string' || typeof id === 'number' ? [String(id)] : [];
  });
}

/** How the number is displayed that the value of an `account_update` is about, in digits; null if it does not say. */
export function displayOf(value: unknown): string | null {
  return displayedDigits(text.parse(property(value, 'phone_number')));
}

/** The numbers that a body knows only as they are displayed, in digits (meta-calling.md §3.11). */
export function displayedNumbers(body: unknown): ReadonlySet<string> {
  const numbers = new Set<string>();
  for (const { field, value } of changesOf(body)) {
    if (field !== 'account_update') continue;
    for (const holder of list.parse(value)) {
      const digits = displayOf(holder);
      if (digits !== null) numbers.add(digits);
    }
  }
  return numbers;
}

/** What stands there by itself, and is not inherited. */
export function property(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return undefined;
  return (holder as Record<string, unknown>)[name];
}
