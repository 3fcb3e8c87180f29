import { afterEach, describe, expect, it } from 'vitest';
import { type CallEvent, createInboxWorker, type InboxWorker } from '../../../src/signaling/index.ts';
import { MemoryInbox } from '../../support/memory-inbox.ts';
import { settle, VirtualClock } from '../../support/virtual-clock.ts';
import { callsWebhook, OUR_NUMBER, webhookJson } from '../../support/webhook.ts';

const terminate = (id: string) => callsWebhook({ calls: [{ id, event: 'terminate' }] });

/** `handle` decides what becomes of an event; by default it is taken. */
function setUp(handle: (event: CallEvent) => Promise<void> = async () => {}) {
  const inbox = new MemoryInbox();
  const clock = new VirtualClock();
  const seen: string[] = [];
  const faults: string[] = [];
  const ignored: string[] = [];
  const worker = createInboxWorker({
    inbox,
    clock,
    sink: {
      handle: async (event) => {
        seen.push(event.identity.callId);
        await handle(event);
      },
    },
    directory: { isOurs: (id) => id === OUR_NUMBER, credentials: async () => null },
    observer: { onFault: (during) => faults.push(during), onIgnored: ({ reason }) => ignored.push(reason) },
  });
  workers.push(worker);
  return { inbox, clock, worker, seen, faults, ignored };
}

const workers: InboxWorker[] = [];

/** Lets the worker do what it can do without time passing. */
async function work(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await settle();
}

/** Lets time pass and the worker act on it, second by second. */
async function pass(clock: VirtualClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await clock.advance(1000);
    await work();
  }
}

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop();
});

describe('the inbox worker', () => {
  it('begins with what an earlier process left, in order of arrival', async () => {
    const { inbox, worker, seen } = setUp();
    await inbox.put(terminate('one'));
    await inbox.put(terminate('two'));
    worker.start();
    await work();
    expect(seen).toEqual(['one', 'two']);
    expect([...inbox.outcomes.values()]).toEqual(Array(2).fill('taken 1, ignored 0, of other numbers 0'));
  });

  it('works off what comes later when woken, and not before it is started', async () => {
    const { inbox, worker, seen } = setUp();
    await inbox.put(terminate('one'));
    worker.wake();
    await work();
    expect(seen).toEqual([]);
    worker.start();
    await work();
    await inbox.put(terminate('two'));
    worker.wake();
    await work();
    expect(seen).toEqual(['one', 'two']);
  });

  it('gives way to the answer of the webhook that woke it', async () => {
    const { inbox, worker, seen } = setUp();
    worker.start();
    await work();
    await inbox.put(terminate('one'));
    worker.wake();
    await Promise.resolve();
    expect(seen).toEqual([]);
    await work();
    expect(seen).toEqual(['one']);
  });

  it('loses nothing that arrives while it works', async () => {
    const taken: (() => void)[] = [];
    const { inbox, worker, seen } = setUp(() => new Promise<void>((resolve) => taken.push(resolve)));
    await inbox.put(terminate('one'));
    worker.start();
    await work();
    await inbox.put(terminate('two'));
    worker.wake();
    await work();
    expect(seen).toEqual(['one']);
    taken.shift()?.();
    await work();
    expect(seen).toEqual(['one', 'two']);
    taken.shift()?.();
  });

  it('works off more than one batch', async () => {
    const { inbox, worker, seen } = setUp();
    for (let i = 0; i < 120; i++) await inbox.put(terminate(`call-${i}`));
    worker.start();
    for (let i = 0; i < 10; i++) await work();
    expect(seen).toHaveLength(120);
  });

  it('passes on nothing of numbers that are not ours, and tells what it ignored', async () => {
    const { inbox, worker, seen, ignored } = setUp();
    const { entry } = webhookJson('foreign-number') as { entry: unknown[] };
    const { entry: own } = webhookJson('call-created') as { entry: unknown[] };
    const id = await inbox.put({ entry: [...entry, ...own] });
    worker.start();
    await work();
    expect(seen).toEqual([]);
    expect(ignored).toEqual(['event call_created is not worked off']);
    expect(inbox.outcomes.get(id)).toBe('taken 0, ignored 1, of other numbers 1');
  });

  it('keeps the body of what speaks of our calls, understood or not, and lets go of all else', async () => {
    const { inbox, worker } = setUp();
    const changeOf = (body: unknown) => (body as { entry: { changes: { field: string }[] }[] }).entry[0]?.changes[0];
    const chat = callsWebhook({ messages: [{ from: '15550100001', text: { body: 'hello' } }] });
    Object.assign(changeOf(chat) ?? {}, { field: 'messages' });
    const bodies = [terminate('one'), callsWebhook({ calls: [{ id: 'one', event: 'new_thing' }] }), chat, {}];
    for (const body of bodies) await inbox.put(body);
    const foreign = await inbox.put(webhookJson('foreign-number'));
    worker.start();
    await work();
    expect(inbox.outcomes.size).toBe(5);
    expect([...inbox.blanked]).toEqual([3, 4, foreign]);
  });

  it('sets a webhook that fails aside, goes on with those behind it, and comes back to it', async () => {
    let broken = true;
    const { inbox, clock, worker, seen } = setUp(async ({ identity }) => {
      if (identity.callId === 'bad' && broken) throw new Error('no luck');
    });
    const bad = await inbox.put(terminate('bad'));
    await inbox.put(terminate('good'));
    worker.start();
    await work();
    expect(seen).toEqual(['bad', 'good']);
    expect(inbox.outcomes.has(bad)).toBe(false);
    worker.wake();
    await work();
    expect(seen).toEqual(['bad', 'good']);
    broken = false;
    await pass(clock, 1);
    expect(seen).toEqual(['bad', 'good', 'bad']);
    expect(inbox.outcomes.get(bad)).toContain('taken 1');
  });

  it('reaches what lies behind a whole batch of webhooks that fail', async () => {
    const { inbox, worker, seen } = setUp(async ({ identity }) => {
      if (identity.callId !== 'good') throw new Error('no luck');
    });
    for (let i = 0; i < 60; i++) await inbox.put(terminate('bad'));
    const good = await inbox.put(terminate('good'));
    worker.start();
    for (let i = 0; i < 10; i++) await work();
    expect(seen).toContain('good');
    expect(inbox.outcomes.get(good)).toContain('taken 1');
  });

  it('gives a webhook up after five attempts, and keeps it with the reason', async () => {
    const { inbox, clock, worker, seen } = setUp(async () => {
      throw new Error('no luck');
    });
    const id = await inbox.put(terminate('bad'));
    worker.start();
    await pass(clock, 60);
    expect(seen).toHaveLength(5);
    expect(inbox.outcomes.get(id)).toBe('failed: no luck');
    expect(inbox.rows).toHaveLength(1);
  });

  it('is not held up for ever by an event that is not taken, and tries it again', async () => {
    let hangs = 1;
    const { inbox, clock, worker, seen, faults } = setUp(({ identity }) =>
      identity.callId === 'stuck' && hangs-- > 0 ? new Promise<void>(() => {}) : Promise.resolve(),
    );
    const stuck = await inbox.put(terminate('stuck'));
    await inbox.put(terminate('next'));
    worker.start();
    await pass(clock, 9);
    expect(seen).toEqual(['stuck']);
    await pass(clock, 2);
    expect(seen).toEqual(['stuck', 'next', 'stuck']);
    expect(faults).toEqual(['working off a webhook']);
    expect(inbox.outcomes.get(stuck)).toContain('taken 1');
  });

  it('comes back when the inbox cannot be read, and loses nothing', async () => {
    const { inbox, clock, worker, seen, faults } = setUp();
    await inbox.put(terminate('one'));
    inbox.failing = 'pending';
    worker.start();
    await pass(clock, 3);
    expect(faults).toContain('reading the inbox');
    inbox.failing = null;
    await pass(clock, 10);
    expect(seen).toEqual(['one']);
  });

  it('keeps trying to close a webhook while the inbox cannot be written', async () => {
    const { inbox, clock, worker } = setUp();
    const id = await inbox.put(terminate('one'));
    inbox.failing = 'done';
    worker.start();
    await pass(clock, 60);
    inbox.failing = null;
    await pass(clock, 40);
    expect(inbox.outcomes.get(id)).toContain('taken 1');
  });

  it('prunes at the start and every hour, keeping eight days', async () => {
    const { inbox, clock, worker } = setUp();
    const start = clock.now();
    worker.start();
    await work();
    await clock.advance(60 * 60_000);
    const eightDays = 8 * 24 * 60 * 60_000;
    expect(inbox.pruned).toEqual([start - eightDays, start + 60 * 60_000 - eightDays]);
  });

  it('finishes the webhook at hand when stopped, begins no other, and leaves no timer', async () => {
    let take = () => {};
    const { inbox, clock, worker, seen } = setUp(
      () =>
        new Promise<void>((resolve) => {
          take = resolve;
        }),
    );
    const first = await inbox.put(terminate('one'));
    await inbox.put(terminate('two'));
    worker.start();
    await work();
    let stopped = false;
    const stop = worker.stop().then(() => {
      stopped = true;
    });
    await work();
    expect(stopped).toBe(false);
    take();
    await stop;
    expect(seen).toEqual(['one']);
    expect([...inbox.outcomes.keys()]).toEqual([first]);
    expect(clock.pending).toBe(0);
  });
});
