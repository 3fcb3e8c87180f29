import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentsOf } from '../../../src/calls-api/platform/call-agents.ts';
import type { TimelineLine } from '../../../src/calls-api/ports.ts';
import {
  agentFailed,
  agentHangup,
  agentReady,
  agentSpoke,
  agentTarget,
  chainPolicy,
  choice,
  policy,
  T0,
  TestCall,
  terminateAfter,
  transfer,
  whenLost,
} from '../../support/call.ts';
import { anyPolicy, climbThenAnything } from '../../support/call-moves.ts';
import { play } from '../../support/call-trace.ts';

const at = (ms: number) => new Date(T0 + ms).toISOString();

/** The timeline as the routes read it from the database. */
function timelineOf({ effects }: TestCall): TimelineLine[] {
  return effects.flatMap((effect) =>
    effect.type === 'log.append' ? [{ ...effect.event, at: new Date(effect.event.at).toISOString() }] : [],
  );
}

describe('the agents of a call', () => {
  it('are one that has the person from the pickup to the end', () => {
    const call = TestCall.in('connected');
    call.feed(agentSpoke(T0 + 700));
    const echo = { name: 'Echo', seat: 0, sought_at: at(0), ready_at: at(400), from: at(500), spoke: true };
    expect(agentsOf(timelineOf(call))).toEqual([{ ...echo, to: null, why: null }]);
    call.feed(terminateAfter(T0 + 9_000, 8));
    call.confirm(T0 + 9_100);
    expect(agentsOf(timelineOf(call))).toEqual([{ ...echo, to: at(9_100), why: 'user_hangup' }]);
  });

  it('are all that were sought, with who failed and why, and the one that took over', () => {
    const rules = chainPolicy(['raw', 'raw', 'raw'], { recoveryTimeoutMs: 60_000 });
    const call = TestCall.in('pre-accepting', rules);
    call.feed(agentFailed(T0 + 150, 'unauthorized', 0), agentReady(T0 + 250, 1));
    call.feed({ type: 'graph.ok', action: 'pre_accept', tookMs: 1, at: T0 + 260 } as never);
    expect(agentsOf(timelineOf(call))).toMatchObject([
      { name: 'Agent 1', ready_at: null, from: null, to: null, spoke: false, why: 'unauthorized' },
      { name: 'Agent 2', ready_at: at(250), from: null, to: null, why: null },
    ]);
  });

  it('are two that had the person one after the other, if one was lost', () => {
    const lost = policy({
      agents: [choice(agentTarget(), whenLost({ action: 'next' })), choice(agentTarget({ id: 'b', name: 'Second' }))],
    });
    const call = TestCall.in('connected', lost);
    call.feed(agentFailed(T0 + 5_000, 'socket_lost'), agentReady(T0 + 5_300, 1));
    expect(agentsOf(timelineOf(call))).toMatchObject([
      { name: 'Echo', from: at(500), to: at(5_000), why: 'socket_lost' },
      { name: 'Second', seat: 1, sought_at: at(5_000), from: at(5_300), to: null, why: null },
    ]);
  });

  it('are two without a gap, if one gave the call to the other', () => {
    const call = TestCall.in('connected');
    call.feed(transfer(T0 + 3_000));
    expect(agentsOf(timelineOf(call))).toMatchObject([
      { name: 'Echo', to: null, why: null },
      { name: 'Takeover', sought_at: at(3_000), from: null, why: null },
    ]);
    call.feed(agentReady(T0 + 3_200, 1), agentHangup(T0 + 8_000, false, null, 1));
    call.confirm(T0 + 8_100);
    expect(agentsOf(timelineOf(call))).toMatchObject([
      { name: 'Echo', from: at(500), to: at(3_200), why: 'transferred' },
      { name: 'Takeover', from: at(3_200), to: at(8_000), why: 'agent_hangup' },
    ]);
  });

  it('include one that a call was not given to, and the one before goes on', () => {
    const call = TestCall.in('connected');
    call.feed(transfer(T0 + 3_000), agentFailed(T0 + 3_100, 'at_capacity', 1));
    expect(agentsOf(timelineOf(call))).toMatchObject([
      { name: 'Echo', to: null, why: null },
      { name: 'Takeover', from: null, to: null, why: 'at_capacity' },
    ]);
  });

  it('are none of a call without an agent', () => {
    expect(agentsOf([{ at: at(0), type: 'offer_received', data: { ageMs: 5 } }])).toEqual([]);
  });

  it('never have the person at the same time, and are all done with when the call is over, whatever happens', () => {
    fc.assert(
      fc.property(
        anyPolicy,
        climbThenAnything,
        fc.array(fc.integer({ min: 0, max: 9_000 }), { minLength: 3 }),
        (rules, moves, times) => {
          const { call } = play(rules, moves, times);
          const agents = agentsOf(timelineOf(call));
          const spans = agents.flatMap(({ from, to }) => (from === null ? [] : [{ from, to }]));
          for (const [place, { from, to }] of spans.entries()) {
            expect(to === null || to >= from).toBe(true);
            const next = spans[place + 1];
            if (next !== undefined) expect(to !== null && next.from >= to).toBe(true);
          }
          if (call.isOver) for (const { why } of agents) expect(why).not.toBeNull();
        },
      ),
      { numRuns: 500 },
    );
  });
});
