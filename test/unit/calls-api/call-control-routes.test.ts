import { describe, expect, it } from 'vitest';
import type { CallControls } from '../../../src/calls-api/ports.ts';
import { addProject, apiKeyOf, askAsClient, testApi } from '../../support/api-server.ts';
import { callIdentity } from '../../support/call-identity.ts';
import { voiceAgent } from '../../support/voice-agent.ts';

type Asked = [what: 'announce' | 'tell' | 'transfer', id: string, order: unknown];

/** The routes before a call that does what the test says. */
async function api(controls: Partial<CallControls> = {}) {
  const asked: Asked[] = [];
  const watched: CallControls = {
    promptFault: controls.promptFault ?? (async () => null),
    announce(id, order) {
      asked.push(['announce', id, order]);
      return controls.announce?.(id, order) ?? null;
    },
    tell(id, data) {
      asked.push(['tell', id, data]);
      return controls.tell?.(id, data) ?? null;
    },
    async transfer(id, wanted) {
      asked.push(['transfer', id, wanted]);
      return (await controls.transfer?.(id, wanted)) ?? { type: 'transferred' };
    },
  };
  const { server, database } = await testApi({ controls: watched });
  const call = callIdentity();
  await database.calls.create(call, 'answered', 1, null);
  const agent = voiceAgent({ name: 'Concierge' });
  await database.agents.put(agent);
  const post = (what: string, body: object, id = call.id) =>
    askAsClient(server, 'POST', `/platform/v1/whatsapp/calls/${encodeURIComponent(id)}/${what}`, body);
  return { server, database, call, agent, post, asked };
}

describe('a prompt', () => {
  it('is taken by either id of the call, and told by an id of its own', async () => {
    const { call, post, asked } = await api();
    const answer = await post('prompt', { prompt: 'notice.ogg', interrupt: true }, call.callId);
    expect(answer).toMatchObject({
      status: 202,
      body: { data: { id: call.id }, prompt: { id: expect.any(String), prompt: 'notice.ogg', interrupt: true } },
    });
    expect(asked).toEqual([['announce', call.id, answer.body.prompt]]);
    expect((await post('prompt', { prompt: 'notice.ogg' })).body.prompt.interrupt).toBe(false);
  });

  it('that the folder does not hold is refused by the name of its field', async () => {
    const { post, asked } = await api({ promptFault: async () => 'is not in the prompt folder' });
    expect(await post('prompt', { prompt: 'none.ogg' })).toMatchObject({
      status: 422,
      body: { errors: { prompt: ['is not in the prompt folder'] } },
    });
    expect(asked).toEqual([]);
  });

  it.each([{}, { prompt: '../secret' }, { prompt: 7 }, { prompt: 'a.ogg', interrupt: 'yes' }, []])(
    'is refused as %j',
    async (body) => {
      expect((await (await api()).post('prompt', body)).status).toBe(422);
    },
  );

  it.each(['over', 'not_answered', 'no_agent', 'elsewhere', 'too_many_prompts'] as const)(
    'is refused with 409 when the call is %s',
    async (refusal) => {
      const { post } = await api({ announce: () => refusal });
      expect(await post('prompt', { prompt: 'a.ogg' })).toMatchObject({ status: 409, body: { reason: refusal } });
    },
  );
});

describe('a message', () => {
  it.each([
    [{ data: { tables: 3 } }, { tables: 3 }],
    [{ data: false }, false],
    [{ text: 'Three tables are free.' }, 'Three tables are free.'],
    [{ text: 'Three.', data: null }, 'Three.'],
  ])('is handed to the agent: %j', async (body, told) => {
    const { call, post, asked } = await api();
    expect(await post('messages', body)).toMatchObject({ status: 202, body: { data: { id: call.id } } });
    expect(asked).toEqual([['tell', call.id, told]]);
  });

  it.each([{}, { data: 1, text: 'a' }, { text: 1 }, { data: 'x'.repeat(40_000) }, { data: null }])(
    'is refused as %j',
    async (body) => {
      const { post, asked } = await api();
      expect((await post('messages', body)).status).toBe(422);
      expect(asked).toEqual([]);
    },
  );

  it('is refused where the agent’s protocol has no word for it, or nobody is there', async () => {
    const { post } = await api({ tell: () => 'no_word' });
    expect(await post('messages', { text: 'a' })).toMatchObject({ status: 409, body: { reason: 'no_word' } });
    const alone = await api({ tell: () => 'agent_not_ready' });
    expect((await alone.post('messages', { text: 'a' })).status).toBe(409);
  });
});

describe('a transfer', () => {
  it('is answered when the new agent has the call', async () => {
    const { call, agent, post, asked } = await api();
    const body = { voice_agent_id: agent.id, context: { topic: 'refund' }, on_lost: { then: 'end' } };
    expect(await post('transfer', body)).toMatchObject({
      status: 200,
      body: { data: { id: call.id }, transfer: { state: 'transferred', voice_agent_id: agent.id } },
    });
    const onLost = { reconnectAttempts: 3, then: { action: 'end' } };
    expect(asked).toEqual([['transfer', call.id, { voiceAgentId: agent.id, context: { topic: 'refund' }, onLost }]]);
    await post('transfer', { voice_agent_id: agent.id });
    expect(asked[1]).toEqual(['transfer', call.id, { voiceAgentId: agent.id, context: {}, onLost: null }]);
  });

  it('says why the call stays where it was', async () => {
    const { agent, post } = await api({ transfer: async () => ({ type: 'failed', code: 'at_capacity' }) });
    expect(await post('transfer', { voice_agent_id: agent.id })).toMatchObject({
      status: 409,
      body: { reason: 'at_capacity' },
    });
  });

  it.each(['over', 'elsewhere', 'not_answered', 'no_agent', 'transfer_under_way', 'agent_has_it'] as const)(
    'is refused with 409 when %s',
    async (refusal) => {
      const { agent, post } = await api({ transfer: async () => refusal });
      expect(await post('transfer', { voice_agent_id: agent.id })).toMatchObject({
        status: 409,
        body: { reason: refusal },
      });
    },
  );

  it('to a runtime is refused by the name of its field', async () => {
    const { agent, post } = await api({ transfer: async () => 'cannot_take_over' });
    expect(await post('transfer', { voice_agent_id: agent.id })).toMatchObject({
      status: 422,
      body: { errors: { voice_agent_id: [expect.any(String)] } },
    });
  });

  it.each([{}, { voice_agent_id: 1 }, { voice_agent_id: 'a', context: { a: 1 } }, { voice_agent_id: 'a', on_lost: 1 }])(
    'is refused as %j',
    async (body) => {
      expect((await (await api()).post('transfer', body)).status).toBe(422);
    },
  );
});

describe('of another project', () => {
  it('neither calls nor agents exist', async () => {
    const { server, database, call, agent, post, asked } = await api();
    const other = await addProject(database);
    const key = await apiKeyOf(database, { projectId: other.id });
    for (const [what, payload] of Object.entries({
      prompt: { prompt: 'a.ogg' },
      messages: { text: 'a' },
      transfer: { voice_agent_id: agent.id },
    })) {
      const url = `/platform/v1/whatsapp/calls/${call.id}/${what}`;
      const answer = await server.inject({ method: 'POST', url, headers: { 'x-api-key': key }, payload });
      expect(answer.statusCode).toBe(404);
    }
    const theirs = voiceAgent({ projectId: other.id });
    await database.agents.put(theirs);
    expect((await post('transfer', { voice_agent_id: theirs.id })).status).toBe(404);
    expect(asked).toEqual([]);
  });

  it('a key that may only look is refused', async () => {
    const { server, database, call } = await api();
    const key = await apiKeyOf(database, { scope: 'read' });
    const url = `/platform/v1/whatsapp/calls/${call.id}/messages`;
    const answer = await server.inject({ method: 'POST', url, headers: { 'x-api-key': key }, payload: { text: 'a' } });
    expect(answer.statusCode).toBe(403);
  });
});
