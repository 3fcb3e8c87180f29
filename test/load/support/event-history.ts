import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { DatabasePlace } from '../../../src/storage/index.ts';
import { NUMBER_ID, PROJECT_ID } from '../../support/outbox-at.ts';

/** Of the history, one in so many failed, and one in so many still waits for its next attempt. */
const FAILED = 997;
const WAITING = 499;

/** Fills a database that has its tables with deliveries of the last 30 days, each of an event of its own. */
export async function writeEventHistory(place: DatabasePlace, webhookId: string, rows: number): Promise<void> {
  const isSqlite = 'path' in place;
  const series = isSqlite
    ? `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows})`
    : `with n(i) as (select generate_series(cast(1 as bigint), ${rows}))`;
  const hex = isSqlite ? `printf('%012x', i)` : `lpad(to_hex(i), 12, '0')`;
  const now = Date.now();
  const at = `${now} - 60000 - cast((${rows} - i) * ${(30 * 86_400_000) / rows} as bigint)`;
  const events = `insert into webhook_events (id, project_id, phone_number_id, type, ordering_key, idempotency_key, at, body)
    ${series} select 'e' || ${hex}, '${PROJECT_ID}', '${NUMBER_ID}', 'whatsapp.call.ended', 'c' || (i / 5), 'k' || i, ${at},
    '{"call":{"id":"' || i || '"}}' from n`;
  const status = `case when i % ${FAILED} = 0 then 'failed' when i % ${WAITING} = 0 then 'pending' else 'delivered' end`;
  const waits = `i % ${WAITING} = 0 and i % ${FAILED} <> 0`;
  const deliveries = `insert into webhook_deliveries (id, webhook_id, event_id, project_id, phone_number_id, type, ordering_key,
      idempotency_key, place, status, next_attempt_at, attempts, tries, had_error, response_status, created_at, finished_at)
    ${series} select 'd' || ${hex}, '${webhookId}', 'e' || ${hex}, '${PROJECT_ID}', '${NUMBER_ID}', 'whatsapp.call.ended',
    'c' || i, 'k' || i, i, ${status}, case when ${waits} then ${now + 3_600_000} end, 1, 1,
    case when i % ${FAILED} = 0 or i % ${WAITING} = 0 then 1 else 0 end, 200, ${at}, case when ${waits} then null else ${at} end from n`;
  if (isSqlite) {
    const file = new DatabaseSync(place.path);
    for (const sql of [events, deliveries, 'analyze']) file.exec(sql);
    file.close();
    return;
  }
  const client = new Client({ connectionString: place.url });
  await client.connect();
  try {
    for (const sql of [events, deliveries, 'analyze webhook_events', 'analyze webhook_deliveries'])
      await client.query(sql);
  } finally {
    await client.end();
  }
}
