import { expect, test } from 'vitest';
import type { Input } from '../../../src/call/index.ts';
import {
  actionsOf,
  agentReady,
  agentReconnecting,
  agentSpoke,
  connect,
  mediaConnected,
  OFFER,
  ok,
  opened,
  promptPolicy,
  T0,
  TestCall,
  terminate,
} from '../../support/call.ts';

test('a timer that comes early changes nothing, and the deadline stays', () => {
  const call = TestCall.in('offered');
  const deadline = call.deadline ?? 0;
  expect(call.feed({ type: 'timer', at: deadline - 1 })).toEqual([]);
  expect(call.deadline).toBe(deadline);
});

test('a second copy of everything does nothing twice', () => {
  const call = new TestCall();
  for (const input of [
    connect(T0),
    opened(T0 + 1),
    agentReady(T0 + 2),
    ok(T0 + 3, 'pre_accept'),
    mediaConnected(T0 + 4),
    ok(T0 + 5, 'accept'),
  ]) {
    call.feed(input, input);
  }
  expect(call.phase).toBe('connected');
  const calls = call.actions;
  expect(new Set(calls).size).toBe(calls.length);
});

test('an ignored input leaves a line that names it and says why', () => {
  const call = TestCall.in('offered');
  expect(call.feed(connect(T0 + 10))).toEqual([
    {
      type: 'log.append',
      event: { at: T0 + 10, type: 'ignored', data: { input: 'meta.connect', reason: 'means_nothing_when_offered' } },
    },
  ]);
});

test('ignored inputs cannot flood the timeline', () => {
  const call = TestCall.in('offered');
  for (let index = 0; index < 1_000; index += 1) call.feed(connect(T0 + index));
  expect(call.timeline.filter((type) => type === 'ignored')).toHaveLength(20);
});

test('neither can key presses, nor an agent that comes and goes', () => {
  const call = TestCall.in('connected');
  for (let at = T0 + 1_000; at < T0 + 2_000; at += 1) {
    call.feed({ type: 'media.dtmf', digit: '5', durationMs: 100, at });
    call.feed(agentReconnecting(at), agentReady(at));
  }
  expect(call.timeline.length).toBeLessThan(250);
  expect(call.phase).toBe('connected');
});

test('a key press is logged without its digit', () => {
  const call = TestCall.in('connected');
  const effects = call.feed({ type: 'media.dtmf', digit: '7', durationMs: 120, at: T0 + 900 });
  expect(effects).toEqual([
    { type: 'log.append', event: { at: T0 + 900, type: 'dtmf_received', data: { durationMs: 120 } } },
  ]);
});

test('the first sound of each side is logged once', () => {
  const call = TestCall.in('connected');
  for (const at of [T0 + 600, T0 + 700]) call.feed({ type: 'media.heard', at }, agentSpoke(at));
  expect(call.timeline.filter((type) => type === 'media_heard' || type === 'agent_spoke')).toHaveLength(2);
});

test('an input of a kind that does not exist is ignored', () => {
  for (const phase of ['new', 'offered', 'waiting', 'accepting', 'connected', 'draining'] as const) {
    const call = TestCall.in(phase);
    expect(actionsOf(call.feed({ type: 'meta.invented', at: T0 + 700 } as unknown as Input))).toEqual([]);
    expect(call.phase).toBe(phase);
  }
});

test('after the end nothing changes but the log', () => {
  const call = TestCall.in('new');
  call.feed(terminate(T0));
  const state = call.call.state;
  call.feed(connect(T0 + 1), opened(T0 + 2), ok(T0 + 3, 'accept'), { type: 'api.hangup', at: T0 + 4 });
  expect(call.call.state).toEqual(state);
  expect(call.deadline).toBeNull();
});

test('no SDP and no name of the user reaches the log', () => {
  const call = TestCall.in('connected', promptPolicy());
  call.confirm(T0 + 900);
  const written = JSON.stringify(call.effects.filter((effect) => effect.type.startsWith('log.')));
  for (const secret of [OFFER, 'v=0', 'user-1', 'Ana']) expect(written).not.toContain(secret);
});
