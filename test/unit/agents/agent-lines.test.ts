import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentEntrance, LINE_TOKEN } from '../../support/agent-entrance.ts';
import { callContext } from '../../support/call-context.ts';
import type { RawAgentConnection } from '../../support/raw-agent.ts';

let entrance: AgentEntrance;

beforeEach(async () => {
  // Sockets are real, time is not: a second passes when the test says so.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  entrance = await AgentEntrance.open();
});

afterEach(async () => {
  await entrance.close();
  vi.useRealTimers();
});

function ring(id: string) {
  return entrance.wire({}, callContext({ identity: { id } }));
}

async function callOn(line: RawAgentConnection): Promise<unknown> {
  return (await line.hear('call'))['call'];
}

/** Until the bridge noticed. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

describe('several lines of one agent', () => {
  it('are told of calls in turn', async () => {
    const [first, second] = [await entrance.line(), await entrance.line()];
    for (const id of ['1', '2', '3', '4']) ring(id);
    expect([await callOn(first), await callOn(first)]).toEqual([{ id: '1' }, { id: '3' }]);
    expect([await callOn(second), await callOn(second)]).toEqual([{ id: '2' }, { id: '4' }]);
  });

  it('stand in for each other: a call is offered again with the same URL when its line is lost', async () => {
    const [first, second] = [await entrance.line(), await entrance.line()];
    ring('1');
    const offered = await first.hear('call');
    first.drop();
    expect(await second.hear('call')).toEqual(offered);
    const agent = await entrance.dial(String(offered['url']));
    await agent.hear('start');
    expect(entrance.lines.isOpen('agent-1')).toBe(true);
  });

  it('do not take back a call that was taken', async () => {
    const [first, second] = [await entrance.line(), await entrance.line()];
    const wire = ring('1');
    const agent = await entrance.take(first);
    await entrance.listener.next('ready');
    first.drop();
    ring('2');
    expect(await callOn(second)).toEqual({ id: '2' });
    wire.start();
    await agent.hear('answered');
    expect(entrance.listener.types).toEqual(['ready']);
  });
});

describe('a line', () => {
  it('that is lost before its call was taken leaves the agent not connected', async () => {
    const line = await entrance.line();
    ring('1');
    await line.hear('call');
    line.close(1000);
    expect((await entrance.listener.next('lost')).loss.code).toBe('not_connected');
    expect(entrance.lines.isOpen('agent-1')).toBe(false);
  });

  it('may be opened again', async () => {
    (await entrance.line()).close(1000);
    await until(() => !entrance.lines.isOpen('agent-1'));
    const line = await entrance.line();
    ring('1');
    expect(await callOn(line)).toEqual({ id: '1' });
  });

  it('is pinged every 5 s, and lives on answers', async () => {
    const line = await entrance.line();
    for (let i = 0; i < 6; i += 1) {
      vi.advanceTimersByTime(5_000);
      await line.hearPing();
      for (let turns = 0; turns < 5; turns += 1) await turn();
    }
    expect(entrance.lines.isOpen('agent-1')).toBe(true);
  });

  it('that is half open is dropped 15 s after the first ping without an answer', async () => {
    const line = await entrance.line();
    line.stopReading();
    vi.advanceTimersByTime(19_999);
    expect(entrance.lines.isOpen('agent-1')).toBe(true);
    vi.advanceTimersByTime(1);
    expect(entrance.lines.isOpen('agent-1')).toBe(false);
    ring('1');
    expect((await entrance.listener.next('lost')).loss.code).toBe('not_connected');
  });

  it('gets a ping in JSON once a websocket ping stays without answer', async () => {
    const line = await entrance.line();
    line.stopReading();
    vi.advanceTimersByTime(10_000);
    line.readAgain();
    expect(await line.hear('ping')).toEqual({ type: 'ping' });
  });

  it('whose token does not hold any more is closed, and told of no call', async () => {
    const line = await entrance.line();
    entrance.tokens.delete(LINE_TOKEN);
    entrance.tokens.set('another-token', { id: 'agent-1', name: 'Front desk' });
    const another = await entrance.line('another-token');
    ring('1');
    expect(await callOn(another)).toEqual({ id: '1' });
    expect((await line.closed).code).toBe(1008);
    expect(line.messages.map((message) => message['type'])).toEqual(['hello']);
  });

  it('of an agent that is gone from the bridge leaves it not connected', async () => {
    const line = await entrance.line();
    entrance.tokens.clear();
    ring('1');
    expect((await entrance.listener.next('lost')).loss.code).toBe('not_connected');
    expect((await line.closed).code).toBe(1008);
  });
});

describe('what is said on a line', () => {
  it('may be anything up to 64 KiB, and has no effect', async () => {
    const line = await entrance.line();
    const utterance = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom('{"type":"call"}', '{"type":"ping","id":"1"}', '{"type":"hello"}', 'x'.repeat(65_536)),
      fc.uint8Array({ maxLength: 2_000 }),
    );
    let calls = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(utterance, { maxLength: 20 }), async (utterances) => {
        for (const each of utterances) {
          if (typeof each === 'string') line.text(each);
          else line.sound(each);
        }
        calls += 1;
        const wire = ring(String(calls));
        expect(await callOn(line)).toEqual({ id: String(calls) });
        wire.abort();
      }),
      { numRuns: 100 },
    );
    expect(line.messages.map((message) => message['type']).filter((type) => !String(type).startsWith('call'))).toEqual([
      'hello',
    ]);
  });

  it('ends the line if it is longer', async () => {
    const line = await entrance.line();
    line.text('x'.repeat(65_537));
    expect((await line.closed).code).toBe(1009);
    await until(() => !entrance.lines.isOpen('agent-1'));
  });
});

describe('what is asked of the HTTP server', () => {
  it('may be anything, and it goes on', async () => {
    const line = await entrance.line();
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('websocket', 'upgrade', '13', LINE_TOKEN, 'Bearer', '/', '?token='),
    );
    const path = fc.oneof(
      word,
      fc
        .tuple(fc.constantFrom('/agents/v1/line', '/agents/v1/calls/', '//[', '/%'), word)
        .map((parts) => parts.join('')),
    );
    const header = fc
      .tuple(
        fc.constantFrom('Upgrade', 'Connection', 'Authorization', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version', 'Host'),
        word,
      )
      .map(([name, value]) => `${name}: ${value}`);
    await fc.assert(
      fc.asyncProperty(path, fc.array(header, { maxLength: 6 }), async (target, headers) => {
        const head = [`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: upgrade', 'Upgrade: websocket', ...headers];
        expect(await entrance.answerTo(`${head.join('\r\n')}\r\n\r\n`)).toMatch(/^$|^HTTP\/1\.1 4\d\d /);
      }),
      { numRuns: 200 },
    );
    ring('1');
    expect(await callOn(line)).toEqual({ id: '1' });
  });
});
