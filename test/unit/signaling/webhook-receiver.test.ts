import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { WebhookReceiver } from '../../../src/calls-api/ports.ts';
import {
  createWebhookReceiver,
  type DeliveryOutcome,
  type RawWebhook,
  type WebhookReceiverOptions,
} from '../../../src/signaling/index.ts';
import { MemoryInbox } from '../../support/memory-inbox.ts';
import {
  kapsoHeaders,
  metaHeaders,
  OUR_DISPLAY,
  OUR_NUMBER,
  ourDirectory,
  webhookBytes,
  webhookJson,
} from '../../support/webhook.ts';

const CONNECT = webhookBytes('connect-inbound');

function setUp(overrides: Partial<WebhookReceiverOptions> = {}) {
  const inbox = new MemoryInbox();
  const outcomes: DeliveryOutcome[] = [];
  const faults: string[] = [];
  let woken = 0;
  const receiver: WebhookReceiver = createWebhookReceiver({
    appSecrets: ['app', 'app-next'],
    kapsoSecrets: ['kapso'],
    verifyToken: 'token',
    inbox,
    directory: ourDirectory({ isOurs: (id) => id === OUR_NUMBER || id === 'second-number' }),
    onStored: () => {
      woken += 1;
    },
    clock: { now: () => 1_760_681_507_000 },
    observer: { onDelivery: (outcome) => outcomes.push(outcome), onFault: (during) => faults.push(during) },
    ...overrides,
  });
  return { inbox, outcomes, faults, receiver, woken: () => woken };
}

describe('a webhook that comes in', () => {
  it('is stored byte for byte, then answered 200, then worked off', async () => {
    const { inbox, receiver, woken } = setUp();
    expect(await receiver.receive(metaHeaders(CONNECT, 'app'), CONNECT)).toEqual({ status: 200 });
    const deliveryKey = createHash('sha256').update(CONNECT).digest('hex');
    expect(inbox.rows).toEqual([{ id: 1, receivedAt: 1_760_681_507_000, source: 'meta', deliveryKey, body: CONNECT }]);
    expect(woken()).toBe(1);
  });

  it('is not answered before it is durable', async () => {
    let durable = () => {};
    const slow = new MemoryInbox();
    const store = slow.store.bind(slow);
    slow.store = async (webhook: RawWebhook) => {
      await new Promise<void>((resolve) => {
        durable = resolve;
      });
      return await store(webhook);
    };
    const { receiver, woken } = setUp({ inbox: slow });
    let answered = false;
    const answer = receiver.receive(metaHeaders(CONNECT, 'app'), CONNECT).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect({ answered, woken: woken() }).toEqual({ answered: false, woken: 0 });
    durable();
    await answer;
    expect(woken()).toBe(1);
  });

  it('is refused with 401 and not looked into when its signature is bad or missing', async () => {
    const { inbox, outcomes, receiver } = setUp();
    expect(await receiver.receive({}, CONNECT)).toEqual({ status: 401 });
    expect(await receiver.receive(metaHeaders(CONNECT, 'stranger'), CONNECT)).toEqual({ status: 401 });
    expect(inbox.rows).toEqual([]);
    expect(outcomes).toEqual(['bad_signature', 'bad_signature']);
  });

  it('is answered 200 without more work when it was stored before', async () => {
    const { inbox, receiver, woken, outcomes } = setUp();
    await receiver.receive(metaHeaders(CONNECT, 'app'), CONNECT);
    // Signed anew after a rotation, but the same bytes.
    expect(await receiver.receive(metaHeaders(CONNECT, 'app-next'), CONNECT)).toEqual({ status: 200 });
    expect(inbox.rows).toHaveLength(1);
    expect(woken()).toBe(1);
    expect(outcomes).toEqual(['stored', 'duplicate']);
  });

  it.each([
    ['by id', webhookBytes('foreign-number')],
    [
      'as displayed',
      Buffer.from(webhookBytes('account-restriction').toString('utf8').replace(OUR_DISPLAY, '15559998888')),
    ],
  ])('is answered 200 and not kept if it names no number of ours: %s', async (_, body) => {
    const { inbox, receiver, woken, outcomes } = setUp();
    expect(await receiver.receive(metaHeaders(body, 'app'), body)).toEqual({ status: 200 });
    expect(inbox.rows).toEqual([]);
    expect(woken()).toBe(0);
    expect(outcomes).toEqual(['not_ours']);
  });

  it.each([
    'permission-reply',
    'account-settings-update',
    'call-recording-available',
    'account-update',
    'account-restriction',
  ])('is kept if it is of our number, whatever its field: %s', async (name) => {
    const { inbox, receiver } = setUp();
    const body = webhookBytes(name);
    await receiver.receive(metaHeaders(body, 'app'), body);
    expect(inbox.rows.map((row) => row.body)).toEqual([body]);
  });

  it('is kept whole if one of several changes is ours', async () => {
    const { inbox, receiver } = setUp();
    const both = {
      entry: [webhookJson('foreign-number'), webhookJson('connect-inbound')].flatMap(
        (one) => (one as { entry: unknown[] }).entry,
      ),
    };
    const body = Buffer.from(JSON.stringify(both));
    await receiver.receive(metaHeaders(body, 'app'), body);
    expect(inbox.rows.map((row) => row.body)).toEqual([body]);
  });

  it.each(['{"entry":[', '', 'null', '[]', '"text"', '{"entry":{"changes":1}}'])(
    'is answered 200 and not kept if it is signed but makes no sense, because a retry would make none either: %j',
    async (text) => {
      const { inbox, receiver } = setUp();
      const body = Buffer.from(text);
      expect(await receiver.receive(metaHeaders(body, 'app'), body)).toEqual({ status: 200 });
      expect(inbox.rows).toEqual([]);
    },
  );

  it('is answered 500 when it cannot be stored, so that Meta sends it again', async () => {
    const { inbox, receiver, woken, outcomes, faults } = setUp();
    inbox.failing = 'store';
    expect(await receiver.receive(metaHeaders(CONNECT, 'app'), CONNECT)).toEqual({ status: 500 });
    expect({ woken: woken(), outcomes, faults }).toEqual({
      woken: 0,
      outcomes: ['store_failed'],
      faults: ['storing a webhook'],
    });
    inbox.failing = null;
    expect(await receiver.receive(metaHeaders(CONNECT, 'app'), CONNECT)).toEqual({ status: 200 });
    expect(inbox.rows).toHaveLength(1);
  });

  it('is answered 200 even if the worker or the observer throws, because it is stored', async () => {
    const broken = () => {
      throw new Error('broken');
    };
    const { inbox, receiver } = setUp({ onStored: broken, observer: { onDelivery: broken, onFault: broken } });
    expect(await receiver.receive(metaHeaders(CONNECT, 'app'), CONNECT)).toEqual({ status: 200 });
    expect(inbox.rows).toHaveLength(1);
  });
});

describe("a webhook that is signed with the secret of a number's own app", () => {
  const numbers = [OUR_NUMBER, 'second-number', 'third-number'];
  const own = () =>
    setUp({
      directory: ourDirectory({
        isOurs: (id) => numbers.includes(id),
        signers: () => [
          { appSecret: 'own', phoneNumberIds: [OUR_NUMBER, 'third-number'] },
          { appSecret: 'other', phoneNumberIds: ['second-number'] },
        ],
      }),
    });

  it('is kept with the numbers for which it speaks', async () => {
    const { inbox, receiver } = own();
    expect(await receiver.receive(metaHeaders(CONNECT, 'own'), CONNECT)).toEqual({ status: 200 });
    expect(inbox.rows).toMatchObject([{ source: 'meta', body: CONNECT, speaksFor: [OUR_NUMBER, 'third-number'] }]);
  });

  it.each(['connect-inbound', 'account-settings-update', 'account-restriction', 'permission-reply'])(
    "is answered 200 and not kept if it is of another project's number: %s",
    async (name) => {
      const { inbox, receiver, outcomes } = own();
      const body = webhookBytes(name);
      expect(await receiver.receive(metaHeaders(body, 'other'), body)).toEqual({ status: 200 });
      expect(inbox.rows).toEqual([]);
      expect(outcomes).toEqual(['not_ours']);
    },
  );

  it('does not pass for a copy of the same body from Meta, before or after it', async () => {
    const { inbox, receiver } = own();
    const both = Buffer.from(
      JSON.stringify({
        entry: [OUR_NUMBER, 'second-number'].flatMap(
          (number) => JSON.parse(CONNECT.toString('utf8').replaceAll(OUR_NUMBER, number)).entry,
        ),
      }),
    );
    for (const secret of ['own', 'other', 'app', 'own', 'app']) await receiver.receive(metaHeaders(both, secret), both);
    expect(inbox.rows.map(({ speaksFor }) => speaksFor)).toEqual([
      [OUR_NUMBER, 'third-number'],
      ['second-number'],
      undefined,
    ]);
  });

  it('speaks for every number if the secret is one of the installation as well', async () => {
    const directory = ourDirectory({ signers: () => [{ appSecret: 'app', phoneNumberIds: ['third-number'] }] });
    const { inbox, receiver } = setUp({ directory });
    await receiver.receive(metaHeaders(CONNECT, 'app'), CONNECT);
    expect(inbox.rows.map(({ speaksFor }) => speaksFor)).toEqual([undefined]);
  });

  it('is taken from the moment on that the number has the secret, and until it has it no more', async () => {
    let signers = [{ appSecret: 'old', phoneNumberIds: [OUR_NUMBER] }];
    const { receiver } = setUp({ directory: ourDirectory({ signers: () => signers }) });
    const statusWith = async (secret: string) => (await receiver.receive(metaHeaders(CONNECT, secret), CONNECT)).status;
    expect([await statusWith('old'), await statusWith('new')]).toEqual([200, 401]);
    signers = [{ appSecret: 'new', phoneNumberIds: [OUR_NUMBER] }];
    expect([await statusWith('old'), await statusWith('new')]).toEqual([401, 200]);
  });
});

describe('a webhook that Kapso forwards', () => {
  it('is told apart by its idempotency key, not by its bytes', async () => {
    const { inbox, receiver } = setUp();
    await receiver.receive(kapsoHeaders(CONNECT, 'kapso', 'key-1'), CONNECT);
    const reworded = Buffer.from(JSON.stringify(JSON.parse(CONNECT.toString('utf8'))));
    expect(await receiver.receive(kapsoHeaders(reworded, 'kapso', 'key-1'), reworded)).toEqual({ status: 200 });
    await receiver.receive(kapsoHeaders(CONNECT, 'kapso', 'key-2'), CONNECT);
    expect(inbox.rows.map(({ source }) => source)).toEqual(['kapso', 'kapso']);
  });

  it('is not lost if another number of ours got its own part of the same body', async () => {
    const { inbox, receiver } = setUp();
    const second = Buffer.from(CONNECT.toString('utf8').replaceAll(OUR_NUMBER, 'second-number'));
    await receiver.receive(kapsoHeaders(CONNECT, 'kapso', 'key-1'), CONNECT);
    await receiver.receive(kapsoHeaders(second, 'kapso', 'key-1'), second);
    expect(inbox.rows).toHaveLength(2);
  });

  it('is told apart by its bytes if it has no idempotency key', async () => {
    const { inbox, receiver } = setUp();
    const { 'x-webhook-signature': signature } = kapsoHeaders(CONNECT, 'kapso', 'key-1');
    const headers = { 'x-webhook-signature': signature };
    await receiver.receive(headers, CONNECT);
    await receiver.receive(headers, CONNECT);
    expect(inbox.rows).toHaveLength(1);
  });
});

describe('a webhook receiver', () => {
  it('answers the verify handshake', () => {
    const { receiver } = setUp();
    const query = { 'hub.mode': 'subscribe', 'hub.verify_token': 'token', 'hub.challenge': '42' };
    expect(receiver.verify(query)).toEqual({ status: 200, body: '42' });
  });

  it('is not made with an empty secret, with which anybody could sign', () => {
    expect(() => setUp({ appSecrets: ['app', ''] })).toThrow('empty');
    expect(() => setUp({ kapsoSecrets: [''] })).toThrow('empty');
  });
});
