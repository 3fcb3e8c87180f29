import { moment } from './lenient.ts';
import type { CallEvent, IgnoredItem } from './ports.ts';
import { readCall } from './read-call.ts';
import { readErrors } from './read-errors.ts';
import { readStatus } from './read-status.ts';
import { nameOf, type Reading, type ReadingContext } from './reading.ts';
import { changesOf, onlyCall } from './webhook-envelope.ts';
import { callsValue } from './webhook-schema.ts';

export interface ParsedWebhook {
  /**
   * In Meta's order, which promises nothing: a terminate or REJECTED may stand before the connect of its call
   * (kapso-api.md §11). It is not sorted here, because the same happens across deliveries; the call machine and the
   * tombstones of the runtime take every order.
   */
  readonly events: readonly CallEvent[];
  readonly ignored: readonly IgnoredItem[];
  /** Whose calls it speaks of, whether or not that was understood. */
  readonly numbers: ReadonlySet<string>;
}

/**
 * Reads what a webhook says about calls. Takes the raw bytes or the parsed JSON, and never throws: whatever is unknown,
 * incomplete or of another shape is listed as ignored. `receivedAt` (Unix ms) stands in for times that are missing.
 * Numbers are not looked up; events may be of a number that is not ours.
 */
export function parseWebhook(body: unknown, receivedAt: number): ParsedWebhook {
  const events: CallEvent[] = [];
  const ignored: IgnoredItem[] = [];
  const numbers = new Set<string>();
  const take = (where: string, reading: Reading): void => {
    if ('event' in reading) events.push(reading.event);
    else ignored.push({ where, reason: reading.reason });
  };

  let changes = 0;
  for (const change of changesOf(Buffer.isBuffer(body) ? parseJson(body) : body)) {
    changes += 1;
    if (change.field !== 'calls') {
      take(`${change.where}.field`, { reason: `field ${nameOf(change.field)} is not worked off` });
      continue;
    }
    const value = callsValue.safeParse(change.value);
    if (!value.success) {
      take(`${change.where}.value`, { reason: 'not an object' });
      continue;
    }
    const { metadata, calls, statuses, contacts, errors } = value.data;
    if (metadata.phone_number_id === null) {
      take(`${change.where}.value.metadata`, { reason: 'no phone number id' });
      continue;
    }
    numbers.add(metadata.phone_number_id);
    const context: ReadingContext = {
      phoneNumberId: metadata.phone_number_id,
      displayPhoneNumber: metadata.display_phone_number,
      contacts,
      fallbackTime: moment.parse(change.entryTime) ?? receivedAt,
    };
    const shared = { errors: readErrors(errors), alone: calls.length === 1 };
    for (const [i, item] of calls.entries()) {
      const reading = readCall(item, context, shared);
      const connect = 'event' in reading && reading.event.input.type === 'meta.connect';
      const whole = connect ? { event: { ...reading.event, webhook: onlyCall(change, item) } } : reading;
      take(`${change.where}.value.calls[${i}]`, whole);
    }
    for (const [i, item] of statuses.entries()) {
      take(`${change.where}.value.statuses[${i}]`, readStatus(item, context));
    }
    if (calls.length === 0 && statuses.length === 0) {
      take(`${change.where}.value`, { reason: `no call${namedErrors(shared.errors)}` });
    }
  }
  if (changes === 0) ignored.push({ where: 'body', reason: 'no changes' });
  return { events, ignored, numbers };
}

/** An error webhook may name no call, such as 131044 for a missing payment method (meta-calling.md §3.11). */
function namedErrors(errors: readonly { code: number }[]): string {
  return errors.length === 0 ? '' : `, but errors ${errors.map(({ code }) => code).join(', ')}`;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
