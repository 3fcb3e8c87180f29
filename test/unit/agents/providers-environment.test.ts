import { describe, expect, it } from 'vitest';
import {
  type EnvironmentAgent,
  InvalidFields,
  putEnvironmentAgent,
  targetOf,
} from '../../../src/agents/providers/index.ts';
import { AssignedRouting } from '../../../src/agents/routing/assigned-routing.ts';
import { addNumber, addProject } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { assignmentOf, voiceAgent } from '../../support/voice-agent.ts';

const ID = '4ea1efa1-5cc3-85b9-a020-c0adbb184363';
const HOSTS = { allowLinkLocal: false };

function described(differences: Partial<EnvironmentAgent> = {}): EnvironmentAgent {
  const provider = { kind: 'websocket', url: 'ws://agent:9000' };
  return {
    id: ID,
    phoneNumberId: PHONE_NUMBER_ID,
    body: { name: 'default', provider },
    token: null,
    reconnectAttempts: 2,
    ...differences,
  };
}

async function house() {
  const database = await openTestDatabase();
  await addNumber(database, PHONE_NUMBER_ID);
  const { agents, numbers } = database;
  const routing = new AssignedRouting(numbers, agents);
  const put = (differences: Partial<EnvironmentAgent> = {}, at = 1) =>
    putEnvironmentAgent(agents, described(differences), HOSTS, at);
  const chain = () => routing.rulesOf(PHONE_NUMBER_ID)?.chain.map(({ agent }) => agent.id);
  return { ...database, routing, put, chain };
}

describe('the agent of the environment', () => {
  it('is the primary of its number, the same one at every start, as it is described now', async () => {
    const { agents, put, chain } = await house();
    await put();
    await put({ reconnectAttempts: 5, body: { name: 'new', provider: { kind: 'twilio', url: 'wss://b' } } }, 9);
    expect(agents.list()).toEqual([
      expect.objectContaining({
        id: ID,
        name: 'new',
        provider: { kind: 'twilio', url: 'wss://b' },
        createdAt: 1,
        updatedAt: 9,
      }),
    ]);
    expect(agents.assignments()).toEqual([
      expect.objectContaining({
        voiceAgentId: ID,
        phoneNumberId: PHONE_NUMBER_ID,
        isPrimary: true,
        enabled: true,
        onLost: { reconnectAttempts: 5, then: { action: 'next' } },
      }),
    ]);
    expect(chain()).toEqual([ID]);
  });

  it('is of the project that has its number', async () => {
    const { put, chain, agents, ...database } = await house();
    const { id: projectId } = await addProject({ agents, ...database });
    await addNumber({ agents, ...database }, PHONE_NUMBER_ID, projectId);
    await put({ projectId });
    expect([agents.get(ID)?.projectId, chain()]).toEqual([projectId, [ID]]);
  });

  it('stands behind a primary that the API made', async () => {
    const { agents, put, chain } = await house();
    const made = voiceAgent();
    await agents.put(made);
    await agents.putAssignments([assignmentOf(made, { isPrimary: true })]);
    await put();
    expect(chain()).toEqual([made.id, ID]);
  });

  it('keeps what the API made of its assignment', async () => {
    const { agents, put, chain } = await house();
    await put();
    const [own] = agents.assignments();
    await agents.putAssignments([{ ...own!, isPrimary: false, enabled: false, position: 4 }]);
    await put();
    expect(agents.assignments()).toEqual([expect.objectContaining({ isPrimary: false, enabled: false, position: 4 })]);
    expect(chain()).toEqual([]);
  });

  it('is removed when the environment describes none, and nothing else is', async () => {
    const { agents, put } = await house();
    const made = voiceAgent();
    await agents.put(made);
    await put();
    await put({ body: null });
    expect(agents.list()).toEqual([made]);
    expect(agents.assignments()).toEqual([]);
  });

  it.each([
    [{ kind: 'websocket', url: 'ws://a' }, 'token'],
    [{ kind: 'pipecat', url: 'ws://a' }, 'token'],
    [{ kind: 'pipecat', start_url: 'http://a/start' }, 'public_api_key'],
    [{ kind: 'pipecat', agent_name: 'a' }, 'public_api_key'],
    [{ kind: 'twilio', url: 'ws://a' }, 'auth_token'],
    [{ kind: 'openai_realtime' }, 'api_key'],
    [{ kind: 'elevenlabs', agent_id: 'a' }, 'api_key'],
  ])('gets its token where its kind has it: %j', async (provider, field) => {
    const { agents, put } = await house();
    for (const body of [
      { name: 'a', provider },
      { voice_agent: { name: 'a', provider_type: provider.kind, provider: { ...provider, kind: undefined } } },
    ]) {
      await put({ token: 'the-token', body });
      expect(agents.get(ID)?.provider[field]).toBe('the-token');
    }
  });

  it.each([5, 'x', [], {}, { voice_agent: 5 }, { provider: 7 }, { name: 'a', provider: { kind: 'vapi' } }])(
    'is refused by field if its file says %j',
    async (body) => {
      const { agents, put } = await house();
      await expect(put({ token: 'the-token', body })).rejects.toThrow(InvalidFields);
      await expect(put({ body })).rejects.toThrow(
        /^talkwire cannot start: the agent of TALKWIRE_AGENT_FILE .*(must be|is required)/,
      );
      expect(agents.list()).toEqual([]);
    },
  );
});

describe('who answers a number', () => {
  it('is its primary, then the others by place, then the oldest; those that are off never', async () => {
    const { agents, routing } = await house();
    const made = [0, 1, 2, 3, 4].map((at) => voiceAgent({ name: `${at}`, createdAt: at }));
    for (const agent of made) await agents.put(agent);
    const [a, b, c, d, e] = made as [
      (typeof made)[0],
      (typeof made)[0],
      (typeof made)[0],
      (typeof made)[0],
      (typeof made)[0],
    ];
    const onLost = { reconnectAttempts: 0, then: { action: 'end' } } as const;
    await agents.putAssignments([
      assignmentOf(a, { position: 2, createdAt: 1 }),
      assignmentOf(b, { position: 1, createdAt: 3, onLost }),
      assignmentOf(c, { position: 1, createdAt: 2 }),
      assignmentOf(d, { position: 9, isPrimary: true }),
      assignmentOf(e, { position: 0, enabled: false }),
    ]);
    const chain = routing.rulesOf(PHONE_NUMBER_ID)?.chain;
    expect(chain?.map(({ agent }) => agent.name)).toEqual(['3', '2', '1', '0']);
    expect(chain?.[2]).toEqual({ agent: targetOf(b), onLost });
  });

  it('is its only enabled agent, also if that is not primary', async () => {
    const { agents, chain } = await house();
    const [a, b] = [voiceAgent(), voiceAgent()];
    await agents.put(a);
    await agents.put(b);
    await agents.putAssignments([assignmentOf(a), assignmentOf(b, { isPrimary: true, enabled: false })]);
    expect(chain()).toEqual([a.id]);
  });

  it('is nobody for a number without agents; a number that is not ours has no rules at all', async () => {
    const { routing, chain } = await house();
    expect(chain()).toEqual([]);
    expect(routing.rulesOf('1')).toBeNull();
  });

  it('has the time that the rules give, or else the most patient agent', async () => {
    const { agents, numbers, routing } = await house();
    const patient = voiceAgent();
    const budget = () => routing.rulesOf(PHONE_NUMBER_ID)?.policy.agentTimeoutMs;
    expect(budget()).toBe(10_000);
    await agents.put({ ...patient, settings: { ...patient.settings, connect_timeout_seconds: 25 } });
    await agents.putAssignments([assignmentOf(patient)]);
    expect(budget()).toBe(25_000);
    await numbers.setRules(PHONE_NUMBER_ID, { ...numbers.rules(PHONE_NUMBER_ID)!, answerWithinMs: 8_000 }, 1);
    expect(budget()).toBe(8_000);
  });
});
