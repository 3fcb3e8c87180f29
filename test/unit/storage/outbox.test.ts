import { describe, expect, it, vi } from 'vitest';
import type { Attempt, Delivery, DeliveryQuery, Verdict } from '../../../src/events/ports.ts';
import { GroupCommit } from '../../../src/storage/group-commit.ts';
import { openOutbox } from '../../../src/storage/outbox/open-outbox.ts';
import { SealError, Sealer } from '../../../src/storage/seal.ts';
import { T0 } from '../../support/call.ts';
import { DATABASES, everythingIn, rowsIn } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';
import { NUMBER_ID, newEvent, openTestOutbox, PROJECT_ID, type TestOutbox, webhook } from '../../support/outbox.ts';
import { overheardTables } from '../../support/overheard-tables.ts';

const ALL: DeliveryQuery = {
  projectId: PROJECT_ID,
  limit: 100,
  after: null,
  before: null,
  webhookId: null,
  type: null,
  status: null,
  phoneNumberId: null,
  errorsOnly: false,
  since: null,
  until: null,
};
const WEBHOOK = webhook();
const LATER = T0 + 3_600_000;

function attempt(more: Partial<Attempt> = {}): Attempt {
  const requestHeaders = { 'X-Webhook-Event': 'whatsapp.call.ended' };
  return { at: T0 + 5, durationMs: 7, status: 200, error: null, responseExcerpt: 'ok', requestHeaders, ...more };
}

const REFUSED = attempt({ status: 500, error: 'status_not_2xx' });

async function listed(box: TestOutbox, query: Partial<DeliveryQuery> = {}): Promise<readonly Delivery[]> {
  return (await box.deliveries.list({ ...ALL, ...query })).data;
}

/** The events' idempotency keys, in the order in which they are due. */
async function dueKeys(box: TestOutbox, now = LATER): Promise<readonly (string | undefined)[]> {
  const queued = await box.deliveryQueue.queued(WEBHOOK.id, 100);
  const due = queued.filter(({ dueAt }) => dueAt <= now);
  return await Promise.all(
    due.map(async ({ id }) => (await box.deliveryQueue.load(WEBHOOK.id, id, now))?.idempotencyKey),
  );
}

async function idOf(box: TestOutbox, idempotencyKey: string): Promise<string> {
  return (await listed(box)).find((each) => each.idempotencyKey === idempotencyKey)!.id;
}

describe.each(DATABASES)('an event in the outbox ($name)', ({ fresh }) => {
  const open = async () => {
    const box = await openTestOutbox(await fresh());
    await box.webhooks.put(WEBHOOK);
    return box;
  };

  it('is a delivery for every webhook that is to hear of it, and for no other', async () => {
    const box = await openTestOutbox(await fresh());
    const others = [
      webhook({ id: 'whole-project', phoneNumberId: null }),
      webhook({ id: 'paused', standing: { type: 'paused', at: T0, why: 'too much failed' } }),
      webhook({ id: 'other-number', phoneNumberId: '2' }),
      webhook({ id: 'other-project', projectId: 'another' }),
      webhook({ id: 'other-events', events: ['whatsapp.call.received'] }),
      webhook({ id: 'meta', kind: 'meta' }),
      webhook({ id: 'inactive', active: false }),
      webhook({ id: 'disabled', standing: { type: 'disabled', at: T0, why: 'it is gone' } }),
    ];
    for (const each of [WEBHOOK, ...others]) await box.webhooks.put(each);
    await box.emit(newEvent({ idempotencyKey: 'a' }));
    await box.emit(newEvent({ idempotencyKey: 'b', type: 'meta' }));
    const told = (await listed(box)).map((each) => `${each.idempotencyKey} ${each.webhookId}`);
    expect(told.toSorted()).toEqual([`a ${WEBHOOK.id}`, 'a paused', 'a whole-project', 'b meta'].toSorted());
    expect(box.outbox.isHeard(PROJECT_ID, NUMBER_ID, 'whatsapp.call.ended')).toBe(true);
    expect(box.outbox.isHeard(PROJECT_ID, NUMBER_ID, 'whatsapp.call.failed')).toBe(false);
    expect(box.outbox.isHeard('another', '3', 'meta')).toBe(false);
  });

  it('is one event however often it is told, and its body is sent as it is', async () => {
    const box = await open();
    const event = newEvent({ idempotencyKey: 'once', body: '{"a": "\u00e9 \ud83d\ude00", "b":1 }\n' });
    await Promise.all([box.emit(event), box.emit(event)]);
    await box.emit({ ...event, body: '{}' });
    const [only, ...more] = await listed(box);
    expect(more).toEqual([]);
    expect((await box.deliveries.find(PROJECT_ID, only!.id))?.body).toBe(event.body);
    await box.emit({ ...event, phoneNumberId: '2' });
    expect(await listed(box)).toHaveLength(1);
  });

  it('is not there when what it tells of was not written', async () => {
    const box = await open();
    await Promise.all([
      expect(box.emitAndFail(newEvent({ idempotencyKey: 'never', orderingKey: 'c' }))).rejects.toThrow('written down'),
      box.emit(newEvent({ idempotencyKey: 'kept', orderingKey: 'c' })),
    ]);
    expect(await dueKeys(box)).toEqual(['kept']);
  });

  it('writes nothing when nobody listens', async () => {
    const place = await fresh();
    const box = await openTestOutbox(place);
    await box.emit(newEvent());
    expect(await rowsIn(place, 'select id from webhook_events')).toEqual([]);
  });

  it('tells of a webhook with something to send after it is on the disk', async () => {
    const place = await fresh();
    const box = await openTestOutbox(place);
    await box.webhooks.put(WEBHOOK);
    const heard: Promise<number>[] = [];
    box.deliveryQueue.onChange((id) => {
      expect(id).toBe(WEBHOOK.id);
      heard.push(rowsIn(place, 'select id from webhook_deliveries').then((rows) => rows.length));
    });
    await box.emit(newEvent());
    await expect.poll(() => heard.length).toBeGreaterThan(0);
    expect(await heard[0]).toBe(1);
  });
});

describe.each(DATABASES)('the queue of a webhook ($name)', ({ fresh }) => {
  const withCalls = async () => {
    const box = await openTestOutbox(await fresh());
    await box.webhooks.put(WEBHOOK);
    for (const key of ['a1', 'b1', 'a2', 'a3', 'b2']) {
      await box.emit(newEvent({ idempotencyKey: key, orderingKey: key.slice(0, 1) }));
    }
    return box;
  };

  it('has only the first unfinished delivery of each call, and the next when that is done', async () => {
    const box = await withCalls();
    expect(await dueKeys(box)).toEqual(['a1', 'b1']);
    await box.deliveryQueue.record(WEBHOOK.id, await idOf(box, 'a1'), attempt(), { type: 'delivered' });
    expect((await dueKeys(box)).toSorted()).toEqual(['a2', 'b1']);
    await box.deliveryQueue.record(WEBHOOK.id, await idOf(box, 'a2'), REFUSED, { type: 'given_up' });
    expect((await dueKeys(box)).toSorted()).toEqual(['a3', 'b1']);
    await box.deliveryQueue.record(WEBHOOK.id, await idOf(box, 'b1'), REFUSED, { type: 'retry', at: LATER + 1 });
    expect(await dueKeys(box)).toEqual(['a3']);
    expect(await dueKeys(box, LATER + 1)).toEqual(['a3', 'b1']);
    await box.deliveryQueue.record(WEBHOOK.id, await idOf(box, 'a3'), attempt(), { type: 'delivered' });
    expect(await box.deliveryQueue.queued(WEBHOOK.id, 9)).toMatchObject([{ dueAt: LATER + 1 }]);
    expect(await box.deliveryQueue.queued('another', 9)).toEqual([]);
  });

  it('does not give out what was tried since it was seen there', async () => {
    const box = await withCalls();
    const [seen] = await box.deliveryQueue.queued(WEBHOOK.id, 1);
    await box.deliveryQueue.record(WEBHOOK.id, seen!.id, REFUSED, { type: 'retry', at: T0 + 10_000 });
    expect(await box.deliveryQueue.load(WEBHOOK.id, seen!.id, T0 + 9_999)).toBeNull();
    expect(await box.deliveryQueue.load(WEBHOOK.id, seen!.id, T0 + 10_000)).not.toBeNull();
  });

  it('loads, and writes down, any number of deliveries with the statements of one', async () => {
    const place = await fresh();
    await (await openTestOutbox(place)).webhooks.put(WEBHOOK);
    const { db, asked } = await overheardTables(place);
    const writes = new GroupCommit(db);
    const { outbox, deliveryQueue } = await openOutbox(db, writes, new Sealer(MASTER_KEY));
    deliveryQueue.onChange(() => {});
    const events = Array.from({ length: 60 }, (_, n) => newEvent({ idempotencyKey: `${n}`, orderingKey: `${n % 20}` }));
    await Promise.all(events.map((event) => writes.run((transaction) => outbox.emit(transaction, event))));
    const heads = await deliveryQueue.queued(WEBHOOK.id, 100);
    const works = vi.spyOn(writes, 'run');
    asked.length = 0;
    // SQLite's driver tells of these as of statements.
    const statements = () => asked.filter(({ sql }) => !/^(begin|commit)/.test(sql));
    const loaded = await Promise.all(heads.map(({ id }) => deliveryQueue.load(WEBHOOK.id, id, LATER)));
    expect(loaded.map((each) => Number(each?.idempotencyKey)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, n) => n),
    );
    expect(statements()).toHaveLength(1);
    const verdictOf = (n: number): Verdict =>
      ([{ type: 'delivered' }, { type: 'given_up' }, { type: 'retry', at: LATER + 1 }] as const)[n % 3]!;
    await Promise.all(
      loaded.map((each, n) => deliveryQueue.record(WEBHOOK.id, each!.id, attempt({ durationMs: n }), verdictOf(n))),
    );
    expect(statements()).toHaveLength(1 + 3);
    expect(works).toHaveBeenCalledTimes(1);
    const next = await deliveryQueue.queued(WEBHOOK.id, 100);
    const waiting = loaded.flatMap((each, n) => (n % 3 === 2 ? [each!.id] : []));
    expect(
      next
        .filter(({ dueAt }) => dueAt > LATER)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(waiting.toSorted());
    const behind = await Promise.all(next.map(({ id }) => deliveryQueue.load(WEBHOOK.id, id, LATER)));
    const expected = loaded.flatMap((each, n) => (n % 3 === 2 ? [] : [`${Number(each!.idempotencyKey) + 20}`]));
    expect(behind.flatMap((each) => each?.idempotencyKey ?? []).toSorted()).toEqual(expected.toSorted());
  });

  it('keeps the order over a restart, with what is emitted after it', async () => {
    const place = await fresh();
    const first = await openTestOutbox(place);
    await first.webhooks.put(WEBHOOK);
    for (const key of ['1', '2']) await first.emit(newEvent({ idempotencyKey: key, orderingKey: 'a' }));
    await first.close();
    const box = await openTestOutbox(place);
    // Its clock went back meanwhile.
    await box.emit(newEvent({ idempotencyKey: '3', orderingKey: 'a', at: T0 - 60_000 }));
    for (const key of ['1', '2', '3']) {
      expect(await dueKeys(box)).toEqual([key]);
      await box.deliveryQueue.record(WEBHOOK.id, await idOf(box, key), attempt(), { type: 'delivered' });
    }
    expect(await dueKeys(box)).toEqual([]);
  });

  it('tells how long a delivery is tried, without the time for which the webhook was paused', async () => {
    const box = await withCalls();
    const pause = (at: number) =>
      box.webhooks.put({ ...WEBHOOK, standing: { type: 'paused', at, why: 'x' }, updatedAt: at });
    const resume = (at: number) => box.webhooks.put({ ...WEBHOOK, updatedAt: at });
    await pause(T0);
    await resume(T0 + 1_000);
    const id = await idOf(box, 'a1');
    expect(await box.deliveryQueue.load(WEBHOOK.id, id, LATER)).toMatchObject({
      tries: 0,
      firstTryAt: null,
      pausedMs: 0,
    });
    await box.deliveryQueue.record(WEBHOOK.id, id, attempt({ ...REFUSED, at: T0 + 2_000 }), {
      type: 'retry',
      at: T0 + 3_000,
    });
    await pause(T0 + 10_000);
    // Another change of it while it is paused.
    await box.webhooks.put({
      ...WEBHOOK,
      url: 'https://x.test',
      standing: { type: 'paused', at: T0 + 10_000, why: 'x' },
      updatedAt: T0 + 11_000,
    });
    await resume(T0 + 70_000);
    expect(await box.deliveryQueue.load(WEBHOOK.id, id, LATER)).toMatchObject({
      tries: 1,
      firstTryAt: T0 + 2_000,
      pausedMs: 60_000,
    });
  });

  it('gives up what is left when nothing is to be kept for the webhook, a few at a time', async () => {
    const box = await withCalls();
    expect(await box.deliveryQueue.giveUp(WEBHOOK.id, LATER, 3)).toBe(3);
    expect(await box.deliveryQueue.giveUp(WEBHOOK.id, LATER, 3)).toBe(2);
    expect(await box.deliveryQueue.giveUp(WEBHOOK.id, LATER, 3)).toBe(0);
    expect(await dueKeys(box)).toEqual([]);
    expect(await listed(box, { status: 'failed' })).toHaveLength(5);
    // The receiver may have taken one that was under way: the log says what is true.
    const id = await idOf(box, 'a1');
    await box.deliveryQueue.record(WEBHOOK.id, id, REFUSED, { type: 'retry', at: LATER });
    expect(await box.deliveries.find(PROJECT_ID, id)).toMatchObject({ status: 'failed', attempts: 1 });
    await box.deliveryQueue.record(WEBHOOK.id, id, attempt(), { type: 'delivered' });
    expect(await box.deliveries.find(PROJECT_ID, id)).toMatchObject({ status: 'delivered', attempts: 2 });
    expect(await dueKeys(box)).toEqual([]);
  });

  it('forgets what was finished long ago, and the events that nobody has any more', async () => {
    const place = await fresh();
    const box = await openTestOutbox(place);
    const other = webhook({ id: 'other' });
    await box.webhooks.put(WEBHOOK);
    await box.webhooks.put(other);
    for (const key of ['1', '2', '3']) await box.emit(newEvent({ idempotencyKey: key }));
    const mine = await listed(box, { webhookId: WEBHOOK.id });
    for (const { id } of mine)
      await box.deliveryQueue.record(WEBHOOK.id, id, attempt({ at: T0 }), { type: 'delivered' });
    const [first] = await listed(box, { webhookId: 'other' });
    await box.deliveryQueue.record(WEBHOOK.id, first!.id, attempt({ at: LATER }), { type: 'delivered' });

    expect(await box.deliveryQueue.prune(T0 + 7, 100)).toBe(0);
    expect(await box.deliveryQueue.prune(T0 + 8, 2)).toBe(2);
    expect(await box.deliveryQueue.prune(T0 + 8, 2)).toBe(1);
    expect(await listed(box)).toHaveLength(3);
    expect(await rowsIn(place, 'select id from webhook_events')).toHaveLength(3);
    expect(await box.deliveryQueue.prune(LATER + 8, 100)).toBe(1);
    expect(await rowsIn(place, 'select id from webhook_events')).toHaveLength(2);
    expect(await rowsIn(place, 'select delivery_id from webhook_attempts')).toEqual([]);
  });

  it('forgets what has waited too long for somebody to resume the webhook, and goes on behind it', async () => {
    const place = await fresh();
    const box = await openTestOutbox(place);
    const other = webhook({ id: 'other' });
    await box.webhooks.put(WEBHOOK);
    await box.webhooks.put(other);
    for (const [n, key] of ['a1', 'a2', 'b1', 'a3'].entries()) {
      await box.emit(newEvent({ idempotencyKey: key, orderingKey: key.slice(0, 1), at: T0 + n }));
    }
    expect(await box.deliveryQueue.prune(T0 + 3, 100)).toBe(0);
    await box.webhooks.put({ ...WEBHOOK, standing: { type: 'paused', at: T0, why: 'x' } });
    expect(await box.deliveryQueue.prune(T0 + 3, 2)).toBe(2);
    expect(await box.deliveryQueue.prune(T0 + 3, 2)).toBe(1);
    expect(await box.deliveryQueue.prune(T0 + 3, 2)).toBe(0);
    expect(await listed(box, { webhookId: 'other' })).toHaveLength(4);
    await box.webhooks.put(WEBHOOK);
    expect(await dueKeys(box)).toEqual(['a3']);
  });
});

describe.each(DATABASES)('the log of deliveries ($name)', ({ fresh }) => {
  const open = async () => {
    const box = await openTestOutbox(await fresh());
    await box.webhooks.put(WEBHOOK);
    return box;
  };

  it('has every attempt, with what was sent and what came back', async () => {
    const box = await open();
    await box.emit(newEvent({ idempotencyKey: 'k', orderingKey: 'call', body: '{"x":1}' }));
    const id = await idOf(box, 'k');
    const lost = attempt({ status: null, error: 'timeout', responseExcerpt: null });
    await box.deliveryQueue.record(WEBHOOK.id, id, lost, { type: 'retry', at: LATER });
    expect(await box.deliveries.find(PROJECT_ID, id)).toMatchObject({
      status: 'pending',
      attempts: 1,
      nextAttemptAt: LATER,
      responseStatus: null,
      finishedAt: null,
    });
    await box.deliveryQueue.record(WEBHOOK.id, id, attempt({ at: LATER, durationMs: 9 }), { type: 'delivered' });
    expect(await box.deliveries.find(PROJECT_ID, id)).toEqual({
      id,
      webhookId: WEBHOOK.id,
      eventId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      type: 'whatsapp.call.ended',
      phoneNumberId: NUMBER_ID,
      orderingKey: 'call',
      idempotencyKey: 'k',
      status: 'delivered',
      attempts: 2,
      nextAttemptAt: null,
      createdAt: T0,
      finishedAt: LATER + 9,
      responseStatus: 200,
      body: '{"x":1}',
      attemptLog: [lost, attempt({ at: LATER, durationMs: 9 })],
    });
    expect(await box.deliveries.find('another project', id)).toBeNull();
    expect(await box.deliveries.find(PROJECT_ID, 'unknown')).toBeNull();
  });

  it('lists the newest first, whole pages long, with every filter', async () => {
    const box = await open();
    await box.webhooks.put(webhook({ id: 'all', phoneNumberId: null, events: ['whatsapp.call.received'] }));
    for (let n = 0; n < 5; n += 1) await box.emit(newEvent({ idempotencyKey: `${n}`, at: T0 + n }));
    await box.emit(newEvent({ idempotencyKey: 'r', type: 'whatsapp.call.received', phoneNumberId: '2', at: T0 + 9 }));
    await box.deliveryQueue.record(WEBHOOK.id, await idOf(box, '1'), REFUSED, { type: 'retry', at: LATER });
    await box.deliveryQueue.record(WEBHOOK.id, await idOf(box, '2'), REFUSED, { type: 'given_up' });
    await box.deliveryQueue.record(WEBHOOK.id, await idOf(box, '3'), attempt(), { type: 'delivered' });
    const keys = async (query: Partial<DeliveryQuery>) => (await listed(box, query)).map((each) => each.idempotencyKey);
    expect(await keys({})).toEqual(['r', '4', '3', '2', '1', '0']);
    expect(await keys({ webhookId: WEBHOOK.id })).toEqual(['4', '3', '2', '1', '0']);
    expect(await keys({ type: 'whatsapp.call.received' })).toEqual(['r']);
    expect(await keys({ phoneNumberId: '2' })).toEqual(['r']);
    expect(await keys({ errorsOnly: true })).toEqual(['2', '1']);
    expect(await keys({ status: 'failed' })).toEqual(['2']);
    expect(await keys({ status: 'delivered' })).toEqual(['3']);
    expect(await keys({ status: 'pending', webhookId: WEBHOOK.id })).toEqual(['4', '1', '0']);
    expect(await keys({ since: T0 + 1, until: T0 + 3 })).toEqual(['3', '2', '1']);
    expect(await keys({ projectId: 'another' })).toEqual([]);
    const first = await box.deliveries.list({ ...ALL, limit: 4 });
    const second = await box.deliveries.list({ ...ALL, limit: 4, after: first.after });
    expect([...first.data, ...second.data].map((each) => each.idempotencyKey)).toEqual(['r', '4', '3', '2', '1', '0']);
    expect(second.after).toBeNull();
    expect((await box.deliveries.list({ ...ALL, limit: 4, before: second.before })).data).toEqual(first.data);
    await expect(box.deliveries.list({ ...ALL, after: 'nonsense' })).rejects.toThrow('not a cursor');
  });

  it('has a delivery sent again behind what is still under way for its call, with a new schedule', async () => {
    const box = await open();
    for (const key of ['1', '2', '3']) await box.emit(newEvent({ idempotencyKey: key, orderingKey: 'a' }));
    const id = await idOf(box, '1');
    await box.deliveryQueue.record(WEBHOOK.id, id, REFUSED, { type: 'given_up' });
    expect(await box.deliveries.redeliver(PROJECT_ID, id, LATER)).toBe(true);
    expect(await box.deliveries.redeliver('another', id, LATER)).toBe(false);
    expect(await box.deliveries.redeliver(PROJECT_ID, 'unknown', LATER)).toBe(false);
    expect(await dueKeys(box)).toEqual(['2']);
    for (const key of ['2', '3']) {
      await box.deliveryQueue.record(WEBHOOK.id, await idOf(box, key), attempt(), { type: 'delivered' });
    }
    expect(await dueKeys(box)).toEqual(['1']);
    expect(await box.deliveryQueue.load(WEBHOOK.id, id, LATER)).toMatchObject({ tries: 0, firstTryAt: null });
    await box.deliveryQueue.record(WEBHOOK.id, id, attempt(), { type: 'delivered' });
    expect(await box.deliveries.find(PROJECT_ID, id)).toMatchObject({ status: 'delivered', attempts: 2 });
    await box.deliveries.redeliver(PROJECT_ID, id, LATER);
    expect(await dueKeys(box, LATER)).toEqual(['1']);
  });

  it('has one that waits for its next attempt tried at once', async () => {
    const box = await open();
    for (const key of ['1', '2']) await box.emit(newEvent({ idempotencyKey: key, orderingKey: 'a' }));
    await box.deliveryQueue.record(WEBHOOK.id, await idOf(box, '1'), REFUSED, { type: 'retry', at: LATER + 1 });
    await box.deliveries.redeliver(PROJECT_ID, await idOf(box, '2'), LATER);
    expect(await dueKeys(box, LATER)).toEqual([]);
    await box.deliveries.redeliver(PROJECT_ID, await idOf(box, '1'), LATER);
    expect(await dueKeys(box, LATER)).toEqual(['1']);
  });

  it('has a span sent again, oldest first and in order for each call, however long it is', async () => {
    const box = await open();
    const events = Array.from({ length: 270 }, (_, n) =>
      newEvent({ idempotencyKey: `${n}`, orderingKey: `call-${n % 45}`, at: T0 + n }),
    );
    await Promise.all(events.map((event) => box.emit(event)));
    await drain(box, attempt());
    expect(await dueKeys(box)).toEqual([]);
    const span = { since: T0 + 10, until: T0 + 259, status: null };
    expect(await box.deliveries.redeliverSpan('another', span, LATER)).toBe(0);
    expect(await box.deliveries.redeliverSpan(WEBHOOK.id, { ...span, status: 'pending' }, LATER)).toBe(0);
    expect(await box.deliveries.redeliverSpan(WEBHOOK.id, span, LATER)).toBe(250);
    const sent = await drain(box, attempt({ at: LATER }));
    expect(sent.slice(0, 45)).toEqual(Array.from({ length: 45 }, (_, n) => 10 + n));
    expect(sent.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 250 }, (_, n) => 10 + n));
    for (let call = 0; call < 45; call += 1) {
      const ofCall = sent.filter((n) => n % 45 === call);
      expect(ofCall).toEqual(ofCall.toSorted((a, b) => a - b));
    }
  });

  it('has what happened in one millisecond sent again, and lists it, in the order in which it happened', async () => {
    const box = await open();
    const keys = Array.from({ length: 30 }, (_, n) => `${n}`);
    for (const key of keys) await box.emit(newEvent({ idempotencyKey: key, orderingKey: 'a' }));
    await drain(box, attempt());
    expect((await listed(box)).map((each) => each.idempotencyKey)).toEqual(keys.toReversed());
    await box.deliveries.redeliverSpan(WEBHOOK.id, { since: T0, until: T0, status: null }, LATER);
    expect(await drain(box, attempt({ at: LATER }))).toEqual(keys.map(Number));
  });

  it('does not show what was sent to a webhook that is gone, and lets go of it a little at a time', async () => {
    const place = await fresh();
    const box = await openTestOutbox(place);
    await box.webhooks.put(WEBHOOK);
    await box.webhooks.put(webhook({ id: 'other' }));
    for (let n = 0; n < 3; n += 1) await box.emit(newEvent());
    const id = (await listed(box, { webhookId: WEBHOOK.id }))[0]!.id;
    expect(await box.webhooks.remove(WEBHOOK.id)).toBe(true);
    expect(await box.webhooks.remove(WEBHOOK.id)).toBe(false);
    await box.webhooks.put(WEBHOOK);
    expect(box.webhooks.get(WEBHOOK.id)).toBeNull();
    expect((await listed(box)).map((each) => each.webhookId)).toEqual(['other', 'other', 'other']);
    expect(await box.deliveries.find(PROJECT_ID, id)).toBeNull();
    expect(await box.deliveries.redeliver(PROJECT_ID, id, LATER)).toBe(false);
    expect(await box.deliveryQueue.prune(0, 2)).toBe(2);
    await box.close();
    const again = await openTestOutbox(place);
    expect(await listed(again)).toHaveLength(3);
    expect(await again.deliveryQueue.prune(0, 2)).toBe(1);
    expect(await rowsIn(place, 'select id from webhooks')).toEqual([{ id: 'other' }]);
    await again.deliveryQueue.record(WEBHOOK.id, id, attempt(), { type: 'delivered' });
    expect(await rowsIn(place, 'select delivery_id from webhook_attempts')).toEqual([]);
  });
});

/** Has everything taken that is due, and what comes after it. The events' idempotency keys, as they went. */
async function drain(box: TestOutbox, taken: Attempt): Promise<readonly number[]> {
  const sent: number[] = [];
  for (;;) {
    const queued = await box.deliveryQueue.queued(WEBHOOK.id, 100);
    if (queued.length === 0) return sent;
    const loaded = await Promise.all(queued.map(({ id, dueAt }) => box.deliveryQueue.load(WEBHOOK.id, id, dueAt)));
    sent.push(...loaded.map((each) => Number(each?.idempotencyKey)));
    await Promise.all(queued.map(({ id }) => box.deliveryQueue.record(WEBHOOK.id, id, taken, { type: 'delivered' })));
  }
}

describe.each(DATABASES)('webhooks ($name)', ({ fresh }) => {
  const every = [
    webhook({ headers: { Authorization: 'Bearer header-in-clear' } }),
    webhook({ id: '2', phoneNumberId: null, createdAt: T0 + 1, standing: { type: 'paused', at: T0 + 2, why: 'x' } }),
    webhook({ id: '3', kind: 'meta', createdAt: T0 + 2, active: false }),
    webhook({ id: '4', projectId: 'another', createdAt: T0 + 3 }),
  ];

  it('are the same after a restart, and their secrets are not in the database in clear', async () => {
    const place = await fresh();
    const first = await openTestOutbox(place);
    for (const each of every) await first.webhooks.put(each);
    await first.webhooks.put({ ...every[0]!, url: 'https://receiver.test/new', updatedAt: T0 + 9 });
    await first.close();
    const { webhooks } = await openTestOutbox(place);
    const [changed, whole, meta, other] = [
      { ...every[0]!, url: 'https://receiver.test/new', updatedAt: T0 + 9 },
      ...every.slice(1),
    ];
    expect(webhooks.list(PROJECT_ID)).toEqual([changed, whole, meta]);
    expect(webhooks.list(PROJECT_ID, null)).toEqual([whole]);
    expect(webhooks.list(PROJECT_ID, NUMBER_ID)).toEqual([changed, meta]);
    expect(webhooks.get('4')).toEqual(other);
    expect(webhooks.get('5')).toBeNull();
    const stored = await everythingIn(place);
    expect(stored).toContain('receiver.test/new');
    expect(stored).not.toContain('header-in-clear');
    expect(stored).not.toContain('dGhlLXNlY3JldC1pbi1jbGVhcg');
  });

  it('do not open with another master key', async () => {
    const place = await fresh();
    const box = await openTestOutbox(place);
    await box.webhooks.put(WEBHOOK);
    await box.close();
    await expect(openTestOutbox(place, Buffer.alloc(32, 9))).rejects.toThrow(SealError);
  });
});
