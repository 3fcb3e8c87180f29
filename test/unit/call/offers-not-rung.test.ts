import { expect, test } from 'vitest';
import {
  actionsOf,
  connect,
  identity,
  no,
  ok,
  opened,
  policy,
  T0,
  TestCall,
  terminate,
  terminateAfter,
} from '../../support/call.ts';

test('an offer older than 45 s does not ring: it is rejected and logged', () => {
  const call = new TestCall();
  const effects = call.feed(connect(T0, { timestamp: T0 - 45_001 }));

  expect(actionsOf(effects)).toEqual(['graph.reject']);
  call.feed(no(T0 + 100, 'reject', 'gone'));
  expect(call.isOver).toBe(true);
  expect(call.ended).toBe('rejected/stale_offer/bridge');
  expect(call.record).toMatchObject({ status: 'completed', durationSeconds: null, quality: null });
});

test('an offer of just 45 s, or from a clock ahead of ours, rings', () => {
  for (const timestamp of [T0 - 45_000, T0 + 5_000]) {
    const call = new TestCall();
    expect(actionsOf(call.feed(connect(T0, { timestamp })))).toContain('media.open');
  }
});

test('a refused reject of a call that never rang is not followed by a terminate', () => {
  const call = new TestCall();
  call.feed(connect(T0, { timestamp: T0 - 60_000 }), no(T0 + 100, 'reject', 'refused'));
  expect(call.isOver).toBe(true);
  expect(call.count('graph.terminate')).toBe(0);
});

test('a number without agent and prompt rejects without opening media', () => {
  const call = new TestCall(policy({ agents: [] }));
  expect(actionsOf(call.feed(connect(T0)))).toEqual(['graph.reject']);
  expect(call.confirm(T0 + 50).ended).toBe('rejected/no_agent/bridge');
});

test('terminate before connect ends the call unseen; the connect that follows does not ring', () => {
  const call = new TestCall();
  expect(actionsOf(call.feed(terminate(T0)))).toEqual([]);
  expect(call.isOver).toBe(true);
  expect(call.ended).toBe('missed/terminated_before_connect/user');

  expect(actionsOf(call.feed(connect(T0 + 500), opened(T0 + 600)))).toEqual([]);
  expect(call.endings).toHaveLength(1);
});

test.each(['at_capacity', 'draining'] as const)(
  'a call that admission refuses (%s) is rejected and never rings',
  (why) => {
    const call = new TestCall();
    expect(actionsOf(call.feed({ type: 'service.refused', why, at: T0 }, connect(T0)))).toEqual(['graph.reject']);
    expect(call.confirm(T0 + 50).ended).toBe(`rejected/${why}/bridge`);
  },
);

test('an inbound call that comes without an offer is rejected as such', () => {
  const call = new TestCall();
  expect(actionsOf(call.feed(connect(T0, { sdpType: 'answer' })))).toEqual(['graph.reject']);
  expect(call.confirm(T0 + 50).ended).toBe('failed/bad_offer/meta');
});

test('the answer to an offer that somebody else made is left alone', () => {
  const call = new TestCall(policy(), identity({ direction: 'outbound' }));
  expect(actionsOf(call.feed(connect(T0, { sdpType: 'answer' })))).toEqual([]);
  expect(call.isOver).toBe(true);
});

test('after a restart a call that was live is dropped with a typed reason and Graph is told', () => {
  const call = new TestCall();
  expect(actionsOf(call.feed({ type: 'service.restarted', answered: true, launched: false, at: T0 }))).toEqual([
    'graph.terminate',
  ]);
  expect(call.isOver).toBe(false);

  call.feed(ok(T0 + 80, 'terminate'));
  expect(call.isOver).toBe(true);
  expect(call.ended).toBe('dropped/service_restarted/bridge');
  expect(call.record).toMatchObject({ status: 'failed', endedAt: T0 });
});

test('after a restart a call that was still ringing has failed', () => {
  const call = new TestCall();
  call.feed({ type: 'service.restarted', answered: false, launched: false, at: T0 }, ok(T0 + 80, 'terminate'));
  expect(call.ended).toBe('failed/service_restarted/bridge');
});

test.each(['refused', 'gone', 'unknown'] as const)(
  'after a restart a terminate that is %s still closes the call',
  (kind) => {
    const call = new TestCall();
    call.feed({ type: 'service.restarted', answered: true, launched: false, at: T0 }, no(T0 + 80, 'terminate', kind));
    expect(call.isOver).toBe(true);
  },
);

test('a restarted call whose terminate webhook comes takes Meta’s duration', () => {
  const call = new TestCall();
  call.feed({ type: 'service.restarted', answered: true, launched: false, at: T0 }, terminateAfter(T0 + 50, 33));
  expect(call.isOver).toBe(true);
  expect(call.record.durationSeconds).toBe(33);
});
