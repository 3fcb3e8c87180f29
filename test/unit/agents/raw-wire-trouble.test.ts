import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RawAgent } from '../../support/raw-agent.ts';
import { RawCalls } from '../../support/raw-calls.ts';

let calls: RawCalls;
let cleanUp: (() => void)[];

beforeEach(async () => {
  // Sockets are real, time is not: a second passes when the test says so.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  calls = await RawCalls.start();
  cleanUp = [];
});

afterEach(async () => {
  for (const end of cleanUp) end();
  await calls.stop();
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

/** A server on loopback that does with a connection what the test wants. Returns its URL. */
async function strangeServer(answer: string | null): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      if (answer !== null) socket.end(answer);
    });
    cleanUp.push(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => server.close());
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('an agent that cannot be had', () => {
  it('fails with connect_refused when nothing listens, and names no address', async () => {
    const gone = await RawAgent.start();
    const url = gone.url;
    await gone.stop();
    calls.dial({ url, reconnectAttempts: 3 });
    expect(await calls.listener.next('failed')).toEqual({
      type: 'failed',
      code: 'connect_refused',
      detail: 'the agent could not be reached (ECONNREFUSED)',
    });
    expect(calls.listener.types).toEqual(['failed']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'connect_refused'],
    [503, 'connect_refused'],
  ])('fails on HTTP %i with %s', async (status, code) => {
    calls.agent.options.refuseWith = status;
    calls.dial();
    expect(await calls.listener.next('failed')).toEqual({
      type: 'failed',
      code,
      detail: `the agent answered HTTP ${status}`,
    });
  });

  it.each([
    ['not a url', null],
    ['ftp://agent.test/', null],
    [null, 'a token\nwith a line break'],
  ])('fails when URL (%s) or token cannot be used, without a throw', async (url, token) => {
    calls.dial({ url: url ?? calls.agent.url, token });
    expect((await calls.listener.next('failed')).code).toBe('connect_refused');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('fails with protocol_error when the server speaks something else', async () => {
    calls.dial({ url: await strangeServer('220 mail.test ready\r\n') });
    expect((await calls.listener.next('failed')).code).toBe('protocol_error');
  });

  it('fails with protocol_error when the upgrade is answered wrongly', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';
    calls.dial({ url: await strangeServer(`${upgrade}Sec-WebSocket-Accept: wrong\r\n\r\n`) });
    expect((await calls.listener.next('failed')).code).toBe('protocol_error');
  });

  it('fails with connect_timeout when the server never answers', async () => {
    calls.dial({ url: await strangeServer(null), connectTimeoutMs: 3000 });
    vi.advanceTimersByTime(2999);
    expect(calls.listener.events).toEqual([]);
    vi.advanceTimersByTime(1);
    expect((await calls.listener.next('failed')).code).toBe('connect_timeout');
  });

  it('fails with connect_timeout when it takes the call but is never ready', async () => {
    calls.agent.options.ready = false;
    calls.dial({ connectTimeoutMs: 3000 });
    const connection = await calls.agent.connection();
    await connection.hear('start');
    vi.advanceTimersByTime(3000);
    expect((await calls.listener.next('failed')).code).toBe('connect_timeout');
    expect((await connection.closed).code).toBe(4408);
  });

  it.each([1008, 3000, 3003])('fails with unauthorized when it closes with %i', async (code) => {
    calls.agent.options.ready = false;
    calls.dial();
    (await calls.agent.connection()).close(code);
    expect((await calls.listener.next('failed')).code).toBe('unauthorized');
  });

  it('is not trusted with a certificate that nobody signed, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const file = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url));
    const server = createTlsServer({ cert: file('self-signed.cert.pem'), key: file('self-signed.key.pem') });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUp.push(() => server.close());
    calls.dial({ url: `wss://127.0.0.1:${(server.address() as AddressInfo).port}/` });
    expect(await calls.listener.next('failed')).toMatchObject({
      code: 'connect_refused',
      detail: 'the agent could not be reached (DEPTH_ZERO_SELF_SIGNED_CERT)',
    });
  });
});

describe('an agent that does not read', () => {
  it('loses caller sound past 500 ms, is told how much, and hears the rest', async () => {
    const { wire, connection } = await calls.answered({ sampleRate: 48000 });
    const pcm = new Int16Array(960).fill(1);
    connection.stopReading();
    let frames = 0;
    while (wire.callerAudioDroppedMs < 1000 && frames < 100_000) {
      wire.callerAudio(pcm, 0, false);
      frames += 1;
    }
    expect(wire.callerAudioDroppedMs).toBe(1000);
    const sent = frames - 50;
    connection.readAgain();
    while (connection.soundsWaiting < sent) await turn();
    expect(connection.messages.at(-1)).toEqual({ type: 'answered' });
    wire.callerAudio(pcm, 0, false);
    expect(await connection.hear('gap')).toEqual({ type: 'gap', dropped_ms: 1000 });
    wire.callerAudio(pcm, 0, false);
    while (connection.soundsWaiting < sent + 2) await turn();
    expect(wire.callerAudioDroppedMs).toBe(1000);
    expect(connection.messages.filter((message) => message['type'] === 'gap')).toHaveLength(1);
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('is stalled after 5 s of it, and is not dialled again', async () => {
    const { wire, connection } = await calls.answered({ sampleRate: 48000, reconnectAttempts: 3 });
    const pcm = new Int16Array(960);
    connection.stopReading();
    for (let i = 0; i < 100_000 && !calls.listener.types.includes('failed'); i += 1) wire.callerAudio(pcm, 0, false);
    expect(calls.listener.events.at(-1)).toMatchObject({ type: 'failed', code: 'stalled' });
    expect(wire.callerAudioDroppedMs).toBe(5000);
    wire.callerAudio(pcm, 0, false);
    expect(wire.callerAudioDroppedMs).toBe(5000);
    expect(vi.getTimerCount()).toBe(0);
    await wire.callEnded('agent_lost');
  });

  it('cannot hold the end of the call up for more than 500 ms', async () => {
    const { wire, connection } = await calls.answered();
    connection.stopReading();
    let gone = false;
    const ended = wire.callEnded('user_hangup').then(() => {
      gone = true;
    });
    await turn();
    vi.advanceTimersByTime(499);
    await turn();
    expect(gone).toBe(false);
    vi.advanceTimersByTime(1);
    await ended;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not make the bridge hoard answers', async () => {
    const { wire, connection } = await calls.ready();
    connection.stopReading();
    const name = 'x'.repeat(128 * 1024);
    for (let i = 0; i < 1000 && !calls.listener.types.includes('failed'); i += 1) wire.marked(name, false);
    expect(calls.listener.events.at(-1)).toMatchObject({ type: 'failed', code: 'stalled' });
  });
});

describe('an agent that falls silent', () => {
  it('is pinged every 5 s, and an answer is all it takes', async () => {
    const { connection } = await calls.ready();
    for (let i = 0; i < 10; i += 1) {
      vi.advanceTimersByTime(5000);
      await connection.hearPing();
      for (let turns = 0; turns < 5; turns += 1) await turn();
    }
    expect(calls.listener.types).toEqual(['ready']);
  });

  it('is lost 15 s after the first ping it did not answer', async () => {
    const { connection } = await calls.ready();
    connection.stopReading();
    vi.advanceTimersByTime(19_999);
    expect(calls.listener.types).toEqual(['ready']);
    vi.advanceTimersByTime(1);
    expect(calls.listener.events.at(-1)).toMatchObject({ type: 'failed', code: 'socket_lost' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gets a ping in JSON once a websocket ping stays without answer', async () => {
    const { connection } = await calls.ready();
    connection.stopReading();
    vi.advanceTimersByTime(5000);
    connection.readAgain();
    await connection.hearPing();
    expect(connection.messages.map((message) => message['type'])).toEqual(['start']);
    connection.stopReading();
    for (let turns = 0; turns < 5; turns += 1) await turn();
    vi.advanceTimersByTime(10_000);
    connection.readAgain();
    expect(await connection.hear('ping')).toEqual({ type: 'ping', id: null });
    connection.say({ type: 'pong' });
    await connection.settle();
    vi.advanceTimersByTime(15_000);
    expect(calls.listener.types).toEqual(['ready']);
  });
});

describe('a connection that breaks in the call', () => {
  it('is dialled again after 250 ms, with the number of the attempt, and goes on', async () => {
    const { wire, connection } = await calls.answered({ reconnectAttempts: 2 });
    connection.say({ type: 'item', id: 'before' });
    await connection.settle();
    connection.drop();
    expect(await calls.listener.next('reconnecting')).toEqual({
      type: 'reconnecting',
      attempt: 1,
      code: 'socket_lost',
    });
    wire.callerAudio(new Int16Array(320), 0, false);
    wire.marked('lost', false);
    vi.advanceTimersByTime(249);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(calls.agent.connectionCount).toBe(1);
    vi.advanceTimersByTime(1);
    const second = await calls.agent.connection();
    expect(await second.hear('start')).toMatchObject({ reconnect: 1 });
    await calls.listener.next('ready');
    await second.hear('answered');
    wire.callerAudio(new Int16Array(320), 0, false);
    await second.hearSound();
    expect(wire.callerAudioDroppedMs).toBe(20);
    expect(second.messages.map((message) => message['type'])).toEqual(['start', 'answered']);
    second.sound(new Int16Array([1]));
    expect((await calls.listener.next('audio')).itemId).toBeNull();
  });

  it('is not told that the person is on the line while they are not', async () => {
    const { connection } = await calls.ready({ reconnectAttempts: 1 });
    connection.drop();
    await calls.listener.next('reconnecting');
    vi.advanceTimersByTime(250);
    const second = await calls.agent.connection();
    await calls.listener.next('ready');
    await second.settle();
    expect(second.messages.map((message) => message['type'])).not.toContain('answered');
  });

  it('is dialled as often as the target allows in one call, then it is lost', async () => {
    const { connection } = await calls.ready({ reconnectAttempts: 2 });
    connection.drop();
    await calls.listener.next('reconnecting');
    vi.advanceTimersByTime(250);
    const second = await calls.agent.connection();
    await calls.listener.next('ready');
    second.close(1012);
    expect((await calls.listener.next('reconnecting')).attempt).toBe(2);
    calls.agent.options.refuseWith = 503;
    vi.advanceTimersByTime(500);
    expect(await calls.listener.next('failed')).toEqual({
      type: 'failed',
      code: 'socket_lost',
      detail: 'the agent answered HTTP 503',
    });
    expect(calls.listener.types).toEqual(['ready', 'reconnecting', 'ready', 'reconnecting', 'failed']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is given up at once when the agent does not want us any more', async () => {
    const { connection } = await calls.ready({ reconnectAttempts: 5 });
    connection.drop();
    await calls.listener.next('reconnecting');
    calls.agent.options.refuseWith = 401;
    vi.advanceTimersByTime(250);
    expect((await calls.listener.next('failed')).code).toBe('unauthorized');
  });

  it.each([
    [1002, 'protocol_error'],
    [1008, 'unauthorized'],
    [4000, 'agent_error'],
  ])('is not dialled again after close code %i', async (code, failure) => {
    const { connection } = await calls.ready({ reconnectAttempts: 5 });
    connection.close(code);
    expect((await calls.listener.next('failed')).code).toBe(failure);
  });

  it('fails at once where no reconnect is allowed', async () => {
    const { connection } = await calls.ready({ reconnectAttempts: 0 });
    connection.drop();
    expect((await calls.listener.next('failed')).code).toBe('socket_lost');
  });

  it.each(['callEnded', 'abort'] as const)('is not dialled again after %s', async (end) => {
    const { wire, connection } = await calls.ready({ reconnectAttempts: 1 });
    connection.drop();
    await calls.listener.next('reconnecting');
    await wire[end]('user_hangup');
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60_000);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(calls.agent.connectionCount).toBe(1);
    expect(calls.listener.types).toEqual(['ready', 'reconnecting']);
  });
});

describe('the end of the call', () => {
  it.each(['callEnded', 'abort'] as const)('by %s leaves no timer behind', async (end) => {
    const { wire, connection } = await calls.answered();
    expect(vi.getTimerCount()).toBe(1);
    await wire[end]('user_hangup');
    await connection.closed;
    await wire.callEnded('user_hangup');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('in the middle of dialling leaves no timer behind', async () => {
    const wire = calls.dial({ url: await strangeServer(null) });
    await wire.callEnded('caller_gave_up');
    expect(vi.getTimerCount()).toBe(0);
    expect(calls.listener.events).toEqual([]);
  });
});
