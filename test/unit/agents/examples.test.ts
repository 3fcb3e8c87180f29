import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startEchoAgent } from '../../../examples/echo-agent.ts';
import { startToneAgent } from '../../../examples/tone-agent.ts';
import { createAgentWire } from '../../../src/agents/index.ts';
import type { AgentTarget } from '../../../src/call/index.ts';
import { RecordingAgentListener } from '../../support/agent-listener.ts';
import { agentTarget } from '../../support/call.ts';
import { callContext } from '../../support/call-context.ts';

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of cleanUp.splice(0)) await end();
});

async function call(url: string, overrides: Partial<AgentTarget> = {}) {
  const listener = new RecordingAgentListener();
  const wire = createAgentWire(agentTarget({ url, ...overrides }), callContext(), listener);
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
    for (const value of [1, 2, 3]) wire.callerAudio(new Int16Array(320).fill(value), 0, false);
    for (const value of [1, 2, 3]) expect((await listener.next('audio')).samples).toEqual(Array(320).fill(value));
  });

  it('takes its token from header or query, and refuses without', async () => {
    const { url } = await echo({ token: 'secret' });
    await (await call(url, { token: 'secret', tokenIn: 'header' })).listener.next('ready');
    await (await call(url, { token: 'secret', tokenIn: 'query' })).listener.next('ready');
    expect((await (await call(url)).listener.next('failed')).code).toBe('unauthorized');
    expect((await (await call(url, { token: 'guess' })).listener.next('failed')).code).toBe('unauthorized');
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
    const sounds = listener.events.filter((event) => event.type === 'audio');
    expect(sounds.map((sound) => sound.samples.length)).toEqual(Array(10).fill(sampleRate / 50));
    expect(new Set(sounds.map((sound) => sound.itemId))).toEqual(new Set(['tone']));
    const samples = sounds.flatMap((sound) => sound.samples);
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
