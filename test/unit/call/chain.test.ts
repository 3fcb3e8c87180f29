import { expect, test } from 'vitest';
import type { CallPolicy, Effect } from '../../../src/call/index.ts';
import {
  actionsOf,
  agentFailed,
  agentHangup,
  agentReady,
  agentReconnecting,
  agentSpoke,
  agentTarget,
  chainPolicy,
  choice,
  connect,
  mediaConnected,
  ok,
  opened,
  policy,
  T0,
  TestCall,
} from '../../support/call.ts';

const two = chainPolicy(['raw', 'raw']);
const three = chainPolicy(['raw', 'raw', 'raw']);
const sorry = { onAgentUnavailable: { action: 'prompt', prompt: 'sorry.ogg' } } as const;

/** The deadlines of seats that fail `afterMs` after they were dialled, milliseconds since the offer. */
function deadlines(rules: CallPolicy, afterMs: number): number[] {
  const call = TestCall.in('offered', rules);
  return rules.agents.map((_, seat) => {
    const deadline = (call.deadline ?? 0) - T0;
    call.feed(agentFailed(T0 + (seat + 1) * afterMs, 'connect_refused', seat));
    return deadline;
  });
}

function dialled(effects: readonly Effect[]): number[] {
  return effects.flatMap((effect) => (effect.type === 'agent.connect' ? [effect.seat] : []));
}

test('an agent that fails while it rings gives way to the next of the chain, and the call is answered with that one', () => {
  const call = TestCall.in('offered', two);
  const effects = call.feed(agentFailed(T0 + 50));
  expect(actionsOf(effects)).toEqual(['agent.connect']);
  expect(dialled(effects)).toEqual([1]);

  call.feed(opened(T0 + 100), ok(T0 + 200, 'pre_accept'), mediaConnected(T0 + 300));
  expect(call.count('graph.accept')).toBe(0);
  expect(actionsOf(call.feed(agentReady(T0 + 400, 1), ok(T0 + 500, 'accept')))).toEqual([
    'graph.accept',
    'media.ungate',
    'agent.start',
  ]);
});

test('the log says each hop and why, and the record names the agent that is ready', () => {
  const call = TestCall.in('waiting', two);
  call.feed(agentFailed(T0 + 300, 'unauthorized'), agentReady(T0 + 400, 1));
  expect(call.lines('agent_connecting')).toEqual([
    { agent: 'Agent 1', seat: 0 },
    { agent: 'Agent 2', seat: 1 },
  ]);
  expect(call.lines('agent_failed')).toEqual([{ agent: 'Agent 1', seat: 0, code: 'unauthorized' }]);
  expect(call.lines('agent_ready')).toEqual([{ agent: 'Agent 2', seat: 1, connectMs: 60 }]);
  expect(call.record.agent).toEqual({ id: 'agent-2', name: 'Agent 2' });
});

test('the first of the chain is in the record already', () => {
  const call = TestCall.in('connected', two);
  expect(call.record.agent).toBeUndefined();
});

test('the ringing time is shared: a quick failure leaves more to the others', () => {
  const rules = { ...three, agentTimeoutMs: 6_000 };
  expect(deadlines(rules, 0)).toEqual([2_000, 3_000, 5_000]);
  expect(deadlines(rules, 1_000)).toEqual([2_000, 1_000 + 2_500, 2_000 + 4_000]);
});

test('no agent is waited for longer than it may take itself', () => {
  const patient = choice(agentTarget({ connectTimeoutMs: 30_000 }));
  const hasty = choice(agentTarget({ connectTimeoutMs: 700 }));
  expect(deadlines(policy({ agents: [hasty, patient] }), 0)).toEqual([700, 10_000]);
});

test('a late agent is let go before the next one is dialled, and what it says then means nothing', () => {
  const call = TestCall.in('waiting', two);
  const effects = call.wake();
  expect(actionsOf(effects)).toEqual(['agent.close', 'agent.connect']);
  expect(call.lines('agent_failed')).toEqual([{ agent: 'Agent 1', seat: 0, code: 'not_ready' }]);

  const late = call.feed(agentReady(T0 + 5_001), agentFailed(T0 + 5_002), agentHangup(T0 + 5_003, false));
  expect(actionsOf(late)).toEqual([]);
  expect(call.lines('ignored').map(({ reason }) => reason)).toEqual(Array(3).fill('another_agent'));
});

test('a chain is walked no longer than it may ring', () => {
  const call = TestCall.in('waiting', three);
  const dialledAt: number[] = [];
  while (!['ending', 'ended'].includes(call.phase)) {
    const at = (call.deadline ?? 0) - T0;
    if (dialled(call.wake()).length > 0) dialledAt.push(at);
    else expect(at).toBeLessThanOrEqual(10_000);
  }
  expect(dialledAt).toHaveLength(2);
  expect(call.confirm(T0 + 10_100).ended).toBe('rejected/agent_unavailable/bridge');
});

test('nobody is dialled when the ringing time is over', () => {
  const call = TestCall.in('waiting', two);
  call.feed(agentReady(T0 + 300));
  expect(actionsOf(call.feed(agentFailed(T0 + 10_500, 'socket_lost')))).toEqual(['graph.terminate', 'media.close']);

  const launching = TestCall.in('new', chainPolicy(['runtime', 'raw']));
  launching.feed(connect(T0));
  expect(actionsOf(launching.feed(agentFailed(T0 + 10_500)))).toEqual(['graph.reject']);
});

test.each([
  ['reject', {}, ['graph.terminate', 'media.close']],
  ['prompt', sorry, []],
] as const)('policy %s comes when the chain is at its end, and not before', (_, differences, actions) => {
  const call = TestCall.in('waiting', chainPolicy(['raw', 'raw'], differences));
  call.feed(agentFailed(T0 + 300));
  expect(actionsOf(call.feed(agentFailed(T0 + 400, 'circuit_open', 1)))).toEqual(actions);
  if (actions.length > 0) return expect(call.confirm(T0 + 500).endings[0]).toMatchObject({ detail: 'circuit_open' });
  call.feed(mediaConnected(T0 + 500));
  expect(actionsOf(call.feed(ok(T0 + 600, 'accept')))).toEqual(['media.ungate', 'media.play']);
});

test('an agent that hangs up before the answer declined the call: nobody else is asked', () => {
  const call = TestCall.in('waiting', two);
  expect(actionsOf(call.feed(agentHangup(T0 + 300, false)))).toEqual(['graph.terminate', 'media.close']);
});

test('an agent that is lost again before the answer has its share of what is left, and then the next comes', () => {
  const call = TestCall.in('waiting', two);
  call.feed(agentReady(T0 + 300), agentReconnecting(T0 + 6_000));
  expect(call.deadline).toBe(T0 + 8_000);
  call.feed(agentReconnecting(T0 + 7_000));
  expect(call.deadline).toBe(T0 + 8_000);
  expect(dialled(call.wake())).toEqual([1]);
});

test('an agent that is lost while accept is under way is replaced, and the next is put on the line when it is ready', () => {
  const call = TestCall.in('accepting', two);
  expect(dialled(call.feed(agentFailed(T0 + 450, 'socket_lost')))).toEqual([1]);
  expect(actionsOf(call.feed(ok(T0 + 500, 'accept')))).toEqual(['media.ungate', 'agent.start']);
  expect(call.deadline).toBe(T0 + 500 + 20_000);
  expect(actionsOf(call.feed(agentReady(T0 + 900, 1)))).toEqual([]);
  expect(call.deadline).toBeNull();
});

test('a runtime behind an agent that has opened the leg is passed over', () => {
  const call = TestCall.in('offered', chainPolicy(['raw', 'runtime', 'raw']));
  expect(call.deadline).toBe(T0 + 5_000);
  expect(dialled(call.feed(agentFailed(T0 + 50)))).toEqual([2]);
  expect(call.count('agent.launch')).toBe(0);
  expect(call.lines('agent_skipped')).toEqual([{ agent: 'Agent 2', seat: 1, why: 'media_is_ours' }]);
});

test('reconnecting is the line’s own work, as often as the assignment says', () => {
  const agents = [choice(agentTarget(), { reconnectAttempts: 3 })];
  const call = new TestCall(policy({ agents }));
  expect(call.feed(connect(T0))).toContainEqual({
    type: 'agent.connect',
    seat: 0,
    agent: agents[0]?.agent,
    reconnectAttempts: 3,
    last: true,
  });
});

test('the last agent that can have the call is told from the others', () => {
  const lastOf = (call: TestCall) => call.effects.flatMap((each) => (each.type === 'agent.connect' ? [each.last] : []));
  const call = new TestCall(two);
  call.feed(connect(T0), agentFailed(T0 + 100));
  expect(lastOf(call)).toEqual([false, true]);
});

test('the first sound of each agent is logged', () => {
  const call = TestCall.in('connected', two);
  call.feed(agentSpoke(T0 + 600), agentFailed(T0 + 700), agentReady(T0 + 800, 1), agentSpoke(T0 + 900, 1));
  call.feed(agentSpoke(T0 + 901), agentSpoke(T0 + 902, 1));
  expect(call.lines('agent_spoke')).toEqual([{ seat: 0 }, { seat: 1 }]);
});
