import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY, terminateAfterEnd } from '../../../src/call/index.ts';
import { actionsOf, closed, ok, policy, T0, TestCall, terminate, terminateAfter } from '../../support/call.ts';
import { dialIdentity, dialled, NAME, named, notPlaced, placed, status } from '../../support/dial-call.ts';

const hangup = { type: 'api.hangup', at: T0 + 400 } as const;
const restarted = (answered: boolean) =>
  ({ type: 'service.restarted', answered, launched: false, at: T0 + 60_000 }) as const;

describe('a dial that the API cancels', () => {
  test('before Graph was asked is never placed', () => {
    const call = dialled('offering');
    expect(actionsOf(call.feed(hangup))).toEqual(['media.close']);
    call.feed(closed(T0 + 450));
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('missed/cancelled/api');
  });

  test('before it even began ends without a word', () => {
    const call = dialled('new');
    expect(actionsOf(call.feed(hangup))).toEqual([]);
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('missed/cancelled/api');
  });

  test.each(['ringing', 'ready'] as const)('while it is %s is terminated at once', (phase) => {
    const call = dialled(phase);
    expect(actionsOf(call.feed(hangup))).toEqual(['graph.terminate', 'media.close']);
    expect(call.confirm(T0 + 500).ended).toBe('missed/cancelled/api');
  });

  test.each([
    ['placing', placed(T0 + 1_000)],
    ['placing', named(T0 + 1_000)],
    ['unsure', placed(T0 + 60_000)],
    ['unsure', named(T0 + 60_000)],
  ] as const)('while it is %s is terminated when it has a name (%o)', (phase, input) => {
    const call = dialled(phase);
    expect(actionsOf(call.feed(hangup))).toEqual(['media.close']);
    call.feed(closed(T0 + 450));
    expect(call.isOver).toBe(false);
    const effects = call.feed(input);
    expect(effects[0]).toEqual({ type: 'log.update', patch: { callId: NAME } });
    expect(actionsOf(effects)).toEqual(['graph.terminate']);
    expect(call.call.identity.callId).toBe(NAME);
    expect(call.deadline).toBe(input.at + DEFAULT_POLICY.endTimeoutMs);
    call.feed(ok(T0 + 61_000, 'terminate'));
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('missed/cancelled/api');
    expect(call.record.endedAt).toBe(T0 + 400);
  });

  test('and that Graph then refuses is over at once', () => {
    const call = dialled('placing');
    call.feed(hangup, closed(T0 + 450));
    expect(actionsOf(call.feed(notPlaced(T0 + 900, 'refused')))).toEqual([]);
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('missed/cancelled/api');
  });

  test('and of whose connect nothing is known is watched to the end of the watch', () => {
    const call = dialled('placing');
    call.feed(hangup, closed(T0 + 450), notPlaced(T0 + 900, 'unknown'));
    expect(call.isOver).toBe(false);
    expect(call.deadline).toBe(T0 + 400 + DEFAULT_POLICY.connectWatchMs);
    expect(actionsOf(call.wake())).toEqual([]);
    expect(call.isOver).toBe(true);
  });

  test('while it is unsure is watched no longer than it would have been', () => {
    const call = dialled('unsure');
    call.feed(hangup);
    expect(call.deadline).toBe(T0 + 200 + DEFAULT_POLICY.connectWatchMs);
  });

  test('and that Meta then says is over is not told again when its name comes', () => {
    const call = dialled('placing');
    call.feed(hangup, closed(T0 + 450), terminate(T0 + 500));
    expect(call.isOver).toBe(true);
    expect(actionsOf(call.feed(placed(T0 + 600)))).toEqual([]);
    expect(call.call.identity.callId).toBe(NAME);
  });

  test('has no reject: Graph is told terminate or nothing', () => {
    for (const phase of [
      'new',
      'offering',
      'placing',
      'unsure',
      'ringing',
      'ready',
      'answering',
      'connected',
    ] as const) {
      const call = dialled(phase);
      call.feed(hangup, named(T0 + 500));
      expect(call.count('graph.reject')).toBe(0);
    }
  });
});

describe('a service that stops', () => {
  test.each([
    ['offering', []],
    ['placing', []],
    ['ready', ['graph.terminate']],
  ] as const)('cancels a dial that is %s', (phase, told) => {
    const call = dialled(phase);
    const effects = call.feed({ type: 'service.drained', at: T0 + 500 });
    expect(actionsOf(effects)).toEqual([...told, 'media.close']);
    call.feed(named(T0 + 600));
    expect(call.confirm(T0 + 700).ended).toBe('missed/cancelled/bridge');
  });
});

describe('a process that died', () => {
  test('before the dial had a name: the next start waits for the name, and terminates', () => {
    const call = new TestCall(policy(), dialIdentity());
    expect(actionsOf(call.feed(restarted(false)))).toEqual([]);
    expect(call.isOver).toBe(false);
    expect(call.deadline).toBe(T0 + 60_000 + DEFAULT_POLICY.connectWatchMs);
    expect(actionsOf(call.feed(named(T0 + 61_000), status(T0 + 61_000, 'RINGING')))).toEqual(['graph.terminate']);
    call.feed(ok(T0 + 61_100, 'terminate'));
    expect(call.ended).toBe('failed/service_restarted/bridge');
    expect(call.count('graph.connect')).toBe(0);
  });

  test('before the dial was placed, or its name never comes: it ends when the watch is over', () => {
    const call = new TestCall(policy(), dialIdentity());
    call.feed(restarted(false));
    expect(actionsOf(call.wake())).toEqual([]);
    expect(call.ended).toBe('failed/service_restarted/bridge');
  });

  test.each([
    [false, 'failed/service_restarted/bridge'],
    [true, 'dropped/service_restarted/bridge'],
  ])('after the dial had a name (answered: %s): terminated at once', (answered, ended) => {
    const call = new TestCall(policy(), dialIdentity({ callId: NAME }));
    expect(actionsOf(call.feed(restarted(answered)))).toEqual(['graph.terminate']);
    call.feed(ok(T0 + 61_000, 'terminate'));
    expect(call.ended).toBe(ended);
  });

  test('has lost no dial to a second one: what was recorded is not dialled again', () => {
    const call = new TestCall(policy(), dialIdentity());
    call.feed(restarted(false), { type: 'api.dial', at: T0 + 61_000 });
    expect(call.count('media.offer') + call.count('graph.connect')).toBe(0);
  });
});

describe('a pickup that only Meta’s terminate tells of', () => {
  const end = terminateAfter(T0 + 2_000, 1);

  test('counts as a session of a dial that we had cancelled, while it is closing', () => {
    const call = dialled('ready');
    call.feed(hangup, end);
    expect(call.confirm(T0 + 2_100).record).toMatchObject({ sessionStartedAt: T0 + 1_000, durationSeconds: 1 });
    expect(call.ended).toBe('missed/cancelled/api');
  });

  test('and after it was closed', () => {
    const call = dialled('ready');
    call.feed(hangup);
    call.confirm(T0 + 500);
    const effects = call.feed(end);
    expect(effects).toContainEqual({
      type: 'log.update',
      patch: { durationSeconds: 1, sessionStartedAt: T0 + 1_000 },
    });
  });

  test('changes no session start that we saw', () => {
    for (const late of [true, false]) {
      const call = dialled('connected');
      call.feed(hangup);
      if (late) call.confirm(T0 + 600);
      call.feed(end);
      if (!late) call.confirm(T0 + 2_100);
      expect(call.record.sessionStartedAt).toBe(T0 + 500);
    }
  });

  test('is written for a call that this process never had, if it is asked to', () => {
    if (end.type !== 'meta.terminate') throw new Error('unreachable');
    expect(terminateAfterEnd(end, true)[1]).toEqual({
      type: 'log.update',
      patch: { durationSeconds: 1, sessionStartedAt: T0 + 1_000 },
    });
    expect(terminateAfterEnd(end)[1]).toEqual({ type: 'log.update', patch: { durationSeconds: 1 } });
  });
});
