import { describe, expect, test } from 'vitest';
import { isLaunched, standingOf } from '../../../src/call/index.ts';
import {
  actionsOf,
  agentReady,
  identity,
  mediaConnected,
  ok,
  policy,
  T0,
  TestCall,
  terminate,
  terminateAfter,
} from '../../support/call.ts';
import { answer, dialIdentity, follow, followed, NAME, status } from '../../support/dial-call.ts';

const DAY_MS = 24 * 60 * 60_000;
const accepted = status(T0 + 5_000, 'ACCEPTED');

describe('a call that a client placed', () => {
  test('is only followed: no media, no agent, no connect of ours, whatever comes', () => {
    const call = followed(policy());
    call.feed(answer(T0 + 100), mediaConnected(T0 + 200), agentReady(T0 + 300), accepted);
    expect(call.actions).toEqual([]);
    expect(call.phase).toBe('following');
    expect(call.deadline).toBe(T0 + DAY_MS);
  });

  test('was picked up when Meta says, however late its word is', () => {
    const call = followed();
    call.feed({ type: 'meta.status', status: 'ACCEPTED', timestamp: T0 + 5_000, at: T0 + 60_000 });
    expect(call.record).toMatchObject({ sessionStartedAt: T0 + 5_000 });
  });

  test('does not need this process', () => {
    const call = followed();
    expect(isLaunched(call.call)).toBe(true);
    call.feed({ type: 'service.drained', at: T0 + 100 });
    expect(call.phase).toBe('following');
  });

  test('is recorded as Meta tells it', () => {
    const call = followed();
    call.feed(status(T0 + 900, 'RINGING'), status(T0 + 950, 'RINGING'));
    expect(call.record).toEqual({ status: 'ringing' });
    call.feed(accepted, status(T0 + 6_000, 'ACCEPTED'), status(T0 + 6_000, 'RINGING'));
    expect(call.record).toEqual({ status: 'answered', sessionStartedAt: T0 + 5_000 });
    expect(standingOf(call.call)).toMatchObject({ holder: null, answeredAt: T0 + 5_000, elsewhere: true });
    call.feed(terminateAfter(T0 + 65_000, 60));
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('completed/hangup/meta');
    expect(call.record).toMatchObject({ sessionStartedAt: T0 + 5_000, durationSeconds: 60, quality: null });
  });

  test.each([
    [terminate(T0 + 9_000), 'missed/unanswered/user'],
    [terminateAfter(T0 + 9_000, 3), 'completed/hangup/meta'],
    [terminate(T0 + 9_000, { status: 'FAILED' }), 'failed/meta_failed/meta'],
    [terminate(T0 + 9_000, { status: 'FAILED', startTime: T0 + 1_000 }), 'dropped/meta_failed/meta'],
    [status(T0 + 9_000, 'REJECTED'), 'missed/declined/user'],
  ] as const)('ends as Meta says: %o', (input, ended) => {
    const call = followed();
    call.feed(input);
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe(ended);
    expect(call.actions).toEqual([]);
  });

  test('that was picked up is not rung or rejected any more', () => {
    const call = followed();
    call.feed(accepted, status(T0 + 6_000, 'RINGING'), status(T0 + 6_000, 'REJECTED'));
    expect(call.record.status).toBe('answered');
    expect(call.phase).toBe('following');
  });

  test('and of whose pickup only the terminate tells has its session from that', () => {
    const call = followed();
    call.feed(terminateAfter(T0 + 9_000, 3));
    expect(call.record).toMatchObject({ sessionStartedAt: T0 + 6_000, durationSeconds: 3 });
  });

  test('can be ended through the API', () => {
    for (const [before, ended] of [
      [[], 'missed/cancelled/api'],
      [[accepted], 'completed/api_hangup/api'],
    ] as const) {
      const call = followed();
      call.feed(...before);
      expect(actionsOf(call.feed({ type: 'api.hangup', at: T0 + 9_000 }))).toEqual(['graph.terminate']);
      call.feed(ok(T0 + 9_100, 'terminate'));
      expect(call.ended).toBe(ended);
    }
  });

  test('is followed again after a restart, and was picked up if it was', () => {
    const call = new TestCall(policy(), dialIdentity({ callId: NAME }));
    call.feed(follow(T0 + 60_000, true));
    expect(call.deadline).toBe(T0 + DAY_MS);
    call.feed(terminate(T0 + 61_000));
    expect(call.ended).toBe('completed/hangup/meta');
  });

  test('of which Meta never tells the end is given up after a day', () => {
    for (const [before, ended] of [
      [[], 'missed/unanswered/bridge'],
      [[accepted], 'dropped/no_terminate/bridge'],
    ] as const) {
      const call = followed();
      call.feed(...before);
      expect(actionsOf(call.wake())).toEqual(['graph.terminate']);
      expect(call.confirm(T0 + DAY_MS + 100).ended).toBe(ended);
    }
  });

  test('has the limit on the length, counted from its beginning', () => {
    const call = followed(policy({ agents: [], maxDurationMs: 60_000 }));
    call.feed(accepted);
    expect(call.deadline).toBe(T0 + 60_000);
    call.wake();
    expect(call.confirm(T0 + 60_100).ended).toBe('completed/max_duration/bridge');
  });

  test('is never one that a user placed', () => {
    expect(followed(policy(), identity()).phase).toBe('new');
  });
});

describe('a call that a client placed and Graph has not named', () => {
  const unnamed = () => followed(policy({ agents: [], connectWatchMs: 90_000 }), dialIdentity());

  test('is followed once a webhook names it', () => {
    const call = unnamed();
    expect(call.deadline).toBe(T0 + 90_000);
    call.feed({ type: 'dial.named', callId: NAME, at: T0 + 300 }, accepted);
    expect(call.record).toMatchObject({ callId: NAME, status: 'answered' });
    expect(call.deadline).toBe(T0 + DAY_MS);
    expect(call.feed(terminateAfter(T0 + 65_000, 60)) && call.ended).toBe('completed/hangup/meta');
    expect(call.actions).toEqual([]);
  });

  test('is given up when none does', () => {
    const call = unnamed();
    call.wake();
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('failed/connect_unknown/bridge');
    expect(call.actions).toEqual([]);
  });

  test('is ended as soon as it has a name, if it was ended before', () => {
    const call = unnamed();
    expect(actionsOf(call.feed({ type: 'api.hangup', at: T0 + 100 }))).toEqual([]);
    expect(actionsOf(call.feed({ type: 'dial.named', callId: NAME, at: T0 + 300 }))).toEqual(['graph.terminate']);
    expect(call.confirm(T0 + 400).ended).toBe('missed/cancelled/api');
  });
});
