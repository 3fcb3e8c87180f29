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
    calls.dial({ url });
    expect((await calls.listener.next('lost')).loss).toEqual({
      code: 'connect_refused',
      retryable: true,
      detail: 'the agent could not be reached (ECONNREFUSED)',
    });
    expect(calls.listener.types).toEqual(['lost']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    [401, 'unauthorized', false],
    [403, 'unauthorized', false],
    [404, 'connect_refused', true],
    [503, 'connect_refused', true],
  ] as const)('is lost on HTTP %i with %s', async (status, code, retryable) => {
    calls.agent.options.refuseWith = status;
    calls.dial();
    expect((await calls.listener.next('lost')).loss).toEqual({
      code,
      retryable,
      detail: `the agent answered HTTP ${status}`,
    });
  });

  it.each([
    ['not a url', null],
    ['ftp://agent.test/', null],
    [null, 'a token\nwith a line break'],
  ])('fails when URL (%s) or token cannot be used, without a throw', async (url, token) => {
    calls.dial({ url: url ?? calls.agent.url, token });
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'connect_refused', retryable: false });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('fails with protocol_error when the server speaks something else', async () => {
    calls.dial({ url: await strangeServer('220 mail.test ready\r\n') });
    expect((await calls.listener.next('lost')).loss.code).toBe('protocol_error');
  });

  it('fails with protocol_error when the upgrade is answered wrongly', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';
    calls.dial({ url: await strangeServer(`${upgrade}Sec-WebSocket-Accept: wrong\r\n\r\n`) });
    expect((await calls.listener.next('lost')).loss.code).toBe('protocol_error');
  });

  it('does not wait by itself: whoever owns the wire keeps the time', async () => {
    const wire = calls.dial({ url: await strangeServer(null), connectTimeoutMs: 3000 });
    expect(vi.getTimerCount()).toBe(0);
    wire.abort();
    await wire.callEnded('agent_lost');
    expect(calls.listener.events).toEqual([]);
  });

  it('is refused at a link-local address, as a name or a number', async () => {
    calls.dial({ url: 'ws://169.254.169.254/latest' });
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'address_refused', retryable: false });
  });

  it.each([1008, 3000, 3003])('fails with unauthorized when it closes with %i', async (code) => {
    calls.agent.options.ready = false;
    calls.dial();
    (await calls.agent.connection()).close(code);
    expect((await calls.listener.next('lost')).loss.code).toBe('unauthorized');
  });

  it('is not trusted with a certificate that nobody signed, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const file = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url));
    const server = createTlsServer({ cert: file('self-signed.cert.pem'), key: file('self-signed.key.pem') });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUp.push(() => server.close());
    calls.dial({ url: `wss://127.0.0.1:${(server.address() as AddressInfo).port}/` });
    expect((await calls.listener.next('lost')).loss).toMatchObject({
      code: 'connect_refused',
      detail: 'the agent could not be reached (DEPTH_ZERO_SELF_SIGNED_CERT)',
    });
  });
});

describe('an agent that does not read', () => {
  it('loses the oldest caller sound past half a second, is told how much, and hears the rest in order', async () => {
    const { wire, connection } = await calls.answered({ sampleRate: 48000 });
    const pcm = new Int16Array(960);
    connection.stopReading();
    let frames = 0;
    const push = () => {
      wire.callerAudio(pcm.fill(frames), frames * 20);
      frames += 1;
    };
    while (wire.callerAudioDroppedMs < 1000 && frames < 30_000) push();
    expect(wire.callerAudioDroppedMs).toBe(1000);
    connection.readAgain();
    // 400 ms more wait in the bridge, for the next frame to take them along.
    while (connection.soundsWaiting < frames - 50 - 20) await turn();
    await connection.settle();
    push();
    while (connection.soundsWaiting < frames - 50) await turn();
    expect(wire.callerAudioDroppedMs).toBe(1000);
    expect(await connection.hear('gap')).toEqual({ type: 'gap', dropped_ms: 1000 });
    const heard: number[] = [];
    while (connection.soundsWaiting > 0) heard.push((await connection.hearSound()).readInt16LE(0));
    const missing = heard.findIndex((value, i) => value !== i);
    expect(heard).toEqual(Array.from({ length: heard.length }, (_, i) => (i < missing ? i : i + 50)));
    expect(connection.messages.filter((message) => message['type'] === 'gap')).toHaveLength(1);
    expect(calls.listener.types).toEqual(['ready']);
    void wire.callEnded('user_hangup');
    expect(await connection.hear('end')).toMatchObject({ caller_audio_dropped_ms: 1000 });
  });

  it('is stalled after 5 s of it', async () => {
    const { wire, connection } = await calls.answered({ sampleRate: 48000 });
    const pcm = new Int16Array(960);
    connection.stopReading();
    for (let i = 0; i < 100_000 && !calls.listener.types.includes('lost'); i += 1) wire.callerAudio(pcm, 0);
    expect(calls.listener.all('lost').map(({ loss }) => loss)).toEqual([
      { code: 'stalled', retryable: false, detail: 'the agent did not read for 5 s' },
    ]);
    const dropped = wire.callerAudioDroppedMs;
    expect(dropped).toBeGreaterThan(4000);
    wire.callerAudio(pcm, 0);
    expect(wire.callerAudioDroppedMs).toBe(dropped);
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
    for (let i = 0; i < 1000 && !calls.listener.types.includes('lost'); i += 1) wire.marked(name, false);
    expect(calls.listener.events.at(-1)).toMatchObject({ type: 'lost', loss: { code: 'stalled' } });
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
    expect(calls.listener.events.at(-1)).toMatchObject({
      type: 'lost',
      loss: { code: 'socket_lost', retryable: true },
    });
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
  it.each([
    [1002, 'protocol_error', false],
    [1008, 'unauthorized', false],
    [1012, 'socket_lost', true],
    [4000, 'agent_error', false],
  ] as const)('with close code %i is lost with %s', async (code, failure, retryable) => {
    const { connection } = await calls.ready();
    connection.close(code);
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: failure, retryable });
  });

  it('without a word is lost, says so once, and leaves nothing behind', async () => {
    const { wire, connection } = await calls.answered();
    connection.drop();
    expect((await calls.listener.next('lost')).loss).toMatchObject({ code: 'socket_lost', retryable: true });
    wire.callerAudio(new Int16Array(320), 0);
    wire.marked('lost', false);
    await wire.callEnded('agent_lost');
    expect(vi.getTimerCount()).toBe(0);
    expect(calls.agent.connectionCount).toBe(1);
    expect(calls.listener.types).toEqual(['ready', 'lost']);
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
