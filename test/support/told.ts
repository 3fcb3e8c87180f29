import { DEFAULT_PROJECT_ID } from '../../src/call/index.ts';
import { PAYLOADS } from '../../src/events/payloads.ts';
import { EVENT_TYPES, type EventType, type Payload } from '../../src/events/ports.ts';
import type { Database, DatabasePlace } from '../../src/storage/index.ts';
import { rowsIn } from './databases.ts';
import { webhook } from './outbox.ts';

/** Has every event of the default project kept for somebody. */
export async function hearAll(database: Database): Promise<void> {
  const more = { id: 'c5b1', projectId: DEFAULT_PROJECT_ID, phoneNumberId: null, events: EVENT_TYPES } as const;
  await database.webhooks.put(webhook(more));
}

/** An event as a receiver gets it. */
export interface Told<Type extends EventType = EventType> {
  readonly type: Type;
  readonly key: string;
  readonly body: Payload<Type>;
}

/** What was told, in the order in which it is sent. Every body is held against its schema. */
export async function toldIn(place: DatabasePlace): Promise<readonly Told[]> {
  const rows = await rowsIn(
    place,
    `select event.type, event.ordering_key, event.body
     from webhook_deliveries as delivery join webhook_events as event on event.id = delivery.event_id
     order by delivery.place`,
  );
  return rows.map((row) => {
    const type = row['type'] as EventType;
    return { type, key: String(row['ordering_key']), body: PAYLOADS[type].parse(JSON.parse(String(row['body']))) };
  });
}

/** The names of what was told of calls alone. */
export async function toldOfCalls(place: DatabasePlace): Promise<readonly string[]> {
  const told = await toldIn(place);
  return told.filter(({ type }) => type.startsWith('whatsapp.call.')).map(({ type }) => type.slice(14));
}
