import { describe, expect, it } from 'vitest';
import { NO_RULES, type NumberRules } from '../../../src/agents/ports.ts';
import { CallPlanner, type PlannedDial } from '../../../src/agents/routing/call-planner.ts';
import {
  type AgentChoice,
  type AgentUnavailable,
  type CallPlan,
  DEFAULT_POLICY,
  type User,
} from '../../../src/call/index.ts';
import { agentTarget, choice, identity, runtimeAgent, whenLost } from '../../support/call.ts';

const CHAIN = [choice(agentTarget({ id: 'first' })), choice(agentTarget({ id: 'second' }))];
const FRIDAY_NOON = Date.parse('2026-11-20T12:00:00Z');
const SORRY: AgentUnavailable = { action: 'prompt', prompt: 'unavailable.ogg' };
const ALWAYS_CLOSED = { timeZone: 'UTC', weekly: [], closedOn: [] };

interface Case {
  readonly rules?: Partial<NumberRules>;
  readonly user?: Partial<User>;
  readonly liveOnNumber?: number;
}

async function plan({ rules, user, liveOnNumber = 0 }: Case = {}): Promise<CallPlan> {
  const routing = { policy: DEFAULT_POLICY, rules: { ...NO_RULES, ...rules }, chain: CHAIN };
  const planner = new CallPlanner({ rulesOf: (number) => (number === 'pn-1' ? routing : null), choiceOf: () => null });
  const caller = { waId: '15550002222', userId: 'US.1', parentUserId: 'US.ENT.1', name: 'Ana', ...user };
  const planned = await planner.planFor({ identity: identity({ user: caller }), at: FRIDAY_NOON, liveOnNumber });
  if (planned === null) throw new Error('the number is ours');
  return planned;
}

describe('a call plan', () => {
  it('sends a call down the chain of its number', async () => {
    const { policy, refusal } = await plan();
    expect(policy.agents).toEqual(CHAIN);
    expect(refusal).toBeNull();
  });

  it('is not made for a number that is not ours', async () => {
    const planner = new CallPlanner({ rulesOf: () => null, choiceOf: () => null });
    expect(await planner.planFor({ identity: identity(), at: 0, liveOnNumber: 0 })).toBeNull();
  });

  it.each([
    ['below its limit', 1, null],
    ['at its limit', 2, 'number_busy'],
    ['above its limit', 3, 'number_busy'],
  ])('knows a number that is %s', async (_, liveOnNumber, refusal) => {
    expect((await plan({ rules: { maxConcurrentCalls: 2 }, liveOnNumber })).refusal).toBe(refusal);
  });

  it.each<[string, Partial<NumberRules>, string | null]>([
    ['denied by phone number', { deny: ['15550002222'] }, 'caller_denied'],
    ['denied by BSUID', { deny: ['US.1'] }, 'caller_denied'],
    ['denied by the id of their portfolio', { deny: ['US.ENT.1'] }, 'caller_denied'],
    ['not on the list of those allowed', { allow: ['15550009999'] }, 'caller_denied'],
    ['allowed by one of their names', { allow: ['US.1'] }, null],
    ['allowed and denied', { allow: ['US.1'], deny: ['15550002222'] }, 'caller_denied'],
    ['not among those denied', { deny: ['15550009999'] }, null],
  ])('of a caller who is %s', async (_, rules, refusal) => {
    expect((await plan({ rules })).refusal).toBe(refusal);
  });

  it('keeps out a caller without a phone number when only phone numbers are allowed', async () => {
    expect((await plan({ rules: { allow: ['15550002222'] }, user: { waId: null } })).refusal).toBe('caller_denied');
  });

  it('refuses outside the hours, or lets the number say so itself', async () => {
    expect(await plan({ rules: { hours: ALWAYS_CLOSED } })).toMatchObject({ refusal: 'outside_hours' });
    const prompt = { action: 'prompt', prompt: 'closed.ogg' } as const;
    const { policy, refusal } = await plan({ rules: { hours: ALWAYS_CLOSED, outsideHours: prompt } });
    expect(refusal).toBeNull();
    expect(policy).toMatchObject({ agents: [], onAgentUnavailable: prompt });
  });

  it('does not play the closing prompt to a caller who is kept out', async () => {
    const rules = {
      hours: ALWAYS_CLOSED,
      outsideHours: { action: 'prompt', prompt: 'x.ogg' },
      deny: ['US.1'],
    } as const;
    expect((await plan({ rules })).refusal).toBe('caller_denied');
  });
});

interface Desk {
  readonly chain?: readonly AgentChoice[];
  readonly book?: readonly AgentChoice[];
  readonly rules?: Partial<NumberRules>;
  readonly onAgentUnavailable?: AgentUnavailable;
}

function planDial(differences: Partial<PlannedDial> = {}, desk: Desk = {}) {
  const { chain = CHAIN, book = [], rules, onAgentUnavailable = { action: 'reject' } } = desk;
  const routing = { policy: { ...DEFAULT_POLICY, onAgentUnavailable }, rules: { ...NO_RULES, ...rules }, chain };
  const planner = new CallPlanner({
    rulesOf: (number) => (number === 'pn-1' ? routing : null),
    choiceOf: (id) => [...chain, ...book].find(({ agent }) => agent.id === id) ?? null,
  });
  const dial = { phoneNumberId: 'pn-1', voiceAgentId: null, context: {}, ringTimeoutMs: null } as const;
  return planner.planForDial({ ...dial, answeredBy: 'accepted', ...differences });
}

const speakersOf = (plan: ReturnType<CallPlanner['planForDial']>) =>
  'policy' in plan ? plan.policy.agents.map(({ agent }) => agent.id) : plan.refusal;

describe('the plan of a dial', () => {
  const runtime = choice(runtimeAgent({ id: 'runtime' }));
  const third = choice(agentTarget({ id: 'third' }), { then: { action: 'end' } });

  it('has the agents of the number when none is asked for', () => {
    expect(speakersOf(planDial())).toEqual(['first', 'second']);
  });

  it('puts the agent that is asked for first, and each agent in it once', () => {
    expect(speakersOf(planDial({ voiceAgentId: 'second' }))).toEqual(['second', 'first']);
  });

  it('takes an agent that is not assigned to the number, with its own rule for being lost', () => {
    const plan = planDial({ voiceAgentId: 'third' }, { book: [third] });
    expect(speakersOf(plan)).toEqual(['third', 'first', 'second']);
    expect('policy' in plan && plan.policy.agents[0]?.onLost).toEqual(whenLost({ action: 'end' }));
  });

  it('leaves runtimes out, which answer calls and cannot place them', () => {
    expect(speakersOf(planDial({}, { chain: [runtime, ...CHAIN] }))).toEqual(['first', 'second']);
  });

  it.each<[string, Partial<PlannedDial>, Desk, string]>([
    ['from a number that is not ours', { phoneNumberId: 'pn-2' }, {}, 'unknown_number'],
    ['by an agent that nobody knows', { voiceAgentId: 'nobody' }, {}, 'unknown_agent'],
    ['by a runtime that is asked for', { voiceAgentId: 'runtime' }, { book: [runtime] }, 'no_agent'],
    ['of a number that only a runtime answers', {}, { chain: [runtime] }, 'no_agent'],
    ['of a number that nobody answers', {}, { chain: [] }, 'no_agent'],
    ['of a number that only a prompt answers', {}, { chain: [], onAgentUnavailable: SORRY }, 'no_agent'],
  ])('is refused %s', (_, dial, desk, refusal) => {
    expect(planDial(dial, desk)).toEqual({ refusal });
  });

  it('tells every agent what is said of this call, over what the operator says of all', () => {
    const chatty = choice(agentTarget({ id: 'a', parameters: { language: 'en', tone: 'kind' } }));
    const plan = planDial({ context: { language: 'de', order: '17' } }, { chain: [chatty, ...CHAIN] });
    if (!('policy' in plan)) throw new Error('it is planned');
    expect(plan.policy.agents.map(({ agent }) => agent.parameters)).toEqual([
      { language: 'de', tone: 'kind', order: '17' },
      { language: 'de', order: '17' },
      { language: 'de', order: '17' },
    ]);
  });

  it('rings as long as the dial or its number says, and else as long as any', () => {
    expect(planDial({ ringTimeoutMs: 20_000, answeredBy: 'accepted_or_media' })).toMatchObject({
      policy: { ringTimeoutMs: 20_000, answeredBy: 'accepted_or_media' },
    });
    expect(planDial()).toMatchObject({ policy: { ringTimeoutMs: DEFAULT_POLICY.ringTimeoutMs } });
  });

  it('is not kept by what holds for callers: hours, lists and the number of calls', () => {
    const rules = { hours: ALWAYS_CLOSED, deny: ['15550002222'], maxConcurrentCalls: 0 };
    expect(speakersOf(planDial({}, { rules }))).toEqual(['first', 'second']);
  });
});
