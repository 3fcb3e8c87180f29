import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import type { DatabasePlace } from '../../../src/storage/index.ts';
import { addNumber, addProject } from '../../support/api-server.ts';
import { T0 } from '../../support/call.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES, rowsIn } from '../../support/databases.ts';
import { webhook } from '../../support/outbox.ts';

const OURS = '111';

async function forwarding(place: DatabasePlace) {
  const database = await openTestDatabase(place);
  await addNumber(database, OURS);
  await addNumber(database, '222');
  const meta = { kind: 'meta', projectId: DEFAULT_PROJECT_ID, phoneNumberId: OURS, events: [] } as const;
  await database.webhooks.put(webhook(meta));
  return database;
}

const queued = (place: DatabasePlace) =>
  rowsIn(place, 'select type, ordering_key, idempotency_key, phone_number_id from webhook_deliveries order by place');

describe.each(DATABASES)("Meta's webhooks for a webhook of the kind meta ($name)", ({ fresh }) => {
  it('wait for it in the order of their call, or of their number, once each', async () => {
    const place = await fresh();
    const { forwarder } = await forwarding(place);
    const parts = [
      { phoneNumberId: OURS, callId: 'wacid.A', body: '{"a":1}' },
      { phoneNumberId: OURS, callId: null, body: '{"b":"Grüße"}' },
    ];
    await forwarder.forward(parts, T0);
    await forwarder.forward(parts.toReversed(), T0 + 5);
    const keyOf = (body: string) => createHash('sha256').update(body).digest('hex');
    expect(await queued(place)).toEqual([
      { type: 'meta', phone_number_id: OURS, ordering_key: 'wacid.A', idempotency_key: keyOf('{"a":1}') },
      { type: 'meta', phone_number_id: OURS, ordering_key: OURS, idempotency_key: keyOf('{"b":"Grüße"}') },
    ]);
  });

  it('are wanted by its number alone', async () => {
    const database = await forwarding(await fresh());
    const { forwarder, numbers } = database;
    expect([OURS, '222', '333'].map((id) => forwarder.wants(id))).toEqual([true, false, false]);
    // Another project has the number from now on: what it is sent is nothing for the project before.
    const { id: projectId } = await addProject(database);
    const settings = numbers.list().find(({ phoneNumberId }) => phoneNumberId === OURS)!;
    await numbers.upsert({ ...settings, projectId }, T0);
    expect(forwarder.wants(OURS)).toBe(false);
  });
});
