import { describe, expect, test } from 'vitest';
import type { CallPolicy } from '../../../src/call/index.ts';
import {
  actionsOf,
  agentFailed,
  agentLaunched,
  agentReady,
  chainPolicy,
  connect,
  no,
  OFFER,
  ok,
  T0,
  TestCall,
  terminate,
  terminateAfter,
} from '../../support/call.ts';

const runtime = chainPolicy(['runtime']);
const DAY_MS = 24 * 60 * 60_000;
const sorry = { onAgentUnavailable: { action: 'prompt', prompt: 'sorry.ogg' } } as const;

function launching(rules: CallPolicy = runtime): TestCall {
  const call = new TestCall(rules);
  call.feed(connect(T0));
  return call;
}

function launched(rules: CallPolicy = runtime): TestCall {
  const call = launching(rules);
  call.feed(agentLaunched(T0 + 300));
  return call;
}

describe('a runtime whose turn it is', () => {
  test('is asked to take the call, and no leg is opened', () => {
    const call = launching();
    expect(call.actions).toEqual(['agent.launch']);
    expect(call.deadline).toBe(T0 + 5_000);
  });

  test('has the call from then on: the record says so, and nothing of ours rings', () => {
    const call = launched();
    expect(call.actions).toEqual(['agent.launch']);
    expect(call.record).toEqual({ launched: true, agent: { id: 'agent-1', name: 'Agent 1' } });
    expect(call.timeline).toEqual(['offer_received', 'agent_launching', 'agent_launched']);
  });

  test.each([
    ['fails', (call: TestCall) => call.feed(agentFailed(T0 + 400))],
    ['is late', (call: TestCall) => call.wake()],
  ] as const)('gives way to an agent of ours when it %s: the leg is opened as for a new call', (_, fail) => {
    const call = launching(chainPolicy(['runtime', 'raw']));
    const effects = fail(call);
    expect(actionsOf(effects)).toEqual(['media.open', 'agent.connect']);
    expect(effects).toContainEqual(expect.objectContaining({ type: 'media.open', offer: OFFER }));
    expect(call.phase).toBe('offered');
    call.feed(agentReady(T0 + 6_000, 1));
    expect(call.record.agent).toEqual({ id: 'agent-2', name: 'Agent 2' });
  });

  test('gives way to another runtime, and what it says then means nothing', () => {
    const call = launching(chainPolicy(['runtime', 'runtime']));
    expect(actionsOf(call.feed(agentFailed(T0 + 100)))).toEqual(['agent.launch']);
    expect(actionsOf(call.feed(agentLaunched(T0 + 200), agentFailed(T0 + 200)))).toEqual([]);
    expect(call.phase).toBe('launching');
    call.feed(agentLaunched(T0 + 300, 1));
    expect(call.record.agent?.id).toBe('agent-2');
  });

  test('and is the last: reject, and if it had pre-accepted behind our back, terminate', () => {
    const call = launching();
    expect(actionsOf(call.feed(agentFailed(T0 + 400, 'connect_timeout')))).toEqual(['graph.reject']);
    expect(actionsOf(call.feed(no(T0 + 500, 'reject', 'refused')))).toEqual(['graph.terminate']);
    expect(call.confirm(T0 + 600).endings).toEqual([
      { class: 'rejected', reason: 'agent_unavailable', endedBy: 'bridge', detail: 'connect_timeout' },
    ]);
  });

  test('and is the last of a number with a prompt: the prompt is played', () => {
    const call = launching(chainPolicy(['runtime'], sorry));
    expect(actionsOf(call.feed(agentFailed(T0 + 400)))).toEqual(['media.open']);
    expect(call.call.state).toMatchObject({ phase: 'offered', voice: { kind: 'prompt' } });
  });

  test('may answer the phone before it answers us', () => {
    const call = launching();
    call.feed(terminateAfter(T0 + 4_000, 3));
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('completed/hangup/meta');
  });

  test.each([
    ['api.hangup', 'rejected/api_reject/api'],
    ['service.drained', 'rejected/draining/bridge'],
  ] as const)('%s before it took the call: reject', (type, ended) => {
    const call = launching();
    expect(actionsOf(call.feed({ type, at: T0 + 100 }))).toEqual(['graph.reject']);
    expect(call.confirm(T0 + 200).ended).toBe(ended);
  });
});

describe('a call that a runtime has', () => {
  test('ends with Meta’s terminate, whose figures are the record', () => {
    const call = launched();
    call.feed(terminateAfter(T0 + 61_000, 60));
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('completed/hangup/meta');
    expect(call.record).toMatchObject({
      status: 'completed',
      sessionStartedAt: T0 + 1_000,
      endedAt: T0 + 61_000,
      durationSeconds: 60,
      quality: null,
    });
    expect(call.actions).toEqual(['agent.launch']);
  });

  test.each([
    [terminate(T0 + 9_000), 'missed/caller_gave_up/user'],
    [terminate(T0 + 9_000, { status: 'FAILED' }), 'failed/meta_failed/meta'],
    [terminate(T0 + 9_000, { status: 'FAILED', startTime: T0 + 1_000 }), 'dropped/meta_failed/meta'],
  ] as const)('was picked up or not by Meta’s start time', (end, ended) => {
    const call = launched();
    call.feed(end);
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe(ended);
  });

  test('is hung up by the API with a terminate', () => {
    const call = launched();
    expect(actionsOf(call.feed({ type: 'api.hangup', at: T0 + 9_000 }))).toEqual(['graph.terminate']);
    call.feed(ok(T0 + 9_100, 'terminate'));
    expect(call.isOver).toBe(true);
    expect(call.ended).toBe('completed/api_hangup/api');
    call.feed(terminateAfter(T0 + 9_500, 8));
    expect(call.record.durationSeconds).toBe(8);
  });

  test('does not end with the service', () => {
    const call = launched();
    call.feed({ type: 'service.drained', at: T0 + 9_000 });
    expect(call.phase).toBe('launched');
  });

  test('is watched again by the next start, to the same end', () => {
    const call = new TestCall(runtime);
    call.feed({ type: 'service.restarted', answered: false, launched: true, at: T0 + 20_000 });
    expect(call.actions).toEqual([]);
    expect(call.phase).toBe('launched');
    expect(call.deadline).toBe(T0 + DAY_MS);
    call.feed(terminateAfter(T0 + 61_000, 60));
    expect(call.ended).toBe('completed/hangup/meta');
  });

  test('of which Meta never tells the end is given up after a day', () => {
    const call = launched();
    expect(call.deadline).toBe(T0 + DAY_MS);
    expect(actionsOf(call.wake())).toEqual(['graph.terminate']);
    expect(call.confirm(T0 + DAY_MS + 100).ended).toBe('dropped/no_terminate/bridge');
  });

  test('has the limit on the length, counted from its start at Meta', () => {
    const call = launched(chainPolicy(['runtime'], { maxDurationMs: 60_000 }));
    expect(call.deadline).toBe(T0 + 60_000);
    expect(actionsOf(call.wake())).toEqual(['graph.terminate']);
    expect(call.confirm(T0 + 60_100).ended).toBe('completed/max_duration/bridge');
  });

  test('knows no media and no agent of ours', () => {
    const call = launched();
    const effects = call.feed(agentReady(T0 + 400), agentFailed(T0 + 500), ok(T0 + 600, 'accept'));
    expect(actionsOf(effects)).toEqual([]);
    expect(call.phase).toBe('launched');
  });
});
