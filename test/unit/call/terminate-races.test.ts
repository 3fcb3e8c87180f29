import { expect, test } from 'vitest';
import { actionsOf, closed, no, ok, policy, T0, TestCall, terminate, terminateAfter } from '../../support/call.ts';

test.each(['offered', 'pre-accepting', 'waiting', 'accepting'] as const)(
  'a caller who gives up while the call is %s: missed, and Graph is told nothing',
  (phase) => {
    const call = TestCall.in(phase);
    expect(actionsOf(call.feed(terminate(T0 + 450)))).toEqual(['media.close']);
    call.feed(closed(T0 + 500));
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('missed/caller_gave_up/user');
    expect(call.record).toMatchObject({ status: 'completed', durationSeconds: null });
    expect(call.record.sessionStartedAt).toBeUndefined();
  },
);

test('a terminate that overtakes the result of our accept tells by its start time that the call was answered', () => {
  const call = TestCall.in('accepting');
  const end = terminate(T0 + 3_400, { startTime: T0 + 400, endTime: T0 + 3_400 });
  expect(actionsOf(call.feed(end, ok(T0 + 3_450, 'accept')))).toEqual(['media.close']);
  call.feed(closed(T0 + 3_500));
  expect(call.ended).toBe('completed/user_hangup/user');
  expect(call.record).toMatchObject({ sessionStartedAt: T0 + 400, durationSeconds: 3 });
  expect(call.count('media.ungate')).toBe(0);
});

test('a terminate of an answered call needs no start time to count as answered', () => {
  const call = TestCall.in('connected');
  call.feed(terminate(T0 + 2_600), closed(T0 + 2_700));
  expect(call.ended).toBe('completed/user_hangup/user');
  expect(call.record.durationSeconds).toBe(2);
});

test('FAILED with an error code in conversation: dropped, with the code', () => {
  const call = TestCall.in('connected');
  const errors = [{ code: 138021, title: null, details: null }];
  call.feed(terminate(T0 + 20_500, { status: 'FAILED', startTime: T0 + 500, endTime: T0 + 20_500, errors }));
  call.feed(closed(T0 + 20_600));
  expect(call.endings).toEqual([{ class: 'dropped', reason: 'meta_failed', endedBy: 'meta', detail: '138021' }]);
  expect(call.record).toMatchObject({ status: 'failed', durationSeconds: 20 });
});

test('FAILED before the answer: failed; an error counts without FAILED too', () => {
  const errors = [{ code: 138019, title: null, details: null }];
  for (const said of [{ status: 'FAILED' as const }, { status: null, errors }]) {
    const call = TestCall.in('waiting');
    call.feed(terminate(T0 + 450, said), closed(T0 + 500));
    expect(call.ended).toBe('failed/meta_failed/meta');
  }
});

test('a call that we end while accept is under way is terminated when accept has its result, not before', () => {
  for (const result of [
    ok(T0 + 600, 'accept'),
    no(T0 + 600, 'accept', 'refused'),
    no(T0 + 600, 'accept', 'unknown', null),
  ]) {
    const call = TestCall.in('accepting');
    expect(actionsOf(call.feed({ type: 'api.hangup', at: T0 + 450 }))).toEqual(['media.close']);
    expect(actionsOf(call.feed(closed(T0 + 500)))).toEqual([]);
    expect(call.isOver).toBe(false);
    expect(actionsOf(call.feed(result))).toEqual(['graph.terminate']);
    call.feed(ok(T0 + 700, 'terminate'));
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('rejected/api_reject/api');
  }
});

test('if accept then says that the call is gone, nothing more is sent', () => {
  const call = TestCall.in('accepting');
  call.feed({ type: 'api.hangup', at: T0 + 450 }, closed(T0 + 500));
  expect(actionsOf(call.feed(no(T0 + 600, 'accept', 'gone')))).toEqual([]);
  expect(call.isOver).toBe(true);
});

test('if accept never has a result, the terminate goes out when the ending’s time is up', () => {
  const call = TestCall.in('accepting', policy({ endTimeoutMs: 3_000 }));
  call.feed({ type: 'api.hangup', at: T0 + 450 }, closed(T0 + 500));
  expect(call.deadline).toBe(T0 + 3_450);
  expect(actionsOf(call.wake())).toEqual(['graph.terminate']);
  expect(call.isOver).toBe(true);
});

test('Meta’s terminate while we are ending takes the place of ours', () => {
  const call = TestCall.in('accepting');
  call.feed({ type: 'api.hangup', at: T0 + 450 });
  expect(actionsOf(call.feed(terminateAfter(T0 + 500, 0), ok(T0 + 600, 'accept'), closed(T0 + 700)))).toEqual([]);
  expect(call.isOver).toBe(true);
});

test('Graph hears nothing after Meta’s own terminate, whatever else goes wrong', () => {
  const call = TestCall.in('pre-accepting');
  call.feed(
    terminate(T0 + 150),
    ok(T0 + 200, 'pre_accept'),
    no(T0 + 210, 'reject', 'refused'),
    { type: 'api.hangup', at: T0 + 220 },
    closed(T0 + 300),
  );
  expect(call.count('graph.reject') + call.count('graph.terminate') + call.count('graph.accept')).toBe(0);
});
