import { type Findings, noteDisplay } from './findings.ts';
import { readArtifact } from './read-artifact.ts';
import { readCall } from './read-call.ts';
import { readErrors } from './read-errors.ts';
import { readStatus } from './read-status.ts';
import type { Reading, ReadingContext } from './reading.ts';
import { onlyCall, type WebhookChange } from './webhook-envelope.ts';
import { callsValue } from './webhook-schema.ts';

/** Reads one change of field `calls`: connects, terminates, statuses, and files of calls. `fallbackTime` is in Unix milliseconds. */
export function readCallsChange(change: WebhookChange, fallbackTime: number, found: Findings): void {
  const take = (place: string, reading: Reading): void => {
    if ('event' in reading) found.events.push(reading.event);
    else found.ignored.push({ where: `${change.where}.value${place}`, reason: reading.reason });
  };
  const value = callsValue.safeParse(change.value);
  if (!value.success) return take('', { reason: 'not an object' });
  const { metadata, calls, statuses, contacts, errors } = value.data;
  if (metadata.phone_number_id === null) return take('.metadata', { reason: 'no phone number id' });

  found.numbers.add(metadata.phone_number_id);
  noteDisplay(found, metadata);
  const context: ReadingContext = {
    phoneNumberId: metadata.phone_number_id,
    displayPhoneNumber: metadata.display_phone_number,
    contacts,
    alone: calls.length + statuses.length === 1,
    fallbackTime,
  };
  const shared = { errors: readErrors(errors), alone: calls.length === 1 };
  for (const [i, item] of calls.entries()) {
    const artifact = readArtifact(item, context);
    if (artifact !== null) {
      if ('event' in artifact) found.artifacts.push(artifact.event);
      else take(`.calls[${i}]`, artifact);
      continue;
    }
    const reading = readCall(item, context, shared);
    const connect = 'event' in reading && reading.event.input.type === 'meta.connect';
    take(`.calls[${i}]`, connect ? { event: { ...reading.event, webhook: onlyCall(change, item) } } : reading);
  }
  for (const [i, item] of statuses.entries()) take(`.statuses[${i}]`, readStatus(item, context));
  if (calls.length === 0 && statuses.length === 0) take('', { reason: `no call${namedErrors(shared.errors)}` });
}

/** An error webhook may name no call, such as 131044 for a missing payment method (meta-calling.md §3.11). */
function namedErrors(errors: readonly { code: number }[]): string {
  return errors.length === 0 ? '' : `, but errors ${errors.map(({ code }) => code).join(', ')}`;
}
