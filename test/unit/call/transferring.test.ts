import { describe, expect, test } from 'vitest';
import type { Effect, TransferOutcome } from '../../../src/call/index.ts';
import {
  actionsOf,
  agentFailed,
  agentHangup,
  agentReady,
  agentReconnecting,
  agentTarget,
  announce,
  chainPolicy,
  choice,
  policy,
  promptPolicy,
  runtimeAgent,
  T0,
  TAKEOVERS,
  TestCall,
  terminateAfter,
  transfer,
  whenLost,
} from '../../support/call.ts';

const AT = T0 + 5_000;
/** The number has one agent, in seat 0: the one that takes over sits behind it. */
const NEW = 1;

function outcomes(effects: readonly Effect[]): TransferOutcome[] {
  return effects.flatMap((effect) => (effect.type === 'transfer.over' ? [effect.outcome] : []));
}

/** A call that is being given to another agent. */
function transferring(rules = policy()): TestCall {
  const call = TestCall.in('connected', rules);
  call.feed(transfer(AT));
  return call;
}

describe('a call that is given to another agent', () => {
  test('stays with the one it has until the new one is ready', () => {
    const call = TestCall.in('connected');
    const effects = call.feed(transfer(AT));
    expect(effects).toContainEqual({
      type: 'agent.prepare',
      seat: NEW,
      agent: TAKEOVERS[0]!.agent,
      reconnectAttempts: 0,
    });
    expect(actionsOf(effects)).toEqual(['agent.prepare']);
    expect(call.deadline).toBe(AT + 5_000);
    expect(call.record.agent).toBeUndefined();
  });

  test('is the new one’s when that is ready: the old one is let go, and the record names the new one', () => {
    const call = transferring();
    const effects = call.feed(agentReady(AT + 300, NEW));
    expect(actionsOf(effects)).toEqual(['agent.switch', 'transfer.over']);
    expect(outcomes(effects)).toEqual([{ type: 'transferred' }]);
    expect(call.record.agent).toEqual({ id: 'takeover', name: 'Takeover' });
    expect(call.timeline.slice(-3)).toEqual(['transfer_started', 'agent_ready', 'transferred']);
    expect(call.lines('transferred')).toEqual([{ agent: 'Takeover', seat: NEW, from: 'Echo' }]);
    expect(call.deadline).toBeNull();
  });

  test('hears of the old one nothing more', () => {
    const call = transferring();
    call.feed(agentReady(AT + 300, NEW));
    expect(actionsOf(call.feed(agentFailed(AT + 400), agentHangup(AT + 500, false)))).toEqual([]);
    expect(call.phase).toBe('connected');
  });

  test.each(['connect_refused', 'at_capacity', 'circuit_open', 'unauthorized'] as const)(
    'stays with the old one when the new one is %s',
    (code) => {
      const call = transferring();
      const effects = call.feed(agentFailed(AT + 300, code, NEW));
      expect(actionsOf(effects)).toEqual(['transfer.over']);
      expect(outcomes(effects)).toEqual([{ type: 'failed', code }]);
      expect(call.lines('transfer_failed')).toEqual([{ agent: 'Takeover', seat: NEW, code }]);
      expect(call.deadline).toBeNull();
      // The old one has its own chain, which ends with it.
      call.feed(agentFailed(AT + 9_000));
      expect(call.confirm(AT + 9_100).ended).toBe('dropped/agent_lost/agent');
    },
  );

  test('stays with the old one when the new one is not ready in its time, and lets go of the new one', () => {
    const call = transferring();
    const effects = call.wake();
    expect(actionsOf(effects)).toEqual(['agent.drop', 'transfer.over']);
    expect(outcomes(effects)).toEqual([{ type: 'failed', code: 'not_ready' }]);
    // One that is ready after all has come too late, also for a second attempt.
    call.feed(transfer(AT + 6_000));
    expect(actionsOf(call.feed(agentReady(AT + 6_001, NEW)))).toEqual([]);
    expect(actionsOf(call.feed(agentReady(AT + 6_100, NEW + TAKEOVERS.length)))).toEqual([
      'agent.switch',
      'transfer.over',
    ]);
  });

  test('goes on along the chain that came with the new one, and not along the old one', () => {
    const call = transferring(chainPolicy(['raw', 'raw']));
    call.feed(agentReady(AT + 300, 2), agentFailed(AT + 9_000, 'socket_lost', 2));
    expect(call.lines('agent_connecting').at(-1)).toEqual({ agent: 'Behind', seat: 3 });
    call.feed(agentFailed(AT + 9_100, 'connect_refused', 3));
    expect(call.confirm(AT + 9_200).ended).toBe('dropped/agent_lost/agent');
  });

  test('goes on along its own chain when the transfer failed and its agent is lost later', () => {
    const call = transferring(chainPolicy(['raw', 'raw']));
    call.feed(agentFailed(AT + 300, 'connect_refused', 2), agentFailed(AT + 9_000));
    expect(call.lines('agent_connecting').at(-1)).toEqual({ agent: 'Agent 2', seat: 1 });
  });

  test.each([
    ['is lost', agentFailed(AT + 100)],
    ['hangs up', agentHangup(AT + 100, false)],
    ['hangs up with last words', agentHangup(AT + 100, true)],
  ])('waits for the new one when the old one %s', (_what, input) => {
    const call = transferring();
    const effects = call.feed(input);
    expect(actionsOf(effects)).toEqual(['agent.switch', 'transfer.over']);
    expect(outcomes(effects)).toEqual([{ type: 'waiting' }]);
    expect(call.phase).toBe('connected');
    expect(actionsOf(call.feed(agentReady(AT + 300, NEW)))).toEqual([]);
    expect(call.record.agent).toEqual({ id: 'takeover', name: 'Takeover' });
  });

  test('goes to who stands behind the new one when both are lost', () => {
    const call = transferring();
    call.feed(agentFailed(AT + 100));
    expect(actionsOf(call.feed(agentFailed(AT + 200, 'connect_refused', NEW)))).toEqual(['agent.connect']);
    expect(call.lines('agent_connecting').at(-1)).toEqual({ agent: 'Behind', seat: 2 });
  });

  test('is given to the new one whatever the old one’s assignment says of its loss', () => {
    const ends = policy({ agents: [choice(agentTarget(), whenLost({ action: 'end' }))] });
    const call = transferring(ends);
    expect(actionsOf(call.feed(agentFailed(AT + 100)))).toEqual(['agent.switch', 'transfer.over']);
  });

  test('lets the old one reconnect meanwhile, and gives up both when both times are over at once', () => {
    const rules = policy({ recoveryTimeoutMs: 4_900 });
    const call = transferring(rules);
    call.feed(agentReconnecting(AT + 100));
    expect(call.deadline).toBe(AT + 5_000);
    expect(actionsOf(call.wake())).toEqual(['agent.drop', 'transfer.over', 'graph.terminate', 'media.close']);
    expect(call.confirm(AT + 6_000).ended).toBe('dropped/agent_lost/agent');
  });

  test('has one transfer at a time', () => {
    const call = transferring();
    expect(actionsOf(call.feed(transfer(AT + 10)))).toEqual([]);
    expect(call.lines('ignored')).toEqual([{ input: 'api.transfer', reason: 'transfer_under_way' }]);
  });

  test('is not given to a runtime, which answers calls itself', () => {
    const call = TestCall.in('connected');
    expect(actionsOf(call.feed(transfer(AT, [choice(runtimeAgent())]), transfer(AT, [])))).toEqual([]);
  });

  test.each(['offered', 'pre-accepting', 'waiting', 'accepting', 'draining'] as const)(
    'means nothing when %s',
    (phase) => {
      expect(actionsOf(TestCall.in(phase).feed(transfer(AT)))).toEqual([]);
    },
  );

  test('means nothing when a prompt speaks in place of an agent', () => {
    expect(actionsOf(TestCall.in('connected', promptPolicy({ agents: [] })).feed(transfer(AT)))).toEqual([]);
  });

  test('ends as any other call meanwhile, and whoever asked is told', () => {
    const call = transferring();
    const effects = call.feed(terminateAfter(AT + 100, 5));
    expect(outcomes(effects)).toEqual([{ type: 'failed', code: 'call_over' }]);
    expect(call.confirm(AT + 200).ended).toBe('completed/user_hangup/user');
    expect(call.lines('transfer_failed')).toEqual([{ agent: 'Takeover', seat: NEW, code: 'call_over' }]);
  });

  test('keeps a prompt that plays', () => {
    const call = transferring();
    call.feed(announce(AT + 10, 'a'), agentReady(AT + 20, NEW));
    expect(actionsOf(call.feed({ type: 'media.announced', id: 'a', played: true, at: AT + 30 }))).toEqual([]);
    expect(call.lines('prompt_done')).toHaveLength(1);
  });

  test('can be given away again', () => {
    const call = transferring();
    call.feed(agentReady(AT + 20, NEW), transfer(AT + 100));
    expect(actionsOf(call.feed(agentReady(AT + 120, NEW + TAKEOVERS.length)))).toEqual([
      'agent.switch',
      'transfer.over',
    ]);
    expect(call.lines('transferred').at(-1)).toEqual({ agent: 'Takeover', seat: 3, from: 'Takeover' });
  });
});
