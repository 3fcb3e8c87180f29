import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { addNumber, askAsClient, testApi } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';

const OTHER_NUMBER = '206540352242923';
const TAKEN = { status: 409, body: { errors: { base: ['Primary assignment already exists for this number'] } } };

async function api() {
  const { server, database } = await testApi({ clock: { now: () => Date.UTC(2026, 10, 20) } });
  await addNumber(database, OTHER_NUMBER);
  const ask = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) =>
    askAsClient(server, method, `/platform/v1/voice_agents${path}`, body);
  const provider = { kind: 'websocket', url: 'wss://a.test' };
  const makeAgent = async () => (await ask('POST', '', { name: 'Bot', provider })).body.data.id as string;
  const assign = (agent: string, fields: object) =>
    ask('POST', `/${agent}/whatsapp/phone_numbers`, {
      voice_agent_whatsapp_config: { phone_number_id: PHONE_NUMBER_ID, ...fields },
    });
  const change = (agent: string, assignment: string, fields: object) =>
    ask('PATCH', `/${agent}/whatsapp/phone_numbers/${assignment}`, { voice_agent_whatsapp_config: fields });
  return { server, database, ask, makeAgent, assign, change };
}

describe('an assignment', () => {
  it('is answered as Kapso does, with what only this service knows', async () => {
    const { ask, makeAgent, assign } = await api();
    const agent = await makeAgent();
    const { status, body } = await assign(agent, { is_primary: true, enabled: true });
    expect(status).toBe(201);
    expect(body).toEqual({
      data: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        voice_agent_id: agent,
        phone_number_id: PHONE_NUMBER_ID,
        is_primary: true,
        enabled: true,
        position: 0,
        on_lost: { reconnect_attempts: 3, then: 'next' },
        created_at: '2026-11-20T00:00:00.000Z',
        updated_at: '2026-11-20T00:00:00.000Z',
      },
    });
    expect(await ask('GET', `/${agent}/whatsapp/phone_numbers`)).toEqual({ status: 200, body: { data: [body.data] } });
  });

  it('is enabled and not primary unless said otherwise; a PATCH changes what it names', async () => {
    const { makeAgent, assign, change } = await api();
    const agent = await makeAgent();
    const { body } = await assign(agent, { on_lost: { then: { prompt: 'sorry.ogg' } }, position: 7 });
    expect(body.data).toMatchObject({
      is_primary: false,
      enabled: true,
      position: 7,
      on_lost: { reconnect_attempts: 3, then: { prompt: 'sorry.ogg' } },
    });
    const changed = await change(agent, body.data.id, { enabled: false, on_lost: { reconnect_attempts: 0 } });
    expect(changed).toMatchObject({
      status: 200,
      body: {
        data: { enabled: false, position: 7, on_lost: { reconnect_attempts: 0, then: { prompt: 'sorry.ogg' } } },
      },
    });
    expect((await change(agent, body.data.id, { on_lost: { then: 'end' } })).body.data.on_lost.then).toBe('end');
  });

  it('as the second enabled primary of a number is refused with 409, and changes nothing', async () => {
    const { ask, database, makeAgent, assign, change } = await api();
    const [first, second] = [await makeAgent(), await makeAgent()];
    const elsewhere = (await assign(second, { phone_number_id: OTHER_NUMBER, is_primary: true })).body.data;
    await assign(first, { is_primary: true });
    expect(await assign(second, { is_primary: true })).toEqual(TAKEN);
    // Its primary elsewhere was not demoted for nothing.
    expect((await ask('GET', `/${second}/whatsapp/phone_numbers`)).body.data).toEqual([elsewhere]);
    const idle = (await assign(second, { is_primary: true, enabled: false })).body.data;
    expect(await change(second, idle.id, { enabled: true })).toEqual(TAKEN);
    expect(database.agents.assignment(idle.id)?.enabled).toBe(false);
  });

  it('takes the place of the same agent’s other primary', async () => {
    const { ask, makeAgent, assign, change } = await api();
    const agent = await makeAgent();
    const one = (await assign(agent, { is_primary: true })).body.data.id;
    const two = (await assign(agent, { is_primary: true, phone_number_id: OTHER_NUMBER })).body.data.id;
    const primaries = async () => {
      const { body } = await ask('GET', `/${agent}/whatsapp/phone_numbers`);
      return body.data
        .filter((each: { is_primary: boolean }) => each.is_primary)
        .map((each: { id: string }) => each.id);
    };
    expect(await primaries()).toEqual([two]);
    await change(agent, one, { is_primary: true });
    expect(await primaries()).toEqual([one]);
    await ask('DELETE', `/${agent}/whatsapp/phone_numbers/${one}`);
    expect(await primaries()).toEqual([]);
  });

  it('is deleted with 204; agents and assignments that do not fit are 404', async () => {
    const { ask, makeAgent, assign, change } = await api();
    const [agent, other] = [await makeAgent(), await makeAgent()];
    const { id } = (await assign(agent, {})).body.data;
    const missing = { status: 404, body: { error: 'Assignment not found' } };
    expect(await change(other, id, { enabled: false })).toEqual(missing);
    expect(await ask('DELETE', `/${other}/whatsapp/phone_numbers/${id}`)).toEqual(missing);
    expect(await change(agent, randomUUID(), {})).toEqual(missing);
    expect((await change(randomUUID(), id, {})).body).toEqual({ error: 'Voice agent not found' });
    expect(await ask('DELETE', `/${agent}/whatsapp/phone_numbers/${id}`)).toEqual({ status: 204, body: null });
    expect(await ask('DELETE', `/${agent}/whatsapp/phone_numbers/${id}`)).toEqual(missing);
  });

  it('goes with its agent', async () => {
    const { ask, database, makeAgent, assign } = await api();
    const [agent, other] = [await makeAgent(), await makeAgent()];
    await assign(agent, { is_primary: true });
    await ask('DELETE', `/${agent}`);
    expect(database.agents.assignments()).toEqual([]);
    expect((await assign(other, { is_primary: true })).status).toBe(201);
  });

  it.each([
    [{ phone_number_id: '999999' }, { phone_number_id: ['must be a number of this service'] }],
    [{ phone_number_id: null }, { phone_number_id: ['is required'] }],
    [{ phone_number_id: 5 }, { phone_number_id: ['is required'] }],
    [{ is_primary: 'yes' }, { is_primary: ['must be true or false'] }],
    [{ position: -1 }, { position: ['must be a whole number from 0 to 10000'] }],
    [{ on_lost: 'next' }, { on_lost: ['must be an object'] }],
    [{ on_lost: { reconnect_attempts: 1.5 } }, { 'on_lost.reconnect_attempts': [expect.any(String)] }],
    [{ on_lost: { then: 'retry' } }, { 'on_lost.then': [expect.stringContaining('must be next, end or')] }],
    [{ on_lost: { then: { prompt: '../passwd' } } }, { 'on_lost.then': [expect.any(String)] }],
  ])('cannot be made with %j', async (fields, errors) => {
    const { database, makeAgent, assign } = await api();
    expect(await assign(await makeAgent(), fields)).toEqual({ status: 422, body: { errors } });
    expect(database.agents.assignments()).toEqual([]);
  });

  it('is made once for an agent and a number, and stays with its number', async () => {
    const { database, makeAgent, assign, change } = await api();
    const agent = await makeAgent();
    const [one, two] = await Promise.all([assign(agent, {}), assign(agent, {})]);
    expect([one?.status, two?.status]).toEqual([201, 422]);
    expect(two?.body.errors).toEqual({ phone_number_id: ['is assigned to this voice agent already'] });
    expect(database.agents.assignments()).toHaveLength(1);
    const moved = await change(agent, one?.body.data.id, { phone_number_id: OTHER_NUMBER });
    expect(moved).toMatchObject({ status: 422, body: { errors: { phone_number_id: [expect.any(String)] } } });
  });

  it('has its older twin, with the names of then', async () => {
    const { server, makeAgent } = await api();
    const agent = await makeAgent();
    const path = `/api/v1/voice_agents/${agent}/voice_agent_whatsapp_configs`;
    const fields = { whatsapp_config_id: PHONE_NUMBER_ID, is_primary: true };
    const made = await askAsClient(server, 'POST', path, { voice_agent_whatsapp_config: fields });
    expect(made).toMatchObject({
      status: 201,
      body: {
        data: { whatsapp_config_id: PHONE_NUMBER_ID, whatsapp_config: { id: PHONE_NUMBER_ID }, is_primary: true },
      },
    });
    expect((await askAsClient(server, 'GET', path)).body.data).toEqual([made.body.data]);
    const one = `${path}/${made.body.data.id}`;
    expect((await askAsClient(server, 'PATCH', one, { enabled: false })).body.data.enabled).toBe(false);
    expect((await askAsClient(server, 'DELETE', one)).status).toBe(204);
  });
});
