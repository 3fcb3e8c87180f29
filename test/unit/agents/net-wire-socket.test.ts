import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { endOfClose, endOfError, type SocketEnd } from '../../../src/agents/net/socket-end.ts';
import { WireSocket, type WireSocketListener, type WireSocketRequest } from '../../../src/agents/net/wire-socket.ts';

type Heard = string | SocketEnd;

let server: WebSocketServer;
let url: string;
let heard: Heard[];
let sockets: WireSocket[];

const listener: WireSocketListener = {
  onOpen: () => heard.push('open'),
  onText: (bytes) => heard.push(`text ${bytes}`),
  onBinary: (bytes) => heard.push(`binary ${bytes.toString('hex')}`),
  onEnd: (end) => heard.push(end),
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  heard = [];
  sockets = [];
  server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => false });
  await once(server, 'listening');
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterEach(async () => {
  for (const socket of sockets) socket.cut();
  for (const client of server.clients) client.terminate();
  server.close();
  vi.useRealTimers();
});

function dial(differences: Partial<WireSocketRequest> = {}): WireSocket {
  const socket = WireSocket.dial({ url, allowLinkLocal: false, ...differences }, listener);
  sockets.push(socket);
  return socket;
}

async function connected(differences: Partial<WireSocketRequest> = {}) {
  const arriving = once(server, 'connection') as Promise<[WebSocket]>;
  const socket = dial(differences);
  const [agent] = await arriving;
  await until(() => heard.length > 0);
  return { socket, agent };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

describe('a socket that is dialled', () => {
  it('opens without a subprotocol, and says everything in order', async () => {
    const { socket, agent } = await connected({ protocols: ['convai'], headers: { 'X-A': 'b' } });
    agent.send('one');
    agent.send(Buffer.from([1, 2]));
    agent.close(1000, 'bye');
    await socket.closed;
    expect(heard).toEqual(['open', 'text one', 'binary 0102', { kind: 'closed', code: 1000, reason: 'bye' }]);
  });

  it.each(['ws://169.254.169.254/', 'ws://[::ffff:a9fe:a9fe]/', 'ws://metadata.google.internal/'])(
    'at %s is refused',
    async (forbidden) => {
      await dial({ url: forbidden }).closed;
      await until(() => heard.length > 0);
      expect(heard).toMatchObject([{ kind: 'broken', code: 'address_refused', retryable: false }]);
    },
  );

  it.each([
    { url: 'nonsense' },
    { url: 'ftp://agent.test/' },
    { url: 'ws://agent.test/#part' },
    { headers: { 'X-Key': 'a\nb' } },
    { protocols: ['a', 'a'] },
  ])('with %o says so after the call, and never throws', async (request) => {
    const socket = dial(request);
    expect(heard).toEqual([]);
    await socket.closed;
    await until(() => heard.length > 0);
    expect(heard).toMatchObject([{ kind: 'broken', code: 'connect_refused', retryable: false }]);
    socket.sendText('x');
    socket.sendBinary(new Uint8Array(1));
    socket.watch();
    socket.close(1000, '');
    expect(socket.unreadBytes).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('and is closed at once says nothing, not even what was wrong', async () => {
    dial({ url: 'nonsense' }).cut();
    const socket = dial();
    socket.close(1000, '');
    await socket.closed;
    await turn();
    expect(heard).toEqual([]);
  });

  it.each([301, 302, 307])('does not follow a redirect with %i', async (status) => {
    const elsewhere = createServer((_request, response) => response.writeHead(status, { Location: url }).end());
    elsewhere.listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    await dial({ url: `ws://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/` }).closed;
    elsewhere.close();
    expect(heard).toMatchObject([{ kind: 'broken', code: 'connect_refused' }]);
    expect(server.clients.size).toBe(0);
  });
});

describe('a socket that is taken over', () => {
  async function accepted() {
    const arriving = once(server, 'connection') as Promise<[WebSocket]>;
    const client = new WebSocket(url);
    client.on('error', () => {});
    return { client, accepted: (await arriving)[0] };
  }

  it('opens in a moment and hears', async () => {
    const { client, accepted: own } = await accepted();
    const socket = WireSocket.adopt(own, listener);
    expect(heard).toEqual([]);
    await once(client, 'open');
    client.send('hi');
    await until(() => heard.length === 2);
    expect(heard).toEqual(['open', 'text hi']);
    client.terminate();
    await socket.closed;
    expect(heard.at(-1)).toMatchObject({ code: 'socket_lost', retryable: true });
  });

  it('and was gone before ends, and is closed', async () => {
    const { client, accepted: own } = await accepted();
    client.terminate();
    await once(own, 'close');
    await WireSocket.adopt(own, listener).closed;
    await turn();
    expect(heard).toMatchObject([{ kind: 'broken', code: 'socket_lost' }]);
  });
});

describe('the end', () => {
  it('is said once, though things go on', async () => {
    const { socket, agent } = await connected();
    agent.send('x'.repeat(4 * 1024 * 1024 + 1));
    await socket.closed;
    expect(heard).toHaveLength(2);
    expect(heard[1]).toMatchObject({
      code: 'protocol_error',
      retryable: false,
      detail: 'the agent sent a message that is too long',
    });
    socket.watch();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes a message of 4 MiB', async () => {
    const { agent } = await connected();
    agent.send(Buffer.alloc(4 * 1024 * 1024));
    await until(() => heard.length === 2);
  });

  it('is ours when we close, with as much of the reason as a frame holds', async () => {
    const { socket, agent } = await connected();
    const closing = once(agent, 'close') as Promise<[number, Buffer]>;
    socket.close(1008, 'ä'.repeat(100));
    const [code, reason] = await closing;
    expect([code, reason.toString()]).toEqual([1008, 'ä'.repeat(61)]);
    await socket.closed;
    expect(heard).toEqual(['open']);
  });

  it('comes 500 ms after a close that is not answered', async () => {
    const { socket, agent } = await connected();
    agent.pause();
    socket.close(1000, '');
    let gone = false;
    const closed = socket.closed.then(() => {
      gone = true;
    });
    await turn();
    vi.advanceTimersByTime(499);
    await turn();
    expect(gone).toBe(false);
    vi.advanceTimersByTime(1);
    await closed;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('comes when texts pile up to more than a mebibyte, and not with one that is long', async () => {
    const { socket, agent } = await connected();
    agent.pause();
    socket.sendText('x'.repeat(3 * 1024 * 1024));
    expect(heard).toEqual(['open']);
    for (let i = 0; i < 100 && heard.length === 1; i += 1) socket.sendText('x'.repeat(1024 * 1024));
    expect(heard[1]).toMatchObject({ code: 'stalled', retryable: false });
    await socket.closed;
  });
});

describe('a socket that is watched', () => {
  it('is lost 15 s after the first ping without an answer, and a message is an answer', async () => {
    const { socket, agent } = await connected();
    socket.watch();
    socket.watch();
    expect(vi.getTimerCount()).toBe(1);
    agent.pause();
    vi.advanceTimersByTime(10_000);
    agent.send('alive');
    await until(() => heard.length === 2);
    vi.advanceTimersByTime(15_000);
    expect(heard).toHaveLength(2);
    vi.advanceTimersByTime(5_000);
    expect(heard[2]).toMatchObject({ code: 'socket_lost', retryable: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts as unread as soon as its agent stops reading, whatever the network takes, and not any more when it reads', async () => {
    const { socket, agent } = await connected();
    socket.watch();
    const pong = once(agent, 'ping');
    vi.advanceTimersByTime(200);
    await pong;
    for (let turns = 0; turns < 300; turns += 1) await turn();
    agent.pause();
    vi.advanceTimersByTime(400);
    expect(socket.unreadBytes).toBe(0);
    vi.advanceTimersByTime(200);
    expect(socket.unreadBytes).toBe(Number.POSITIVE_INFINITY);
    agent.resume();
    await until(() => socket.unreadBytes === 0);
    expect(heard).toEqual(['open']);
  });

  it('does not count as unread by an agent that never answered a ping', async () => {
    const { socket, agent } = await connected();
    agent.pause();
    socket.watch();
    vi.advanceTimersByTime(3_000);
    expect(socket.unreadBytes).toBe(0);
  });

  it('is asked in text too, from the second ping on', async () => {
    const { socket, agent } = await connected({ textPing: () => 'are you there?' });
    socket.watch();
    const texts: string[] = [];
    agent.on('message', (data) => texts.push(String(data)));
    agent.pause();
    vi.advanceTimersByTime(10_000);
    agent.resume();
    await until(() => texts.length > 0);
    expect(texts).toEqual(['are you there?']);
  });
});

describe('what an end means', () => {
  it.each([
    [1000, { kind: 'closed', code: 1000, reason: 'r' }],
    [1001, { kind: 'closed', code: 1001, reason: 'r' }],
    [1005, { kind: 'closed', code: 1005, reason: 'r' }],
    [1006, { kind: 'broken', code: 'socket_lost', retryable: true }],
    [1007, { kind: 'broken', code: 'protocol_error', retryable: false }],
    [1011, { kind: 'broken', code: 'socket_lost', retryable: true }],
    [3000, { kind: 'broken', code: 'unauthorized', retryable: false }],
    [4321, { kind: 'broken', code: 'agent_error', retryable: false }],
  ])('with close code %i', (code, expected) => {
    const end = endOfClose(code, 'r');
    expect(end).toMatchObject(expected);
    if (end.kind === 'broken') expect(end.detail).not.toContain('r ');
  });

  it('with an error, whose words are not repeated', () => {
    const secret = (code?: string) =>
      Object.assign(new Error('connect 10.0.0.1:80'), code === undefined ? {} : { code });
    for (const code of ['ECONNREFUSED', 'WS_ERR_INVALID_UTF8', 'HPE_INVALID_CONSTANT', undefined]) {
      expect(JSON.stringify(endOfError(secret(code)))).not.toContain('10.0.0.1');
    }
    expect(endOfError(secret('WS_ERR_INVALID_UTF8')).code).toBe('protocol_error');
    expect(endOfError(secret('ETIMEDOUT'))).toMatchObject({ code: 'connect_refused', retryable: true });
    expect(endOfError(secret())).toMatchObject({ code: 'protocol_error', retryable: false });
  });
});
