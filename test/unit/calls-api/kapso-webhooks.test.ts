import { describe, expect, it, onTestFinished } from 'vitest';
import { type CallEvent, createInboxWorker, createWebhookReceiver } from '../../../src/signaling/index.ts';
import { testApi } from '../../support/api-server.ts';
import { openTestDatabase } from '../../support/database.ts';
import { settle, VirtualClock } from '../../support/virtual-clock.ts';
import { kapsoHeaders, metaHeaders, OUR_NUMBER, ourDirectory, webhookBytes } from '../../support/webhook.ts';

const CONNECT = webhookBytes('connect-inbound');

/** Everything between the wire and the calls: HTTP, the real database, the worker. */
async function bridge() {
  const { inbox } = await openTestDatabase();
  const events: CallEvent[] = [];
  const directory = ourDirectory();
  const clock = new VirtualClock();
  const sink = { handle: async (event: CallEvent) => void events.push(event), written: async () => {} };
  const permissions = { handle: async () => {} };
  const accounts = { handle: async () => {} };
  const worker = createInboxWorker({ inbox, sink, permissions, accounts, directory, clock });
  const webhooks = createWebhookReceiver({
    appSecrets: ['app'],
    kapsoSecrets: ['kapso'],
    verifyToken: 'token',
    inbox,
    directory,
    onStored: () => worker.wake(),
    clock,
  });
  const { server } = await testApi({ webhooks });
  await server.listen({ port: 0, host: '127.0.0.1' });
  worker.start();
  onTestFinished(() => worker.stop());
  return {
    events,
    async post(body: Buffer, headers: Record<string, string>): Promise<number> {
      const url = `${server.listeningOrigin}/webhooks/whatsapp`;
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: new Uint8Array(body),
      });
      for (let turn = 0; turn < 30; turn += 1) await settle();
      return response.status;
    },
  };
}

describe('a webhook that Kapso forwards over HTTP', () => {
  it('rings the call that Meta told of', async () => {
    const { post, events } = await bridge();
    expect(await post(CONNECT, kapsoHeaders(CONNECT, 'kapso', 'key-1'))).toBe(200);
    expect(events).toMatchObject([
      {
        identity: { phoneNumberId: OUR_NUMBER, direction: 'inbound' },
        input: { type: 'meta.connect', sdpType: 'offer' },
      },
    ]);
  });

  it('rings it once, however often it comes with the same idempotency key and in whatever words', async () => {
    const { post, events } = await bridge();
    const reworded = Buffer.from(JSON.stringify(JSON.parse(CONNECT.toString('utf8')), null, 1));
    expect(await post(CONNECT, kapsoHeaders(CONNECT, 'kapso', 'key-1'))).toBe(200);
    expect(await post(reworded, kapsoHeaders(reworded, 'kapso', 'key-1'))).toBe(200);
    expect(events).toHaveLength(1);
  });

  it.each([
    ['with another secret', kapsoHeaders(CONNECT, 'stranger', 'key-1')],
    ["with Meta's secret", kapsoHeaders(CONNECT, 'app', 'key-1')],
    ["in Meta's form with Kapso's secret", metaHeaders(CONNECT, 'kapso')],
    ['over other bytes', kapsoHeaders(Buffer.from('{}'), 'kapso', 'key-1')],
    ['not at all', { 'x-idempotency-key': 'key-1' }],
  ])('is refused with 401 and rings nothing if it was signed %s', async (_how, headers) => {
    const { post, events } = await bridge();
    expect(await post(CONNECT, headers)).toBe(401);
    expect(events).toEqual([]);
  });
});
