import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startEchoAgent } from '../../../examples/echo-agent.ts';
import { startNatAgent } from '../../../examples/nat-agent.ts';
import { startToneAgent } from '../../../examples/tone-agent.ts';
import { createAgentWire } from '../../../src/agents/index.ts';
import { AgentEntrance, LINE_TOKEN } from '../../support/agent-entrance.ts';
import { callContext } from '../../support/call-context.ts';
import { type RawDifferences, rawTarget } from '../../support/raw-calls.ts';
import { RecordingWireListener, wireServices } from '../../support/wire-listener.ts';

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of cleanUp.splice(0)) await end();
});

async function call(url: string, differences: RawDifferences = {}) {
  const listener = new RecordingWireListener();
  const wire = createAgentWire(rawTarget(url, differences), callContext(), listener, wireServices());
  cleanUp.unshift(() => wire.abort());
  wire.connect();
  return { wire, listener };
}

async function echo(options: { readonly delayMs?: number; readonly token?: string } = {}) {
  const agent = await startEchoAgent({ port: 0, host: '127.0.0.1', ...options });
  cleanUp.push(agent.close);
  return agent;
}

async function tone(options: { readonly seconds?: number; readonly hangupAfter?: number } = {}) {
  const agent = await startToneAgent({ port: 0, host: '127.0.0.1', ...options });
  cleanUp.push(agent.close);
  return agent;
}

describe('the echo agent', () => {
  it.each([{}, { delayMs: 30 }])('repeats what it hears (%o)', async (options) => {
    const { wire, listener } = await call((await echo(options)).url);
    await listener.next('ready');
    wire.start();
    for (const value of [1, 2, 3]) wire.callerAudio(new Int16Array(320).fill(value), 0);
    for (const value of [1, 2, 3]) expect([...(await listener.next('audio')).samples]).toEqual(Array(320).fill(value));
  });

  it('takes its token from header or query, and refuses without', async () => {
    const { url } = await echo({ token: 'secret' });
    await (await call(url, { token: 'secret', tokenIn: 'header' })).listener.next('ready');
    await (await call(url, { token: 'secret', tokenIn: 'query' })).listener.next('ready');
    expect((await (await call(url)).listener.next('lost')).loss.code).toBe('unauthorized');
    expect((await (await call(url, { token: 'guess' })).listener.next('lost')).loss.code).toBe('unauthorized');
  });

  it('outlives a stranger who sends text that is no JSON', async () => {
    const { url } = await echo();
    const stranger = new WebSocket(url);
    await once(stranger, 'open');
    for (const text of ['{', 'null', '7']) stranger.send(text);
    const heard = once(stranger, 'message');
    stranger.send(JSON.stringify({ type: 'start' }));
    expect(String((await heard)[0])).toBe('{"type":"ready"}');
    stranger.close();
  });

  it('says so when its port is taken', async () => {
    const { url } = await echo();
    await expect(startEchoAgent({ port: Number(new URL(url).port), host: '127.0.0.1' })).rejects.toThrow('EADDRINUSE');
  });
});

describe('the tone agent', () => {
  it.each([8000, 16000, 24000, 48000] as const)('plays 440 Hz at %i Hz, then marks', async (sampleRate) => {
    const { wire, listener } = await call((await tone({ seconds: 0.2 })).url, { sampleRate });
    await listener.next('ready');
    wire.start();
    await listener.next('mark');
    const sounds = listener.all('audio');
    expect(sounds.map((sound) => sound.samples.length)).toEqual(Array(10).fill(sampleRate / 50));
    expect(new Set(sounds.map((sound) => sound.itemId))).toEqual(new Set(['tone']));
    const samples = sounds.flatMap((sound) => [...sound.samples]);
    const rises = samples.filter((sample, i) => i > 0 && samples[i - 1]! < 0 && sample >= 0).length;
    expect(rises).toBeGreaterThanOrEqual(87);
    expect(rises).toBeLessThanOrEqual(88);
    expect(Math.max(...samples)).toBeGreaterThan(7900);
  });

  it('falls silent and clears when a key is pressed', async () => {
    const { wire, listener } = await call((await tone({ seconds: 60 })).url);
    await listener.next('ready');
    wire.start();
    await listener.next('audio');
    wire.callerDtmf('1', 100);
    await listener.next('clear');
    expect(listener.types).not.toContain('mark');
  });

  it('hangs up when its time is up', async () => {
    const { wire, listener } = await call((await tone({ seconds: 60, hangupAfter: 0.05 })).url);
    await listener.next('ready');
    wire.start();
    expect(await listener.next('hangup')).toMatchObject({ drain: true });
  });
});

describe('the agent behind NAT', () => {
  async function dialled(options: { readonly token?: string } = {}) {
    const entrance = await AgentEntrance.open();
    cleanUp.push(() => entrance.close());
    const states: string[] = [];
    let wake = () => {};
    const agent = startNatAgent({
      bridge: `${entrance.origin.replace(/^http/, 'ws')}/`,
      token: LINE_TOKEN,
      onLine: (state) => {
        states.push(state);
        wake();
      },
      ...options,
    });
    cleanUp.unshift(agent.close);
    const reach = async (...expected: string[]) => {
      while (states.length < expected.length) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      expect(states).toEqual(expected);
    };
    return { entrance, reach };
  }

  it('dials the bridge, takes its calls and repeats what it hears', async () => {
    const { entrance, reach } = await dialled();
    await reach('open');
    const wire = entrance.wire();
    await entrance.listener.next('ready');
    wire.start();
    for (const value of [1, 2]) wire.callerAudio(new Int16Array(320).fill(value), 0);
    for (const value of [1, 2]) expect((await entrance.listener.next('audio')).samples[319]).toBe(value);
    await wire.callEnded('user_hangup');
  });

  it('opens its line again when it is lost', async () => {
    const { entrance, reach } = await dialled();
    await reach('open');
    // A token that does not hold when a call comes ends the line.
    entrance.tokens.clear();
    entrance.wire();
    await reach('open', 'lost');
    entrance.tokens.set(LINE_TOKEN, { id: 'agent-1', name: 'Front desk' });
    await reach('open', 'lost', 'open');
  });

  it('goes on asking where it is not known', async () => {
    const { reach } = await dialled({ token: 'unknown' });
    await reach('lost', 'lost');
  });
});
