import { describe, expect, test } from 'vitest';
import type { CallPolicy, OnAgentLost } from '../../../src/call/index.ts';
import {
  actionsOf,
  agentFailed,
  agentHangup,
  agentReady,
  agentReconnecting,
  agentTarget,
  chainPolicy,
  choice,
  policy,
  promptPolicy,
  T0,
  TestCall,
  terminateAfter,
  whenLost,
} from '../../support/call.ts';

const two = chainPolicy(['raw', 'raw']);
const LOST = T0 + 5_000;
const bye = { type: 'media.prompt_done', prompt: 'bye.ogg', played: true, at: LOST + 3_000 } as const;

/** One agent whose assignment says what comes after it, and another behind it. */
function thenPolicy(then: OnAgentLost['then']): CallPolicy {
  return policy({ agents: [choice(agentTarget(), whenLost(then)), choice(agentTarget({ id: 'agent-2' }))] });
}

function sent(call: TestCall): (string | number)[] {
  return call.effects.flatMap((effect) => (effect.type === 'agent.connect' ? [effect.seat] : []));
}

describe('an agent that is lost in conversation', () => {
  test('gives way to the next, which is put on the line without another start', () => {
    const call = TestCall.in('connected', two);
    expect(actionsOf(call.feed(agentFailed(LOST, 'stalled')))).toEqual(['agent.connect']);
    expect(call.deadline).toBe(LOST + 5_000);
    expect(actionsOf(call.feed(agentReady(LOST + 200, 1)))).toEqual([]);
    expect(call.deadline).toBeNull();
    expect(call.count('agent.start')).toBe(1);
    expect(call.record.agent).toEqual({ id: 'agent-2', name: 'Agent 2' });
    expect(call.timeline.slice(-3)).toEqual(['agent_failed', 'agent_connecting', 'agent_ready']);
  });

  test('drops the call when nobody is left', () => {
    const call = TestCall.in('connected');
    expect(actionsOf(call.feed(agentFailed(LOST, 'socket_lost')))).toEqual(['graph.terminate', 'media.close']);
    expect(call.confirm(LOST + 100).endings).toEqual([
      { class: 'dropped', reason: 'agent_lost', endedBy: 'agent', detail: 'socket_lost' },
    ]);
  });

  test('is excused by the number’s prompt when nobody is left, and the call stays a dropped one', () => {
    const call = TestCall.in('connected', promptPolicy());
    expect(call.feed(agentFailed(LOST, 'silent'))).toContainEqual({ type: 'media.play', prompt: 'sorry.ogg' });
    expect(actionsOf(call.feed({ ...bye, prompt: 'sorry.ogg' }))).toEqual(['graph.terminate', 'media.close']);
    expect(call.confirm(LOST + 3_100).endings).toEqual([
      { class: 'dropped', reason: 'agent_lost', endedBy: 'agent', detail: 'silent' },
    ]);
  });

  test('is excused by its assignment’s own prompt, though there is another agent', () => {
    const call = TestCall.in('connected', thenPolicy({ action: 'prompt', prompt: 'bye.ogg' }));
    expect(actionsOf(call.feed(agentFailed(LOST)))).toEqual(['media.play']);
    expect(actionsOf(call.feed(agentReady(LOST + 100), agentFailed(LOST + 200)))).toEqual([]);
    call.feed({ ...bye, played: false });
    expect(call.confirm(LOST + 3_100).ended).toBe('dropped/agent_lost/agent');
  });

  test('ends the call where its assignment says so', () => {
    const call = TestCall.in('connected', thenPolicy({ action: 'end' }));
    expect(actionsOf(call.feed(agentFailed(LOST)))).toEqual(['graph.terminate', 'media.close']);
  });

  test('leaves the user free to hang up during the excuse', () => {
    const call = TestCall.in('connected', promptPolicy());
    call.feed(agentFailed(LOST), terminateAfter(LOST + 500, 5));
    expect(call.confirm(LOST + 600).ended).toBe('completed/user_hangup/user');
  });

  test('does not keep the call up for ever if the excuse never ends', () => {
    const call = TestCall.in('connected', promptPolicy());
    call.feed(agentFailed(LOST));
    expect(call.deadline).toBe(LOST + 120_000);
    call.wake();
    expect(call.confirm(LOST + 121_000).ended).toBe('dropped/agent_lost/agent');
  });

  test('does not lengthen a call beyond its limit', () => {
    const call = TestCall.in('connected', promptPolicy({ maxDurationMs: 6_000 }));
    call.feed(agentFailed(LOST));
    expect(call.deadline).toBe(T0 + 6_500);
    call.wake();
    expect(call.confirm(T0 + 6_600).ended).toBe('completed/max_duration/bridge');
  });
});

describe('an agent that reconnects in conversation', () => {
  test('changes nothing but the timeline when it comes back', () => {
    const call = TestCall.in('connected', two);
    const effects = call.feed(agentReconnecting(LOST), agentReady(LOST + 500));
    expect(actionsOf(effects)).toEqual([]);
    expect(call.timeline.slice(-2)).toEqual(['agent_reconnecting', 'agent_ready']);
    expect(call.record.agent).toBeUndefined();
    expect(call.deadline).toBeNull();
  });

  test('has all the recovery time where nobody would come after it', () => {
    for (const rules of [
      policy(),
      thenPolicy({ action: 'end' }),
      thenPolicy({ action: 'prompt', prompt: 'bye.ogg' }),
    ]) {
      const call = TestCall.in('connected', rules);
      call.feed(agentReconnecting(LOST), agentReconnecting(LOST + 4_000));
      expect(call.deadline).toBe(LOST + 20_000);
    }
  });

  test('shares that time with those behind it, and is then let go for the next one', () => {
    const call = TestCall.in('connected', two);
    call.feed(agentReconnecting(LOST));
    expect(call.deadline).toBe(LOST + 10_000);
    expect(actionsOf(call.wake())).toEqual(['agent.close', 'agent.connect']);
    expect(call.lines('agent_failed')).toEqual([{ agent: 'Agent 1', seat: 0, code: 'not_ready' }]);
    expect(call.deadline).toBe(LOST + 15_000);
    expect(actionsOf(call.feed(agentReady(LOST + 10_001)))).toEqual([]);
    expect(call.deadline).toBe(LOST + 15_000);
  });

  test('and does not come back drops the call, or is let go for a prompt', () => {
    const dropped = TestCall.in('connected');
    dropped.feed(agentReconnecting(LOST));
    expect(actionsOf(dropped.wake())).toEqual(['graph.terminate', 'media.close']);
    expect(dropped.confirm(LOST + 21_000).endings[0]).toMatchObject({ reason: 'agent_lost', detail: 'not_ready' });

    const excused = TestCall.in('connected', promptPolicy());
    excused.feed(agentReconnecting(LOST));
    expect(actionsOf(excused.wake())).toEqual(['agent.close', 'media.play']);
  });

  test('may still hang up, and the last words are played', () => {
    const call = TestCall.in('connected', two);
    call.feed(agentReconnecting(LOST));
    expect(actionsOf(call.feed(agentHangup(LOST + 100, true)))).toEqual(['media.drain']);
    expect(call.deadline).toBe(LOST + 100 + 30_000);
  });
});

describe('the search for another agent', () => {
  test('takes no longer than the recovery time since the first loss, however many there are', () => {
    const call = TestCall.in('connected', chainPolicy(['raw', 'raw', 'raw', 'raw'], { recoveryTimeoutMs: 6_000 }));
    call.feed(agentFailed(LOST));
    for (let wakes = 0; call.phase === 'connected' && wakes < 5; wakes += 1) call.wake();
    expect(sent(call)).toEqual([0, 1, 2, 3]);
    expect(call.confirm(LOST + 7_000).record.endedAt).toBe(LOST + 6_000);
    expect(call.ended).toBe('dropped/agent_lost/agent');
  });

  test('dials nobody when that time is over', () => {
    const call = TestCall.in('connected', two);
    call.feed(agentReconnecting(LOST));
    expect(actionsOf(call.feed(agentFailed(LOST + 20_000)))).toEqual(['graph.terminate', 'media.close']);
  });

  test('begins anew with every agent that was ready', () => {
    const call = TestCall.in('connected', chainPolicy(['raw', 'raw', 'raw']));
    call.feed(agentFailed(LOST), agentReady(LOST + 100, 1), agentFailed(LOST + 60_000, 'socket_lost', 1));
    expect(call.deadline).toBe(LOST + 65_000);
    expect(sent(call)).toEqual([0, 1, 2]);
  });

  test('goes on past one that was never ready, whatever is said for its loss', () => {
    const end = choice(agentTarget({ id: 'agent-2' }), whenLost({ action: 'end' }));
    const call = TestCall.in('connected', policy({ agents: [choice(), end, choice()] }));
    call.feed(agentFailed(LOST), agentFailed(LOST + 100, 'at_capacity', 1));
    expect(sent(call)).toEqual([0, 1, 2]);
  });

  test('passes over a runtime', () => {
    const call = TestCall.in('connected', chainPolicy(['raw', 'runtime']));
    expect(actionsOf(call.feed(agentFailed(LOST)))).toEqual(['graph.terminate', 'media.close']);
    expect(call.lines('agent_skipped')).toHaveLength(1);
  });

  test('ends with the call', () => {
    for (const [end, ended] of [
      [{ type: 'api.hangup', at: LOST + 100 }, 'completed/api_hangup/api'],
      [{ type: 'service.drained', at: LOST + 100 }, 'completed/service_drained/bridge'],
      [terminateAfter(LOST + 100, 5), 'completed/user_hangup/user'],
    ] as const) {
      const call = TestCall.in('connected', two);
      call.feed(agentFailed(LOST), end, agentReady(LOST + 200, 1), agentFailed(LOST + 300, 'socket_lost', 1));
      expect(call.confirm(LOST + 400).ended).toBe(ended);
      expect(sent(call)).toEqual([0, 1]);
    }
  });
});
