import { expect, test } from 'vitest';
import {
  actionsOf,
  agentReady,
  closed,
  mediaConnected,
  mediaFailed,
  no,
  ok,
  patientPolicy,
  quality,
  T0,
  TestCall,
} from '../../support/call.ts';

const patientAgent = patientPolicy();

test('a leg that does not open in 12 s: reject', () => {
  const call = TestCall.in('offered', patientAgent);
  expect(call.deadline).toBe(T0 + 12_000);
  expect(actionsOf(call.wake())).toEqual(['graph.reject', 'media.close']);
  expect(call.confirm(T0 + 12_100).ended).toBe('failed/media_timeout/bridge');
});

test('media that does not connect in 12 s from the pre_accept request: reject while pre_accept is not confirmed', () => {
  const call = TestCall.in('pre-accepting', patientAgent);
  expect(call.deadline).toBe(T0 + 100 + 12_000);
  expect(actionsOf(call.wake())).toEqual(['graph.reject', 'media.close']);
  expect(call.confirm(T0 + 13_000).ended).toBe('failed/media_timeout/bridge');
});

test('media that does not connect in 12 s from the pre_accept request: terminate once pre_accept succeeded', () => {
  const call = TestCall.in('waiting', patientAgent);
  call.feed(agentReady(T0 + 300));
  expect(call.deadline).toBe(T0 + 100 + 12_000);
  expect(actionsOf(call.wake())).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 13_000).ended).toBe('failed/media_timeout/bridge');
});

test('a reject that Graph refuses because its pre_accept counted is followed by a terminate, in either order', () => {
  for (const results of [
    [ok(T0 + 12_300, 'pre_accept'), no(T0 + 12_400, 'reject', 'refused')],
    [no(T0 + 12_300, 'reject', 'refused'), ok(T0 + 12_400, 'pre_accept')],
    [no(T0 + 12_300, 'reject', 'refused'), no(T0 + 12_400, 'pre_accept', 'unknown', null)],
  ]) {
    const call = TestCall.in('pre-accepting', patientAgent);
    call.wake();
    expect(actionsOf(call.feed(...results.slice(0, 1)))).toEqual([]);
    expect(actionsOf(call.feed(...results.slice(1)))).toEqual(['graph.terminate']);
    expect(call.confirm(T0 + 13_000).endings).toHaveLength(1);
  }
});

test('a reject whose outcome is unknown is left to the debt book', () => {
  const call = TestCall.in('pre-accepting', patientAgent);
  call.wake();
  call.feed(ok(T0 + 12_300, 'pre_accept'), no(T0 + 12_400, 'reject', 'unknown', null), closed(T0 + 12_500));
  expect(call.isOver).toBe(true);
  expect(call.count('graph.terminate')).toBe(0);
});

test('an offer that cannot be answered: reject, bad_offer', () => {
  const call = TestCall.in('offered');
  expect(actionsOf(call.feed(mediaFailed(T0 + 50, 'bad_offer')))).toEqual(['graph.reject', 'media.close']);
  expect(call.confirm(T0 + 100).ended).toBe('failed/bad_offer/bridge');
});

test('a leg that fails before accept: terminate, media_failed with the code and no address', () => {
  const call = TestCall.in('waiting');
  expect(actionsOf(call.feed(mediaFailed(T0 + 300, 'dtls_key_refused')))).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 400).endings).toEqual([
    { class: 'failed', reason: 'media_failed', endedBy: 'bridge', detail: 'dtls_key_refused' },
  ]);
  expect(JSON.stringify(call.effects)).not.toContain('192.0.2.1');
});

test('a leg that is lost in conversation: terminate, dropped, and the duration is ours', () => {
  const call = TestCall.in('connected');
  expect(actionsOf(call.feed(mediaFailed(T0 + 9_400, 'media_lost')))).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 9_500).ended).toBe('dropped/media_lost/bridge');
  expect(call.record).toMatchObject({ status: 'failed', durationSeconds: 8, endedAt: T0 + 9_400 });
});

test('a phone that sends nothing: terminate, media_silent', () => {
  const call = TestCall.in('connected');
  const effects = call.feed({ type: 'media.silent', silentMs: 20_000, at: T0 + 20_500 });
  expect(actionsOf(effects)).toEqual(['graph.terminate', 'media.close']);
  expect(call.confirm(T0 + 20_600).ended).toBe('dropped/media_silent/bridge');
});

test('silence before accept is nobody’s fault', () => {
  const call = TestCall.in('accepting');
  expect(actionsOf(call.feed({ type: 'media.silent', silentMs: 20_000, at: T0 + 450 }))).toEqual([]);
  expect(call.phase).toBe('accepting');
});

test('a media thread that dies is not waited for', () => {
  for (const [phase, ended] of [
    ['waiting', 'failed/media_thread_died/bridge'],
    ['connected', 'dropped/media_thread_died/bridge'],
  ] as const) {
    const call = TestCall.in(phase);
    expect(actionsOf(call.feed(mediaFailed(T0 + 700, 'thread_died')))).toEqual(['graph.terminate', 'media.close']);
    call.feed(ok(T0 + 800, 'terminate'));
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe(ended);
  }
});

test('a leg that closes by itself takes the call with it and leaves its figures', () => {
  const call = TestCall.in('connected');
  expect(actionsOf(call.feed(closed(T0 + 3_000)))).toEqual(['graph.terminate', 'media.close']);
  call.feed(ok(T0 + 3_100, 'terminate'));
  expect(call.ended).toBe('dropped/media_lost/bridge');
  expect(call.record.quality).toEqual(quality());
});

test('media that connects before the leg is known to be open is not believed', () => {
  const call = TestCall.in('offered');
  call.feed(mediaConnected(T0 + 10));
  expect(call.phase).toBe('offered');
});
