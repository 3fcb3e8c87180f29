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
  const parties = new Set(['from', 'from_user_id', 'to', 'to_user_id'].map((side) => property(call, side)));
  const isParty = (contact: unknown) => ['wa_id', 'user_id'].some((id) => isOneOf(property(contact, id), parties));
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

/** The phone number ids that a body speaks of, wherever a field keeps them (meta-calling.md §3.3, §3.10). */
export function mentionedNumbers(body: unknown): ReadonlySet<string> {
  const numbers = new Set<string>();
  for (const { value } of changesOf(body)) {
    for (const holder of [property(value, 'metadata'), property(value, 'phone_number_settings'), value]) {
      const id = property(holder, 'phone_number_id');
      if (typeof id === 'string' || typeof id === 'number') numbers.add(String(id));
    }
  }
  return numbers;
}

/** The numbers that a body knows only as they are displayed, in digits (meta-calling.md §3.11). */
export function displayedNumbers(body: unknown): ReadonlySet<string> {
  const numbers = new Set<string>();
  for (const { field, value } of changesOf(body)) {
    if (field !== 'account_update') continue;
    for (const holder of list.parse(value)) {
      const digits = displayedDigits(text.parse(property(holder, 'phone_number')));
      if (digits !== null) numbers.add(digits);
    }
  }
  return numbers;
}

function isOneOf(value: unknown, values: ReadonlySet<unknown>): boolean {
  return value !== undefined && values.has(value);
}

function property(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return undefined;
  return (holder as Record<string, unknown>)[name];
}
