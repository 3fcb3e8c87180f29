import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PipecatWire } from '../../../src/agents/wires/pipecat/pipecat-wire.ts';
import { callContext } from '../../support/call-context.ts';
import { pipecatTarget } from '../../support/pipecat-call.ts';
import { PipecatServer } from '../../support/pipecat-server.ts';
import { RecordingWireListener, wireServices } from '../../support/wire-listener.ts';

describe('a start route', () => {
  let bots: PipecatServer;
  let route: Server;
  let listener: RecordingWireListener;
  let wire: PipecatWire;
  let asked: { readonly headers: IncomingMessage['headers']; readonly body: unknown }[];
  /** What the route answers; null: nothing, ever. */
  let answer: { readonly status: number; readonly text: string } | null;

  beforeEach(async () => {
    bots = await PipecatServer.start();
    listener = new RecordingWireListener();
    asked = [];
    route = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      asked.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
      route.emit('asked');
      if (answer !== null) response.writeHead(answer.status).end(answer.text);
    });
    route.listen(0, '127.0.0.1');
    await once(route, 'listening');
  });
  afterEach(async () => {
    wire.abort();
    route.closeAllConnections();
    route.close();
    await bots.stop();
  });

  function connect(result: unknown, status = 200): void {
    answer = { status, text: typeof result === 'string' ? result : JSON.stringify(result) };
    dial();
  }

  function dial(connectTimeoutMs = 5_000): void {
    const url = `http://127.0.0.1:${(route.address() as AddressInfo).port}/v1/public/bot/start`;
    const target = pipecatTarget({ entry: { kind: 'start', url, key: 'pk_1' }, connectTimeoutMs });
    wire = new PipecatWire(target, callContext({ attempt: 2 }), listener, wireServices());
    wire.connect();
  }

  it('is told of the call and asked for a websocket, and opens it with its token', async () => {
    connect({ wsUrl: bots.url, token: 'once', sessionId: 's-1', body: 'e30=' });
    await listener.next('ready');
    expect(asked).toHaveLength(1);
    expect(asked[0]!.headers).toMatchObject({ authorization: 'Bearer pk_1', 'content-type': 'application/json' });
    expect(asked[0]!.body).toMatchObject({
      createDailyRoom: false,
      transport: 'websocket',
      body: { call: { call_id: 'wacid.test' }, parameters: { tier: 'gold' }, reconnect: 2 },
    });
    const bot = await bots.connection();
    expect(bot.headers.authorization).toBe('Bearer once');
    expect(bot.path).toBe('/ws');
  });

  it('may spell it otherwise, and need no token', async () => {
    connect({ ws_url: bots.url, token: null });
    await listener.next('ready');
    expect((await bots.connection()).headers.authorization).toBeUndefined();
  });

  it('on this machine may answer with another port of it', async () => {
    connect({ wsUrl: bots.url.replace('127.0.0.1', 'localhost') });
    await listener.next('ready');
  });

  it.each([
    [{ wsUrl: 'https://bot.test/ws' }],
    [{ wsUrl: 'not a URL' }],
    [{ wsUrl: 7 }],
    [{ dailyRoom: 'https://daily.test' }],
    ['<html>'],
    ['null'],
  ])('that answers %j is a broken one', async (result) => {
    connect(result);
    expect((await listener.next('lost')).loss).toMatchObject({ code: 'protocol_error', retryable: false });
  });

  it('may not send us to an address that agents may not have', async () => {
    connect({ wsUrl: 'ws://169.254.169.254/ws' });
    expect((await listener.next('lost')).loss).toMatchObject({ code: 'address_refused', retryable: false });
  });

  it.each([
    [429, 'connect_refused', true],
    [503, 'connect_refused', true],
    [401, 'unauthorized', false],
    [400, 'connect_refused', false],
  ])('that answers %i is a loss', async (status, code, retryable) => {
    connect({ error: 'pk_1 is wrong' }, status);
    const { loss } = await listener.next('lost');
    expect(loss).toMatchObject({ code, retryable });
    expect(loss.detail).not.toContain('pk_1');
  });

  it('that does not answer is a loss', async () => {
    answer = null;
    dial(100);
    expect((await listener.next('lost')).loss).toMatchObject({ code: 'connect_timeout', retryable: true });
  });

  it('is not waited for when the call is over', async () => {
    answer = null;
    dial();
    await once(route, 'asked');
    await wire.callEnded();
    await new Promise((resolve) => setImmediate(resolve));
    expect(listener.events).toEqual([]);
  });
});
