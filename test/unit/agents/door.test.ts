import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { ThreadDoor } from '../../../src/agents/index.ts';
import { agentCallUrl } from '../../../src/calls-api/doors/agent-door-routes.ts';
import { AgentEntrance, LINE_TOKEN } from '../../support/agent-entrance.ts';
import { callContext } from '../../support/call-context.ts';

let entrance: AgentEntrance;

beforeEach(async () => {
  entrance = await AgentEntrance.open();
});

afterEach(async () => {
  await entrance.close();
});

function callUrl(token: string): string {
  return `${entrance.origin}/agents/v1/calls/${token}`;
}

/** The port and path at which the media thread waits for the call that was offered last. */
function insideUrl(): string {
  const invite = entrance.reports.findLast((report) => report.type === 'invite')!;
  return `ws://127.0.0.1:${invite.port}/${invite.token}`;
}

describe('an agent that dials the bridge', () => {
  it('is told of a call over its line, dials it, and has it as any other agent', async () => {
    const line = await entrance.line();
    expect(line.messages).toEqual([{ type: 'hello', agent: { id: 'agent-1', name: 'Front desk' } }]);
    const wire = entrance.wire({ connectTimeoutMs: 7_000 }, callContext({ attempt: 1 }));
    const call = await line.hear('call');
    expect(call).toEqual({
      type: 'call',
      call: { id: '00000000-0000-4000-8000-000000000001' },
      url: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/agents\/v1\/calls\/[\w-]{32}$/),
      expires_at: '2026-11-20T12:00:07.000Z',
    });
    const agent = await entrance.dial(String(call['url']));
    expect(await agent.hear('start')).toMatchObject({ version: 1, reconnect: 1 });
    await entrance.listener.next('ready');
    wire.start();
    await agent.hear('answered');
    for (const value of [1, -2, 300]) wire.callerAudio(new Int16Array(320).fill(value), 0);
    for (const value of [1, -2, 300]) {
      const heard = await agent.hearSound();
      expect([heard.length, heard.readInt16LE(0), heard.readInt16LE(638)]).toEqual([640, value, value]);
    }
    agent.sound(new Int16Array(40_000).fill(-7));
    const { samples } = await entrance.listener.next('audio');
    expect([samples.length, samples[0], samples[39_999]]).toEqual([40_000, -7, -7]);
    const ended = wire.callEnded('user_hangup');
    expect(await agent.hear('end')).toMatchObject({ reason: 'user_hangup' });
    expect(await agent.closed).toEqual({ code: 1000, reason: 'call ended' });
    await ended;
    expect(line.messages.map((message) => message['type'])).toEqual(['hello', 'call']);
    expect(entrance.lines.isOpen('agent-1')).toBe(true);
  });

  it('may have its token in the query', async () => {
    const opened = await entrance.websocket(`${entrance.origin}/agents/v1/line?token=${LINE_TOKEN}`);
    expect(opened).toBeInstanceOf(WebSocket);
    expect((opened as WebSocket).protocol).toBe('talkwire.raw.v1');
    expect((opened as WebSocket).extensions).toBe('');
  });

  it.each([[null], ['a-guess'], ['']])('has no line with the token %s', async (token) => {
    expect(await entrance.websocket(`${entrance.origin}/agents/v1/line`, token)).toBe(401);
    expect(entrance.lines.isOpen('agent-1')).toBe(false);
  });

  it('is chosen its subprotocol on a call, and no compression', async () => {
    const line = await entrance.line();
    entrance.wire();
    const socket = await entrance.websocket(String((await line.hear('call'))['url']));
    expect((socket as WebSocket).protocol).toBe('talkwire.raw.v1');
    expect((socket as WebSocket).extensions).toBe('');
  });

  it('is not connected, at once, without a line', async () => {
    entrance.wire();
    expect((await entrance.listener.next('lost')).loss).toEqual({
      code: 'not_connected',
      retryable: true,
      detail: 'the agent has no line open to the bridge',
    });
  });

  it('is not connected where the line is another agent’s', async () => {
    await entrance.line();
    entrance.wire({ id: 'agent-2' });
    expect((await entrance.listener.next('lost')).loss.code).toBe('not_connected');
  });

  it('hangs up by closing, through the splice, with its reason', async () => {
    const line = await entrance.line();
    entrance.wire();
    const agent = await entrance.take(line);
    await entrance.listener.next('ready');
    agent.close(1000, 'goodbye');
    expect(await entrance.listener.next('hangup')).toMatchObject({ drain: true, reason: 'goodbye' });
  });

  it.each([
    ['closes with a code of its own', 4000, 'agent_error'],
    ['is killed', null, 'socket_lost'],
  ] as const)('is lost when it %s', async (_what, code, failure) => {
    const line = await entrance.line();
    entrance.wire();
    const agent = await entrance.take(line);
    await entrance.listener.next('ready');
    if (code === null) agent.drop();
    else agent.close(code);
    expect((await entrance.listener.next('lost')).loss.code).toBe(failure);
  });

  it('sees the end of the connection when the media thread drops it', async () => {
    const line = await entrance.line();
    const wire = entrance.wire();
    const agent = await entrance.take(line);
    await entrance.listener.next('ready');
    wire.abort();
    expect((await agent.closed).code).toBe(1006);
  });

  it('hears whole frames in order after it did not read, though nothing copies them on their way out', async () => {
    await entrance.line();
    const wire = entrance.wire();
    while (entrance.reports.length === 0) await turn();
    // Past the splice: what waits, waits in the bridge's own socket.
    const agent = await entrance.dial(insideUrl());
    await entrance.listener.next('ready');
    wire.start();
    await agent.hear('answered');
    agent.stopReading();
    const pcm = new Int16Array(320);
    let frames = 0;
    const push = () => {
      wire.callerAudio(pcm.fill(frames % 30_000), frames * 20);
      frames += 1;
    };
    while (wire.callerAudioDroppedMs < 1000 && frames < 60_000) push();
    expect(wire.callerAudioDroppedMs).toBe(1000);
    agent.readAgain();
    while (agent.soundsWaiting < frames - 50 - 20) await turn();
    await agent.settle();
    push();
    while (agent.soundsWaiting < frames - 50) await turn();
    let missing = 0;
    for (let i = 0; i < frames - 50; i += 1) {
      const heard = await agent.hearSound();
      if (missing === 0 && heard.readInt16LE(0) !== i % 30_000) missing = 50;
      const value = (i + missing) % 30_000;
      if (heard.readInt16LE(0) !== value || heard.readInt16LE(638) !== value) expect.fail(`frame ${i} is torn or lost`);
    }
    expect(missing).toBe(50);
  });
});

describe('the URL of a call', () => {
  it('works once', async () => {
    const line = await entrance.line();
    entrance.wire();
    const url = String((await line.hear('call'))['url']);
    await entrance.dial(url);
    expect(await entrance.websocket(url)).toBe(404);
    await entrance.listener.next('ready');
  });

  it('does not work when it was guessed', async () => {
    await entrance.line();
    entrance.wire();
    for (const token of ['', 'x', 'A'.repeat(32), `${'A'.repeat(32)}/x`, '%00', 'A'.repeat(5_000)]) {
      expect(await entrance.websocket(callUrl(token))).toBe(404);
    }
    expect(entrance.listener.events).toEqual([]);
  });

  it('does not work when the call was withdrawn, which the agent is told', async () => {
    const line = await entrance.line();
    const wire = entrance.wire();
    const call = await line.hear('call');
    wire.abort();
    expect(await line.hear('call_withdrawn')).toEqual({ type: 'call_withdrawn', call: call['call'] });
    expect(await entrance.websocket(String(call['url']))).toBe(404);
    expect(await entrance.websocket(insideUrl())).toBe(404);
    expect(entrance.listener.events).toEqual([]);
  });

  it('is withdrawn when the call ends before the agent came', async () => {
    const line = await entrance.line();
    const wire = entrance.wire();
    await line.hear('call');
    await wire.callEnded('caller_gave_up');
    await line.hear('call_withdrawn');
  });

  it('does not work when it expired, also if nobody withdrew it', async () => {
    const line = await entrance.line();
    entrance.wire({ connectTimeoutMs: 5_000 });
    const url = String((await line.hear('call'))['url']);
    entrance.now += 5_000;
    expect(await entrance.websocket(url)).toBe(404);
  });

  it('is not burnt by a request that asks for no websocket', async () => {
    const line = await entrance.line();
    entrance.wire();
    const url = String((await line.hear('call'))['url']);
    expect((await fetch(url.replace(/^ws/, 'http'))).status).toBe(404);
    expect((await fetch(insideUrl().replace(/^ws/, 'http'))).status).toBe(404);
    await entrance.dial(url);
    await entrance.listener.next('ready');
  });

  it('is made of the public URL, or else of the host by which the agent reached us', () => {
    expect(agentCallUrl('https://bridge.test/base/')('T', 'inside:8080')).toBe(
      'wss://bridge.test/base/agents/v1/calls/T',
    );
    expect(agentCallUrl('http://bridge.test')('T', undefined)).toBe('ws://bridge.test/agents/v1/calls/T');
    expect(agentCallUrl(null)('T', 'inside:8080')).toBe('ws://inside:8080/agents/v1/calls/T');
  });
});

describe('the splice', () => {
  /** A media thread that does with a connection what the test wants; returns the agent's socket to it, not read from. */
  async function spliced(inside: (socket: Socket) => void): Promise<Socket> {
    const server = createServer(inside);
    onTestFinished(() => void server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const line = await entrance.line();
    const token = 'T'.repeat(32);
    entrance.lines.onDoor(1, { type: 'invite', token, agentId: 'agent-1', key: '1', port, waitMs: 5_000 });
    const url = new URL(String((await line.hear('call'))['url']));
    const socket = connect(Number(url.port), url.hostname).pause();
    onTestFinished(() => void socket.destroy());
    socket.write(
      `GET ${url.pathname} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nX-Odd: \xe9\r\n\r\n`,
      'latin1',
    );
    return socket;
  }

  it('hands the request on as it is but for its path, and what came with it', async () => {
    const heard = new Promise<string>((resolve) => {
      void spliced((socket) => socket.once('data', (data) => resolve(data.toString('latin1'))));
    });
    expect(await heard).toBe(
      `GET /${'T'.repeat(32)} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nX-Odd: \xe9\r\n\r\n`,
    );
  });

  it('loses nothing of what one end said before it went', async () => {
    const whole = 16 * 1024 * 1024 + 100;
    const agent = await spliced((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(Buffer.alloc(whole)));
    });
    let heard = 0;
    // It reads slower than the other end writes, so that the last of it waits in the splice.
    agent.resume().on('data', (data) => {
      heard += data.length;
      agent.pause();
      setTimeout(() => agent.resume(), 1);
    });
    await once(agent, 'close');
    expect(heard).toBe(whole);
  });

  it('ends when the media thread is not there', async () => {
    const agent = await spliced((socket) => socket.destroy());
    agent.resume();
    await once(agent, 'close');
  });

  it('ends when nothing is sent any more', async () => {
    await entrance.close();
    entrance = await AgentEntrance.open(50);
    const gone = new Promise<void>((resolve) => {
      void spliced((socket) => socket.resume().on('close', () => resolve())).then((agent) => agent.resume());
    });
    await gone;
  });
});

describe('the HTTP server', () => {
  it('refuses every other websocket', async () => {
    for (const path of ['/', '/agents/v1/lines', '/agents/v1/line/x', '/echo', '//', '/agents/v1/calls']) {
      expect(await entrance.websocket(`${entrance.origin}${path}`, LINE_TOKEN)).toBe(404);
    }
  });

  it('answers a line that is asked for wrongly, and goes on', async () => {
    const head = [
      'GET /agents/v1/line HTTP/1.1',
      'Host: x',
      'Connection: upgrade',
      `Authorization: Bearer ${LINE_TOKEN}`,
    ];
    const wrong = await entrance.answerTo(`${[...head, 'Upgrade: websocket'].join('\r\n')}\r\n\r\n`);
    expect(wrong).toMatch(/^HTTP\/1\.1 400 /);
    await entrance.line();
  });

  it('serves a client that offers HTTP/2 in passing', async () => {
    const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const headers = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'Content-Type': 'application/json' };
      const asked = request(`${entrance.origin}/echo`, { method: 'POST', headers }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      asked.on('error', reject);
      asked.end('{"a":1}');
    });
    expect([status, body]).toEqual([200, '{"a":1}']);
  });

  it('closes with lines and calls open, which are ended', async () => {
    const line = await entrance.line();
    entrance.wire();
    const agent = await entrance.take(line);
    await entrance.listener.next('ready');
    await entrance.closeServer();
    expect(await line.closed).toEqual({ code: 1001, reason: 'the bridge goes away' });
    expect((await agent.closed).code).toBe(1006);
    expect((await entrance.listener.next('lost')).loss.code).toBe('socket_lost');
    expect(entrance.lines.admit(LINE_TOKEN)).toBeNull();
  });
});

describe('the door of a media thread', () => {
  const invitation = { agentId: 'agent-1', key: 'call-1', waitMs: 5_000, onSocket: () => {} };

  it('says that nobody is there while it is not open, after the invitation was made', async () => {
    const door = new ThreadDoor(() => expect.fail('nothing to report'));
    const said: string[] = [];
    const absent = new Promise<void>((resolve) => {
      door.invite({
        ...invitation,
        onAbsent: () => {
          said.push('absent');
          resolve();
        },
      });
    });
    said.push('invited');
    await absent;
    expect(said).toEqual(['invited', 'absent']);
  });

  it('makes a token for each invitation, and withdraws each once', () => {
    const withdraw = entrance.door.invite({ ...invitation, onAbsent: () => {} });
    entrance.door.invite({ ...invitation, onAbsent: () => {} });
    withdraw();
    withdraw();
    const [first, second, ...rest] = entrance.reports;
    expect(first).toMatchObject({ type: 'invite', agentId: 'agent-1', key: 'call-1', waitMs: 5_000 });
    expect(Buffer.from(first!.token, 'base64url')).toHaveLength(24);
    expect(second!.token).not.toBe(first!.token);
    expect(rest).toEqual([{ type: 'withdraw', token: first!.token }]);
  });
});
