import { expect, test } from 'vitest';
import { actionsOf, agentReady, closed, mediaConnected, no, ok, T0, TestCall } from '../../support/call.ts';

test('pre_accept refused: reject, failed', () => {
  const call = TestCall.in('pre-accepting');
  expect(actionsOf(call.feed(no(T0 + 200, 'pre_accept', 'refused', 138008)))).toEqual(['graph.reject', 'media.close']);
  call.confirm(T0 + 300);
  expect(call.endings).toEqual([{ class: 'failed', reason: 'pre_accept_refused', endedBy: 'meta', detail: '138008' }]);
});

test('pre_accept says that the call is gone: missed, and Graph hears nothing', () => {
  const call = TestCall.in('pre-accepting');
  expect(actionsOf(call.feed(no(T0 + 200, 'pre_accept', 'gone')))).toEqual(['media.close']);
  call.feed(closed(T0 + 300));
  expect(call.ended).toBe('missed/caller_gave_up/user');
});

test('the outcome of pre_accept is unknown: terminate, because the call may be alive', () => {
  const call = TestCall.in('pre-accepting');
  const effects = call.feed(no(T0 + 200, 'pre_accept', 'unknown', null));
  expect(actionsOf(effects)).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 300).endings[0]).toMatchObject({ reason: 'pre_accept_refused', detail: 'unknown' });
});

test('accept refused: terminate, failed', () => {
  const call = TestCall.in('accepting');
  expect(actionsOf(call.feed(no(T0 + 500, 'accept', 'refused', 100)))).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 600).ended).toBe('failed/accept_refused/meta');
  expect(call.count('media.ungate')).toBe(0);
});

test('accept says that the call is gone: missed, and Graph hears nothing', () => {
  const call = TestCall.in('accepting');
  expect(actionsOf(call.feed(no(T0 + 500, 'accept', 'gone')))).toEqual(['media.close']);
  call.feed(closed(T0 + 600));
  expect(call.ended).toBe('missed/caller_gave_up/user');
});

test('the outcome of accept is unknown: terminate, and no sound was let through', () => {
  const call = TestCall.in('accepting');
  expect(actionsOf(call.feed(no(T0 + 500, 'accept', 'unknown', null)))).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 600).ended).toBe('failed/accept_refused/meta');
});

test('a Graph port that never answers accept is given up after 30 s', () => {
  const call = TestCall.in('accepting');
  expect(call.deadline).toBe(T0 + 400 + 30_000);
  expect(actionsOf(call.wake())).toEqual(['graph.terminate', 'media.close']);
});

test('a Graph port that never answers pre_accept is given up although the media is up', () => {
  const call = TestCall.in('pre-accepting');
  call.feed(mediaConnected(T0 + 200), agentReady(T0 + 300));
  expect(call.deadline).toBe(T0 + 100 + 30_000);
  expect(actionsOf(call.wake())).toEqual(['graph.terminate', 'media.close']);
});

test('results of actions that are not under way mean nothing', () => {
  const call = TestCall.in('waiting');
  const effects = call.feed(
    ok(T0 + 300, 'accept'),
    no(T0 + 300, 'pre_accept', 'refused'),
    ok(T0 + 300, 'terminate'),
    no(T0 + 300, 'accept', 'gone'),
  );
  expect(actionsOf(effects)).toEqual([]);
  expect(call.phase).toBe('waiting');
});

test('what Graph wrote into its refusal stays out of log and ending', () => {
  const call = TestCall.in('pre-accepting');
  const refusal = no(T0 + 200, 'pre_accept', 'refused');
  if (refusal.type === 'graph.failed')
    call.feed({ ...refusal, error: { ...refusal.error, message: 'c=IN IP4 192.0.2.7' } });
  expect(JSON.stringify(call.confirm(T0 + 300).effects)).not.toContain('192.0.2.7');
});
