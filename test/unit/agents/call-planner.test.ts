import { describe, expect, it } from 'vitest';
import { NO_RULES, type NumberRules } from '../../../src/agents/ports.ts';
import { CallPlanner } from '../../../src/agents/routing/call-planner.ts';
import { type CallPlan, DEFAULT_POLICY, type User } from '../../../src/call/index.ts';
import { agentTarget, choice, identity } from '../../support/call.ts';

const CHAIN = [choice(agentTarget({ id: 'first' })), choice(agentTarget({ id: 'second' }))];
const FRIDAY_NOON = Date.parse('2026-11-20T12:00:00Z');
const ALWAYS_CLOSED = { timeZone: 'UTC', weekly: [], closedOn: [] };

interface Case {
  readonly rules?: Partial<NumberRules>;
  readonly user?: Partial<User>;
  readonly liveOnNumber?: number;
}

async function plan({ rules, user, liveOnNumber = 0 }: Case = {}): Promise<CallPlan> {
  const routing = { policy: DEFAULT_POLICY, rules: { ...NO_RULES, ...rules }, chain: CHAIN };
  const planner = new CallPlanner({ rulesOf: (number) => (number === 'pn-1' ? routing : null) });
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
    const planner = new CallPlanner({ rulesOf: () => null });
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
