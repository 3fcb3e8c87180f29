import { afterEach, describe, expect, it } from 'vitest';
import {
  type AccountEvent,
  type CallEvent,
  createInboxWorker,
  type InboxWorker,
  type NumberDirectory,
  type PermissionEvent,
} from '../../../src/signaling/index.ts';
import { MemoryInbox } from '../../support/memory-inbox.ts';
import { settle, VirtualClock } from '../../support/virtual-clock.ts';
import {
  callsWebhook,
  messagesWebhook,
  OUR_DISPLAY,
  OUR_NUMBER,
  ourDirectory,
  permissionReply,
  restrictionWebhook,
  settingsWebhook,
  webhookJson,
} from '../../support/webhook.ts';

const terminate = (id: string) => callsWebhook({ calls: [{ id, event: 'terminate' }] });

/** `handle` and `hear` decide what becomes of an event of a call or of a permission; by default it is taken. */
function setUp(
  handle: (event: CallEvent) => Promise<void> = async () => {},
  hear: (event: PermissionEvent) => Promise<void> = async () => {},
  more: Partial<NumberDirectory> = {},
) {
  const inbox = new MemoryInbox();
  const clock = new VirtualClock();
  const seen: string[] = [];
  const told: PermissionEvent[] = [];
  const accounts: AccountEvent[] = [];
  const faults: string[] = [];
  const ignored: string[] = [];
  const shown: (readonly [string, string])[] = [];
  /** By the id of a call: until when what was said of it is not written. */
  const writing = new Map<string, Promise<void>>();
  const worker = createInboxWorker({
    inbox,
    clock,
    sink: {
      handle: async (event) => {
        seen.push(event.identity.callId);
        await handle(event);
      },
      written: async (callId) => await writing.get(callId),
    },
    permissions: {
      handle: async (event) => {
        told.push(event);
        await hear(event);
      },
    },
    accounts: { handle: async (event) => void accounts.push(event) },
    directory: ourDirectory({ showsAs: async (id, display) => void shown.push([id, display]), ...more }),
    observer: { onFault: (during) => faults.push(during), onIgnored: ({ reason }) => ignored.push(reason) },
  });
  workers.push(worker);
  return { inbox, clock, worker, seen, told, accounts, faults, ignored, shown, writing };
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

  it('hands every waiting webhook on before it closes the first, so that none waits for the commits of others', async () => {
    const { inbox, worker, seen } = setUp(async () => {
      closedBefore.push(inbox.outcomes.size);
    });
    const closedBefore: number[] = [];
    for (const id of ['one', 'two', 'three']) await inbox.put(terminate(id));
    worker.start();
    await work();
    expect(seen).toEqual(['one', 'two', 'three']);
    expect(closedBefore).toEqual([0, 0, 0]);
    expect(inbox.outcomes.size).toBe(3);
  });

  it('closes a webhook when what it said is written down, and holds up no other for that', async () => {
    const { inbox, worker, seen, writing } = setUp();
    const written = Promise.withResolvers<void>();
    writing.set('one', written.promise);
    for (const id of ['one', 'two']) await inbox.put(terminate(id));
    worker.start();
    await work();
    await inbox.put(terminate('three'));
    worker.wake();
    await work();
    expect(seen).toEqual(['one', 'two', 'three']);
    expect([...inbox.outcomes.keys()]).toEqual([2, 3]);
    written.resolve();
    await work();
    expect([...inbox.outcomes.keys()]).toEqual([2, 3, 1]);
    expect(seen).toHaveLength(3);
  });

  it('is not idle before everything is closed, and leaves what is not written to the next start', async () => {
    const { inbox, clock, worker, writing } = setUp();
    writing.set('one', new Promise(() => {}));
    await inbox.put(terminate('one'));
    worker.start();
    await work();
    let idle = false;
    void worker.idle(2_000).then(() => {
      idle = true;
    });
    await clock.advance(1_999);
    await work();
    expect(idle).toBe(false);
    await clock.advance(1);
    await work();
    expect(idle).toBe(true);
    await worker.stop();
    expect(inbox.outcomes.size).toBe(0);
  });

  it('closes those that were handed on when it is stopped before the last', async () => {
    const { inbox, worker, seen } = setUp(async () => {
      if (seen.length === 2) stopping = worker.stop();
    });
    let stopping = Promise.resolve();
    for (const copy of [1, 2, 3]) await inbox.put(callsWebhook({ copy, calls: [{ id: 'one', event: 'terminate' }] }));
    worker.start();
    await work();
    await stopping;
    expect(seen).toEqual(['one', 'one']);
    expect([...inbox.outcomes.keys()]).toEqual([1, 2]);
  });

  it('hands on what was said of one call in its order, whatever becomes of it, and holds up no other call', async () => {
    const taken = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { inbox, worker, seen } = setUp(async ({ identity }) => {
      if (identity.callId === 'slow') await taken[seen.filter((id) => id === 'slow').length - 1]?.promise;
    });
    for (const copy of [1, 2, 3]) await inbox.put(callsWebhook({ copy, calls: [{ id: 'slow', event: 'terminate' }] }));
    await inbox.put(terminate('other'));
    worker.start();
    await work();
    expect(seen).toEqual(['slow', 'other']);
    taken[0]!.reject(new Error('no luck'));
    await work();
    expect(seen).toEqual(['slow', 'other', 'slow']);
    taken[1]!.resolve();
    await work();
    expect(seen).toEqual(['slow', 'other', 'slow', 'slow']);
  });

  it('waits, with a webhook of two calls, for what was said of either before', async () => {
    const taken = Promise.withResolvers<void>();
    const { inbox, worker, seen } = setUp(({ identity }) =>
      identity.callId === 'slow' ? taken.promise : Promise.resolve(),
    );
    await inbox.put(terminate('slow'));
    await inbox.put(
      callsWebhook({
        calls: [
          { id: 'quick', event: 'terminate' },
          { id: 'slow', event: 'terminate' },
        ],
      }),
    );
    await inbox.put(terminate('quick'));
    worker.start();
    await work();
    expect(seen).toEqual(['slow']);
    taken.resolve();
    await work();
    expect(seen).toEqual(['slow', 'quick', 'slow', 'quick']);
  });

  it('hears what is said of people one after the other', async () => {
    const taken = Promise.withResolvers<void>();
    const { inbox, worker, told, seen } = setUp(undefined, () => taken.promise);
    for (const id of ['wamid.1', 'wamid.2']) {
      await inbox.put(messagesWebhook({ messages: [permissionReply({ response: 'accept' }, { id })] }));
    }
    await inbox.put(terminate('one'));
    worker.start();
    await work();
    expect(told).toHaveLength(1);
    expect(seen).toEqual(['one']);
    taken.resolve();
    await work();
    expect(told.length).toBeGreaterThan(1);
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
    const chat = messagesWebhook({ messages: [{ from: '15550100001', text: { body: 'hello' } }] });
    const bodies = [terminate('one'), callsWebhook({ calls: [{ id: 'one', event: 'new_thing' }] }), chat, {}];
    for (const body of bodies) await inbox.put(body);
    const foreign = await inbox.put(webhookJson('foreign-number'));
    worker.start();
    await work();
    expect(inbox.outcomes.size).toBe(5);
    expect([...inbox.blanked]).toEqual([3, 4, foreign]);
  });

  it('tells the permissions what it learns of them, and the calls first', async () => {
    const order: string[] = [];
    const { inbox, worker, told } = setUp(
      async () => void order.push('call'),
      async ({ type }) => void order.push(type),
    );
    const reply = messagesWebhook({ messages: [permissionReply({ response: 'accept', is_permanent: true })] });
    const entry = [reply, terminate('one')].flatMap((body) => (body as { entry: unknown[] }).entry);
    const both = await inbox.put({ entry });
    worker.start();
    await work();
    expect(order).toEqual(['call', 'permission_reply']);
    expect(told).toMatchObject([{ phoneNumberId: OUR_NUMBER, permanent: true }]);
    expect(inbox.outcomes.get(both)).toBe('taken 2, ignored 0, of other numbers 0');
  });

  it('says how our numbers are displayed, and nothing of others', async () => {
    const { inbox, worker, shown } = setUp();
    const ours = { phone_number_id: OUR_NUMBER, display_phone_number: OUR_DISPLAY };
    const another = { phone_number_id: 'another', display_phone_number: '15559998888' };
    await inbox.put(messagesWebhook({ metadata: ours, messages: [] }));
    await inbox.put(callsWebhook({ metadata: ours, calls: [] }));
    await inbox.put(callsWebhook({ metadata: another, calls: [] }));
    worker.start();
    await work();
    expect(shown).toEqual([
      [OUR_NUMBER, OUR_DISPLAY],
      [OUR_NUMBER, OUR_DISPLAY],
    ]);
  });

  it('finds the number of a restriction by what it displays', async () => {
    const { inbox, worker, accounts } = setUp();
    const restriction = restrictionWebhook('RESTRICTED_BUSINESS_INITIATED_CALLING', 1_768_000_000);
    await inbox.put(restriction);
    const foreign = await inbox.put(JSON.parse(JSON.stringify(restriction).replace(OUR_DISPLAY, '15559998888')));
    worker.start();
    await work();
    expect(accounts).toEqual([
      {
        type: 'restricted',
        kind: 'business_calls',
        phoneNumberId: OUR_NUMBER,
        at: 1_767_168_000_000,
        until: 1_768_000_000_000,
        remediation: null,
      },
    ]);
    expect(inbox.outcomes.get(foreign)).toBe('taken 0, ignored 0, of other numbers 1');
  });

  it('tells what Meta says of the settings of our number, and of no other', async () => {
    const { inbox, worker, accounts } = setUp();
    const off = settingsWebhook({ status: 'DISABLED' });
    await inbox.put(off);
    const foreign = await inbox.put(JSON.parse(JSON.stringify(off).replace(OUR_NUMBER, 'another')));
    worker.start();
    await work();
    expect(accounts).toMatchObject([{ phoneNumberId: OUR_NUMBER, type: 'calling_settings' }]);
    expect(inbox.outcomes.get(foreign)).toBe('taken 0, ignored 0, of other numbers 1');
  });

  describe('that may speak for some numbers alone', () => {
    const display = { phone_number_id: OUR_NUMBER, display_phone_number: '15559998888' };
    const speaking = {
      call: terminate('forged'),
      permission: messagesWebhook({ messages: [permissionReply({ response: 'accept', is_permanent: true })] }),
      settings: settingsWebhook({ status: 'DISABLED' }),
      restriction: restrictionWebhook('RESTRICTED_BUSINESS_INITIATED_CALLING', 1_768_000_000),
      display: callsWebhook({ metadata: display, calls: [] }),
    };

    it.each(Object.entries(speaking))('says nothing of another, such as a %s', async (_, body) => {
      const { inbox, worker, seen, told, accounts, shown } = setUp();
      const id = await inbox.put(body, 0, ['another']);
      worker.start();
      await work();
      expect({ seen, told, accounts, shown }).toEqual({ seen: [], told: [], accounts: [], shown: [] });
      expect(inbox.outcomes.get(id)).toMatch(/^taken 0/);
    });

    it('says all of its own', async () => {
      const { inbox, worker, seen, told, accounts, shown } = setUp();
      for (const body of Object.values(speaking)) await inbox.put(body, 0, ['another', OUR_NUMBER]);
      worker.start();
      await work();
      expect([seen.length, told.length, accounts.length]).toEqual([1, 1, 2]);
      expect(shown).toContainEqual([OUR_NUMBER, '15559998888']);
    });

    it('does not have its number displayed as another, whose words it would hear', async () => {
      const numbersShowing = () => ['the number of another project'];
      const { inbox, worker, shown } = setUp(undefined, undefined, { numbersShowing });
      await inbox.put(speaking.display, 0, [OUR_NUMBER]);
      worker.start();
      await work();
      expect(shown).toEqual([]);
    });
  });

  it('tells nothing of people who write to numbers that are not ours', async () => {
    const { inbox, worker, told } = setUp();
    const foreign = await inbox.put(
      messagesWebhook({
        metadata: { phone_number_id: 'another', display_phone_number: '15559998888' },
        messages: [permissionReply({ response: 'accept', is_permanent: true }), { from: '15550100001', id: 'wamid.1' }],
      }),
    );
    worker.start();
    await work();
    expect(told).toEqual([]);
    expect(inbox.outcomes.get(foreign)).toBe('taken 0, ignored 0, of other numbers 2');
  });

  it('tries again what the permissions did not take, and keeps no chat when it gives up', async () => {
    const { inbox, clock, worker, told } = setUp(undefined, async () => {
      throw new Error('no luck');
    });
    const chat = await inbox.put(messagesWebhook({ messages: [{ from: '15550100001', text: { body: 'hello' } }] }));
    const call = await inbox.put(terminate('one'));
    worker.start();
    await pass(clock, 60);
    expect(told).toHaveLength(5);
    expect(inbox.outcomes.get(chat)).toBe('failed: no luck');
    expect(inbox.outcomes.get(call)).toContain('taken 1');
    expect([...inbox.blanked]).toEqual([chat]);
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
    await work();
    await inbox.put(terminate('later'));
    worker.wake();
    await pass(clock, 9);
    expect(seen).toEqual(['stuck', 'next']);
    await pass(clock, 2);
    expect(seen).toEqual(['stuck', 'next', 'later', 'stuck']);
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

  it('is idle when all that came is worked off, and was so before it was woken', async () => {
    const { inbox, clock, worker, seen } = setUp();
    await worker.idle(1_000);
    await inbox.put(terminate('one'));
    worker.start();
    await inbox.put(terminate('two'));
    await worker.idle(1_000);
    expect(seen).toEqual(['one', 'two']);
    expect(inbox.outcomes.size).toBe(2);
    await worker.stop();
    expect(clock.pending).toBe(0);
  });

  it('is not waited for longer than it is given', async () => {
    const taken = Promise.withResolvers<void>();
    const { inbox, clock, worker, seen } = setUp(() => taken.promise);
    await inbox.put(terminate('one'));
    worker.start();
    await work();
    let waited = false;
    void worker.idle(2_000).then(() => {
      waited = true;
    });
    await clock.advance(1_999);
    expect(waited).toBe(false);
    await clock.advance(1);
    expect(waited).toBe(true);
    taken.resolve();
    await worker.idle(2_000);
    expect(seen).toEqual(['one']);
    expect(inbox.outcomes.size).toBe(1);
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
    await inbox.put(callsWebhook({ copy: 2, calls: [{ id: 'one', event: 'terminate' }] }));
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
