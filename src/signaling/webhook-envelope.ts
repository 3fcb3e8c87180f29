/** One change of one entry of Meta's envelope (meta-calling.md §3). */
export interface WebhookChange {
  /** Path inside the body. */
  readonly where: string;
  readonly field: unknown;
  readonly value: unknown;
  /** `time` of its entry, as it came. */
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
        entryTime: property(entry, 'time'),
      };
    }
  }
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

function property(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, name)) return undefined;
  return (holder as Record<string, unknown>)[name];
}
