import { expect, test } from 'vitest';
import {
  actionsOf,
  agentFailed,
  agentHangup,
  closed,
  mediaFailed,
  no,
  ok,
  policy,
  promptPolicy,
  quality,
  T0,
  TestCall,
  terminate,
  terminateAfter,
} from '../../support/call.ts';

test('an agent that hangs up with drain is played to its end, then one terminate', () => {
  const call = TestCall.in('connected');
  expect(actionsOf(call.feed(agentHangup(T0 + 5_000, true, 'done')))).toEqual(['media.drain']);
  expect(actionsOf(call.feed({ type: 'media.drained', at: T0 + 6_200 }))).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 6_300).endings).toEqual([
    { class: 'completed', reason: 'agent_hangup', endedBy: 'agent', detail: 'done' },
  ]);
  expect(call.record.durationSeconds).toBe(5);
});

test('a drain that does not end is cut after 30 s', () => {
  const call = TestCall.in('draining');
  expect(call.deadline).toBe(T0 + 600 + 30_000);
  expect(actionsOf(call.wake())).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 31_000).ended).toBe('completed/agent_hangup/agent');
});

test('an agent that hangs up without drain ends the call at once', () => {
  const call = TestCall.in('connected');
  expect(actionsOf(call.feed(agentHangup(T0 + 5_000, false)))).toEqual(['graph.terminate', 'media.close']);
});

test('an agent’s reason that is more than a word stays out of the record', () => {
  const call = TestCall.in('connected');
  call.feed(agentHangup(T0 + 5_000, false, 'the caller is 14085550000'));
  expect(JSON.stringify(call.confirm(T0 + 5_100).effects)).not.toContain('14085550000');
});

test('while the last words play, a leg or agent that breaks does not turn the ending into a dropped one', () => {
  for (const input of [
    mediaFailed(T0 + 700, 'media_lost'),
    mediaFailed(T0 + 700, 'thread_died'),
    { type: 'media.silent', silentMs: 30_000, at: T0 + 700 } as const,
    closed(T0 + 700),
  ]) {
    const call = TestCall.in('draining');
    expect(actionsOf(call.feed(agentFailed(T0 + 650, 'socket_lost')))).toEqual([]);
    expect(actionsOf(call.feed(input))).toEqual(['graph.terminate', 'media.close']);
    expect(call.confirm(T0 + 800).ended).toBe('completed/agent_hangup/agent');
  }
});

test('a user who hangs up during the last words ended the call', () => {
  const call = TestCall.in('draining');
  expect(actionsOf(call.feed(terminateAfter(T0 + 2_000, 1)))).toEqual(['media.close']);
  expect(call.confirm(T0 + 2_100).ended).toBe('completed/user_hangup/user');
});

test('the API hangs up an answered call: terminate, completed', () => {
  const call = TestCall.in('connected');
  expect(actionsOf(call.feed({ type: 'api.hangup', at: T0 + 4_000 }))).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 4_100).ended).toBe('completed/api_hangup/api');
});

test.each([
  ['new', ['graph.reject']],
  ['offered', ['graph.reject', 'media.close']],
  ['pre-accepting', ['graph.reject', 'media.close']],
  ['waiting', ['graph.terminate', 'media.close']],
] as const)('the API rejects a call that is %s', (phase, actions) => {
  const call = TestCall.in(phase);
  expect(actionsOf(call.feed({ type: 'api.hangup', at: T0 + 450 }))).toEqual(actions);
  expect(call.confirm(T0 + 500).ended).toBe('rejected/api_reject/api');
});

test('a service that stops completes answered calls and rejects the others', () => {
  for (const [phase, ended] of [
    ['new', 'rejected/draining/bridge'],
    ['waiting', 'rejected/draining/bridge'],
    ['connected', 'completed/service_drained/bridge'],
    ['draining', 'completed/service_drained/bridge'],
  ] as const) {
    const call = TestCall.in(phase);
    call.feed({ type: 'service.drained', at: T0 + 900 });
    expect(call.confirm(T0 + 950).ended).toBe(ended);
    expect(call.count('graph.terminate') + call.count('graph.reject')).toBe(1);
  }
});

test('a call that reaches its longest duration: terminate, completed', () => {
  const call = TestCall.in('connected', policy({ maxDurationMs: 60_000 }));
  expect(call.deadline).toBe(T0 + 500 + 60_000);
  expect(actionsOf(call.wake())).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 60_600).ended).toBe('completed/max_duration/bridge');
  expect(call.record.durationSeconds).toBe(60);
});

test('the limit on the length holds for a prompt too', () => {
  const call = TestCall.in('connected', promptPolicy({ agents: [], maxDurationMs: 5_000 }));
  call.wake();
  expect(call.confirm(T0 + 6_000).ended).toBe('completed/max_duration/bridge');
});

test('an ending that nobody confirms is closed after 15 s', () => {
  const call = TestCall.in('connected');
  call.feed({ type: 'api.hangup', at: T0 + 4_000 });
  expect(call.deadline).toBe(T0 + 19_000);
  expect(actionsOf(call.wake())).toEqual([]);
  expect(call.isOver).toBe(true);
  expect(call.record).toMatchObject({ endedAt: T0 + 4_000, quality: null });
  expect(call.deadline).toBeNull();
});

test('an ending waits for both, Graph and the leg, in either order', () => {
  for (const confirmations of [
    [ok(T0 + 4_100, 'terminate'), closed(T0 + 4_200)],
    [closed(T0 + 4_100), no(T0 + 4_200, 'terminate', 'gone')],
  ]) {
    const call = TestCall.in('connected');
    call.feed({ type: 'api.hangup', at: T0 + 4_000 }, ...confirmations.slice(0, 1));
    expect(call.isOver).toBe(false);
    call.feed(...confirmations.slice(1));
    expect(call.isOver).toBe(true);
    expect(call.record.quality).toEqual(quality());
  }
});

test('Meta’s terminate of a call that we ended gives its duration, before or after the call is closed', () => {
  for (const late of [true, false]) {
    const call = TestCall.in('connected');
    call.feed({ type: 'api.hangup', at: T0 + 4_000 });
    if (late) call.confirm(T0 + 4_100);
    call.feed(terminateAfter(T0 + 6_000, 4));
    if (!late) call.confirm(T0 + 6_100);
    expect(call.record.durationSeconds).toBe(4);
    expect(call.ended).toBe('completed/api_hangup/api');
  }
});

test('a second end changes nothing', () => {
  const call = TestCall.in('connected');
  call.feed(agentHangup(T0 + 1_000, false));
  const effects = call.feed(
    { type: 'api.hangup', at: T0 + 1_001 },
    agentHangup(T0 + 1_002, true),
    mediaFailed(T0 + 1_003, 'media_lost'),
    { type: 'service.drained', at: T0 + 1_004 },
    terminate(T0 + 1_005, { status: 'FAILED' }),
  );
  expect(actionsOf(effects)).toEqual([]);
  expect(call.confirm(T0 + 1_100).ended).toBe('completed/agent_hangup/agent');
});

test('a leg that reports its end twice is counted once', () => {
  const call = TestCall.in('connected');
  call.feed(
    { type: 'api.hangup', at: T0 + 4_000 },
    closed(T0 + 4_100),
    closed(T0 + 4_200, null),
    ok(T0 + 4_300, 'terminate'),
  );
  expect(call.record.quality).toEqual(quality());
});
