import { describe, expect, it } from 'vitest';
import type { Webhook } from '../../src/events/ports.ts';
import { EventWorld, FAILS, OK, type Reply } from '../support/event-world.ts';
import { newEvent, PROJECT_ID, webhook } from '../support/outbox.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEBHOOK = webhook();

/** When each attempt came, in milliseconds since the first. */
function times(world: EventWorld): readonly number[] {
  const first = world.arrivals[0]!.at;
  return world.arrivals.map(({ at }) => at - first);
}

/** The pauses between the attempts, without the millisecond that each takes. */
function waits(world: EventWorld): readonly number[] {
  const at = times(world);
  return at.slice(1).map((time, n) => time - at[n]! - 1);
}

function resume(world: EventWorld, id = WEBHOOK.id): Promise<void> {
  const now = world.clock.now();
  return world.stores.webhooks.put({ ...world.webhook(id), active: true, standing: { type: 'ok' }, updatedAt: now });
}

describe('a delivery', () => {
  it('is sent once when it is taken, as soon as it was emitted', async () => {
    const world = await EventWorld.open();
    await world.emit({ idempotencyKey: 'a', body: '{"a":1}' });
    await world.advance(10);
    await world.advance(4 * DAY);
    expect(world.arrivals.map(({ key, url, body }) => ({ key, url, body }))).toEqual([
      { key: 'a', url: WEBHOOK.url, body: '{"a":1}' },
    ]);
    expect(await world.logged('a')).toMatchObject({ status: 'delivered', attempts: 1, responseStatus: 200 });
    expect(world.clock.pending).toBe(0);
  });

  it('that fails is tried after 10, 40 and 90 seconds, then at growing distances until three days after the first try', async () => {
    const world = await EventWorld.open();
    world.answer = () => FAILS;
    await world.emit({ idempotencyKey: 'a' });
    await world.advance(3 * DAY - MINUTE);
    expect(waits(world).slice(0, 7)).toEqual([10, 40, 90, 270, 810, 2_430, 7_290].map((wait) => wait * SECOND));
    expect(await world.logged('a')).toMatchObject({ status: 'pending' });
    await world.advance(DAY);
    expect(times(world).at(-1)).toBe(3 * DAY);
    expect(
      waits(world)
        .slice(4, -1)
        .every((wait, n, all) => n === 0 || wait >= all[n - 1]!),
    ).toBe(true);
    const log = await world.logged('a');
    expect(log).toMatchObject({ status: 'failed', attempts: world.arrivals.length, nextAttemptAt: null });
    expect(log.attemptLog.map(({ at }) => at)).toEqual(world.arrivals.map(({ at }) => at));
  });

  it('varies the growing distances by a fifth, and not the first ones', async () => {
    const spread: (readonly number[])[] = [];
    for (const random of [0, 0.999_999]) {
      const world = await EventWorld.open();
      world.random = random;
      world.answer = () => FAILS;
      await world.emit();
      await world.advance(30 * MINUTE);
      spread.push(waits(world).slice(0, 5));
    }
    expect(spread).toEqual([
      [10 * SECOND, 40 * SECOND, 90 * SECOND, 216 * SECOND, 648 * SECOND],
      [10 * SECOND, 40 * SECOND, 90 * SECOND, 324 * SECOND, 972 * SECOND],
    ]);
  });

  it.each([
    ['a receiver that does not answer', { status: null, error: 'timeout', afterMs: 10 * SECOND }],
    ['an answer that breaks off', { status: 200, error: 'answer_cut_short' }],
    ['a redirect', { status: 302, error: 'redirect_not_followed' }],
    ['what the receiver does not like', { status: 422 }],
  ] as [string, Reply][])('is tried again after %s', async (_what, reply) => {
    const world = await EventWorld.open();
    world.answer = () => (world.arrivals.length === 0 ? reply : OK);
    await world.emit({ idempotencyKey: 'a' });
    await world.advance(MINUTE);
    expect(world.keys).toEqual(['a', 'a']);
    const { attemptLog, status } = await world.logged('a');
    expect(status).toBe('delivered');
    expect(attemptLog[0]).toMatchObject({ status: reply.status, error: reply.error ?? 'status_not_2xx' });
    // The same delivery with the same ids, signed anew.
    const [first, second] = world.arrivals;
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(Number(second!.headers['webhook-timestamp'])).toBeGreaterThan(Number(first!.headers['webhook-timestamp']));
  });

  it('waits for as long as Retry-After asks, in seconds or as a date, and never less than the schedule', async () => {
    const date = (world: EventWorld) => new Date(world.clock.now() + 50 * SECOND).toUTCString();
    const asked: [(world: EventWorld) => string, number][] = [
      [() => '120', 120 * SECOND],
      [date, 50 * SECOND - 1],
      [() => '3', 10 * SECOND],
      [() => 'soon', 10 * SECOND],
      [() => '-5', 10 * SECOND],
      [() => '999999999', DAY],
    ];
    for (const [retryAfter, expected] of asked) {
      const world = await EventWorld.open();
      world.answer = () => (world.arrivals.length === 0 ? { status: 500, retryAfter: retryAfter(world) } : OK);
      await world.emit();
      await world.advance(3 * DAY);
      expect(waits(world)[0]).toBeGreaterThan(expected - SECOND);
      expect(waits(world)[0]).toBeLessThanOrEqual(expected);
    }
  });

  it('to an overloaded receiver holds the others back for that time, too', async () => {
    const world = await EventWorld.open();
    world.answer = () => (world.arrivals.length === 0 ? { status: 429, retryAfter: '60' } : OK);
    await world.emit({ idempotencyKey: 'a' });
    await world.advance(SECOND);
    await world.emit({ idempotencyKey: 'b' });
    await world.advance(58 * SECOND);
    expect(world.keys).toEqual(['a']);
    await world.advance(2 * SECOND);
    expect(world.keys.toSorted()).toEqual(['a', 'a', 'b']);
  });
});

describe('the events of one call', () => {
  it('arrive one after another, however long the first of them fails, and those of another call meanwhile', async () => {
    const world = await EventWorld.open();
    const begin = world.clock.now();
    world.answer = ({ key }) => (key === 'a1' && world.clock.now() < begin + HOUR ? FAILS : OK);
    for (const key of ['a1', 'a2', 'b1', 'a3', 'b2']) {
      await world.emit({ idempotencyKey: key, orderingKey: key.slice(0, 1) });
    }
    await world.advance(MINUTE);
    expect(world.keys.filter((key) => key !== 'a1')).toEqual(['b1', 'b2']);
    await world.advance(4 * HOUR);
    expect([...new Set(world.keys)]).toEqual(['a1', 'b1', 'b2', 'a2', 'a3']);
    expect(world.keys.slice(-3)).toEqual(['a1', 'a2', 'a3']);
    expect((await world.log()).map(({ status }) => status)).toEqual(Array(5).fill('delivered'));
  });

  it('go on when the one ahead is given up', async () => {
    const world = await EventWorld.open();
    world.answer = ({ key }) => (key === '1' ? FAILS : OK);
    for (const key of ['1', '2']) await world.emit({ idempotencyKey: key, orderingKey: 'a' });
    await world.advance(3 * DAY + MINUTE);
    expect(world.keys.at(-1)).toBe('2');
    expect((await world.logged('1')).status).toBe('failed');
    expect((await world.logged('2')).status).toBe('delivered');
  });

  it('do not wait for another receiver', async () => {
    const world = await EventWorld.open([WEBHOOK, webhook({ id: 'dead', url: 'https://dead.test/' })]);
    world.answer = ({ url }) => (url === WEBHOOK.url ? OK : { status: null, error: 'timeout', afterMs: 10 * SECOND });
    for (let n = 0; n < 200; n += 1) await world.emit({ idempotencyKey: `${n}` });
    await world.advance(2 * SECOND);
    expect(world.arrivals.filter(({ url }) => url === WEBHOOK.url)).toHaveLength(200);
  });
});

describe('many deliveries', () => {
  it('go to one receiver side by side, but not without bound', async () => {
    const world = await EventWorld.open();
    let open = 0;
    let most = 0;
    world.answer = () => {
      open += 1;
      most = Math.max(most, open);
      world.clock.at(world.clock.now() + SECOND, () => {
        open -= 1;
      });
      return { status: 200, afterMs: SECOND };
    };
    for (let n = 0; n < 300; n += 1) await world.emit();
    await world.advance(MINUTE);
    expect(world.arrivals).toHaveLength(300);
    expect(most).toBe(32);
  });

  it('go to a receiver that fails only a few at a time, until it takes one', async () => {
    const world = await EventWorld.open();
    world.answer = () => ({ status: null, error: 'timeout', afterMs: 10 * SECOND });
    await world.emit();
    await world.advance(11 * SECOND);
    for (let n = 0; n < 12; n += 1) await world.emit();
    await world.advance(1);
    expect(world.arrivals).toHaveLength(1 + 4);
    world.answer = () => ({ status: 200, afterMs: SECOND });
    await world.advance(10 * SECOND);
    const before = world.arrivals.length;
    expect(before).toBe(1 + 8);
    await world.advance(SECOND);
    expect(world.arrivals.length - before).toBeGreaterThan(4);
  });

  it('to many receivers are bounded together, and each gets its turn', async () => {
    const webhooks = Array.from({ length: 20 }, (_, n) => webhook({ id: `w${n}`, url: `https://r${n}.test/` }));
    const world = await EventWorld.open(webhooks);
    world.answer = () => ({ status: 200, afterMs: SECOND });
    for (let n = 0; n < 40; n += 1) await world.emit();
    await world.advance(1);
    expect(world.arrivals).toHaveLength(256);
    await world.advance(SECOND);
    expect(new Set(world.arrivals.map(({ url }) => url)).size).toBe(20);
    await world.advance(MINUTE);
    expect(world.arrivals).toHaveLength(800);
  });
});

describe('a webhook', () => {
  const pausedWorld = async () => {
    const world = await EventWorld.open();
    world.answer = () => FAILS;
    for (let n = 0; n < 25; n += 1) await world.emit({ idempotencyKey: `${n}` });
    await world.advance(SECOND);
    return world;
  };

  it('is paused when more than 85 % of at least 20 deliveries failed, and keeps what comes', async () => {
    const world = await pausedWorld();
    expect(world.webhook().standing).toEqual({
      type: 'paused',
      at: expect.any(Number),
      why: expect.stringContaining('85 %'),
    });
    const sent = world.arrivals.length;
    expect(sent).toBeLessThanOrEqual(25);
    await world.emit({ idempotencyKey: 'later' });
    await world.advance(10 * DAY);
    expect(world.arrivals).toHaveLength(sent);
    expect(await world.logged('later')).toMatchObject({ status: 'pending', attempts: 0 });
    expect(world.clock.pending).toBe(0);
  });

  it('is not paused for fewer, nor while one in six is taken', async () => {
    const few = await EventWorld.open();
    few.answer = () => FAILS;
    for (let n = 0; n < 19; n += 1) await few.emit();
    await few.advance(HOUR);
    expect(few.webhook().standing).toEqual({ type: 'ok' });

    const some = await EventWorld.open();
    some.answer = ({ key }) => (Number(key) % 6 === 0 ? OK : FAILS);
    for (let n = 0; n < 60; n += 1) {
      await some.emit({ idempotencyKey: `${n}` });
      await some.advance(10);
    }
    await some.advance(14 * MINUTE);
    expect(some.webhook().standing).toEqual({ type: 'ok' });
  });

  it('is not paused for failures of more than 15 minutes ago', async () => {
    const world = await EventWorld.open();
    world.answer = () => ({ ...FAILS, retryAfter: '86400' });
    for (let n = 0; n < 30; n += 1) {
      await world.emit();
      await world.advance(MINUTE);
    }
    expect(world.webhook().standing).toEqual({ type: 'ok' });
  });

  it('begins to count anew when it is resumed, also what was still under way when it was paused', async () => {
    const world = await EventWorld.open();
    world.answer = ({ key }) => ({ status: 500, afterMs: Number(key) < 20 ? SECOND : 2 * SECOND });
    for (let n = 0; n < 32; n += 1) await world.emit({ idempotencyKey: `${n}` });
    await world.advance(1_500);
    expect(world.webhook().standing.type).toBe('paused');
    await world.advance(SECOND);
    await resume(world);
    for (let n = 0; n < 9; n += 1) await world.emit({ idempotencyKey: `${n}-again` });
    await world.advance(7 * SECOND);
    expect(world.arrivals).toHaveLength(32 + 9);
    expect(world.webhook().standing).toEqual({ type: 'ok' });
  });

  it('sends everything that was kept once it is resumed by hand', async () => {
    const world = await pausedWorld();
    await world.emit({ idempotencyKey: 'later' });
    world.answer = () => OK;
    await resume(world);
    await world.advance(MINUTE);
    expect((await world.log()).map(({ status }) => status)).toEqual(Array(26).fill('delivered'));
    expect(world.webhook().standing).toEqual({ type: 'ok' });
  });

  it('may be paused for longer than three days: that time does not count', async () => {
    const world = await pausedWorld();
    await world.advance(5 * DAY);
    const before = world.arrivals.length;
    await resume(world);
    await world.advance(10);
    // All are tried, and all fail, and it is paused again.
    expect(world.arrivals.length - before).toBeGreaterThanOrEqual(20);
    expect((await world.log()).every(({ status }) => status === 'pending')).toBe(true);
    world.answer = () => OK;
    await resume(world);
    await world.advance(HOUR);
    expect((await world.log()).every(({ status }) => status === 'delivered')).toBe(true);
  });

  it('is resumed by a test that is taken, and by no other', async () => {
    const world = await pausedWorld();
    const test = async () => {
      const sent = world.desk.test(world.webhook(), 'whatsapp.call.ended');
      await world.advance(10);
      return await sent;
    };
    expect(await test()).toMatchObject({ status: 500, error: 'status_not_2xx' });
    expect(world.webhook().standing.type).toBe('paused');
    world.answer = () => OK;
    expect(await test()).toMatchObject({ status: 200, error: null, responseExcerpt: 'said' });
    expect(world.webhook().standing).toEqual({ type: 'ok' });
    await world.advance(MINUTE);
    expect((await world.log()).every(({ status }) => status === 'delivered')).toBe(true);
  });

  it('is tested with a sample of the event, or with a webhook of Meta', async () => {
    const meta: Webhook = webhook({ id: 'meta', kind: 'meta', url: 'https://meta.test/' });
    const world = await EventWorld.open([WEBHOOK, meta]);
    for (const each of [WEBHOOK, meta]) {
      const sent = world.desk.test(each, 'whatsapp.call.answered');
      await world.advance(10);
      await sent;
    }
    const [kapso, forwarded] = world.arrivals;
    expect(kapso!.headers['X-Webhook-Event']).toBe('whatsapp.call.answered');
    expect(JSON.parse(kapso!.body)).toMatchObject({ type: 'whatsapp.call.answered' });
    expect(forwarded!.headers).not.toHaveProperty('X-Webhook-Event');
    expect(JSON.parse(forwarded!.body)).toMatchObject({ object: 'whatsapp_business_account' });
    expect(await world.log()).toEqual([]);
  });

  it('is disabled by 410, and nothing is kept for it any more', async () => {
    const world = await EventWorld.open();
    world.answer = () => ({ status: 410 });
    for (const key of ['1', '2', '3']) await world.emit({ idempotencyKey: key, orderingKey: 'a' });
    await world.advance(SECOND);
    expect(world.webhook().standing).toMatchObject({ type: 'disabled', why: expect.stringContaining('410') });
    expect((await world.log()).map(({ status }) => status)).toEqual(['failed', 'failed', 'failed']);
    await world.emit({ idempotencyKey: 'later' });
    expect(await world.log()).toHaveLength(3);
    const sent = world.arrivals.length;
    await world.advance(4 * DAY);
    expect(world.arrivals).toHaveLength(sent);

    world.answer = () => OK;
    await resume(world);
    const failed = await world.logged('1');
    await world.stores.deliveries.redeliver(PROJECT_ID, failed.id, world.clock.now());
    await world.advance(SECOND);
    expect(await world.logged('1')).toMatchObject({ status: 'delivered' });
  });

  it('that its owner has pointed elsewhere is not disabled by what the old receiver says', async () => {
    const world = await EventWorld.open();
    world.answer = ({ url }) => (url === WEBHOOK.url ? { status: 410, afterMs: SECOND } : OK);
    await world.emit({ idempotencyKey: 'a' });
    await world.advance(10);
    await world.stores.webhooks.put({ ...world.webhook(), url: 'https://new.test/' });
    await world.emit({ idempotencyKey: 'b' });
    await world.advance(MINUTE);
    expect(world.webhook().standing).toEqual({ type: 'ok' });
    expect(await world.logged('b')).toMatchObject({ status: 'delivered' });
  });

  it('that is switched off or removed is sent nothing any more', async () => {
    const world = await EventWorld.open([WEBHOOK, webhook({ id: 'gone', url: 'https://gone.test/' })]);
    world.answer = () => FAILS;
    await world.emit({ idempotencyKey: 'a' });
    await world.advance(SECOND);
    await world.stores.webhooks.put({ ...world.webhook(), active: false });
    await world.stores.webhooks.remove('gone');
    world.answer = () => OK;
    await world.advance(DAY);
    expect(world.keys).toEqual(['a', 'a']);
    expect((await world.log()).map(({ webhookId, status }) => ({ webhookId, status }))).toEqual([
      { webhookId: WEBHOOK.id, status: 'failed' },
    ]);
    expect(await world.stores.deliveryQueue.prune(0, 10)).toBe(0);
  });
});

describe('a process', () => {
  it('that is killed while something is under way sends it again at its next start', async () => {
    const world = await EventWorld.open();
    world.answer = () => ({ status: 200, afterMs: SECOND });
    for (const key of ['1', '2']) await world.emit({ idempotencyKey: key, orderingKey: 'a' });
    await world.advance(500);
    await world.kill();
    await world.start();
    await world.advance(MINUTE);
    expect(world.keys).toEqual(['1', '1', '2']);
    expect((await world.logged('1')).attempts).toBe(1);
  });

  it('that stops lets what is under way end, and cuts off what takes longer', async () => {
    const world = await EventWorld.open();
    world.answer = ({ key }) => ({ status: 200, afterMs: key === 'slow' ? 9 * SECOND : SECOND });
    await world.emit({ idempotencyKey: 'slow' });
    await world.emit({ idempotencyKey: 'quick' });
    await world.advance(100);
    const stopped = world.desk.stop(3 * SECOND);
    await world.emit({ idempotencyKey: 'later' });
    await world.advance(3 * SECOND);
    await stopped;
    expect(world.keys).toEqual(['slow', 'quick']);
    expect(await world.logged('quick')).toMatchObject({ status: 'delivered' });
    expect(await world.logged('slow')).toMatchObject({ status: 'pending', attempts: 0 });
    await world.start();
    await world.advance(MINUTE);
    expect((await world.log()).every(({ status }) => status === 'delivered')).toBe(true);
  });

  it('whose database is away goes on when it is back, and sends again what it could not write down', async () => {
    const world = await EventWorld.open();
    world.troubles = 2;
    await world.emit({ idempotencyKey: 'a' });
    await world.advance(MINUTE);
    expect(world.keys).toEqual(['a']);
    world.answer = () => {
      world.troubles = 1;
      world.answer = () => OK;
      return OK;
    };
    await world.emit({ idempotencyKey: 'b' });
    await world.advance(4 * SECOND);
    expect(world.keys).toEqual(['a', 'b']);
    await world.advance(2 * SECOND);
    expect(world.keys).toEqual(['a', 'b', 'b']);
    expect(await world.logged('b')).toMatchObject({ status: 'delivered', attempts: 1 });
    expect(world.faults).toHaveLength(3);
  });

  it('takes up the schedule where it was', async () => {
    const world = await EventWorld.open();
    world.answer = () => FAILS;
    await world.emit();
    await world.advance(5 * SECOND);
    await world.kill();
    await world.start();
    await world.advance(6 * SECOND);
    expect(times(world)).toEqual([0, 10 * SECOND + 1]);
  });

  it('has no sends of its own until it is started, but tests', async () => {
    const world = await EventWorld.open();
    await world.desk.stop(0);
    world.desk.wake();
    await world.box.emit(newEvent({ at: world.clock.now() }));
    await world.advance(MINUTE);
    expect(world.arrivals).toEqual([]);
    expect(await world.desk.test(WEBHOOK, 'whatsapp.call.ended')).toMatchObject({ error: 'stopped', status: null });
  });
});
