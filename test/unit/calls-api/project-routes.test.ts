import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { API_KEY, apiKeyOf, testApi } from '../../support/api-server.ts';
import { askAsBearer, type Method } from '../../support/as-bearer.ts';

const PROJECTS = '/platform/v1/projects';
const AGENTS = '/platform/v1/voice_agents';
const AGENT = { name: 'Echo', provider: { kind: 'websocket', url: 'wss://agent.test/talk' } };

async function house() {
  const api = await testApi();
  const ask = (method: Method, url: string, payload?: object, headers: Record<string, string> = {}) =>
    askAsBearer(api.server, API_KEY, method, url, { headers, ...(payload !== undefined && { payload }) });
  const made = async (name = 'Clinic') => (await ask('POST', PROJECTS, { name })).body.data;
  return { ...api, ask, made };
}

describe('a project', () => {
  it('is made with a key that opens everything of it, and nothing else', async () => {
    const { server, ask } = await house();
    const { status, body } = await ask('POST', PROJECTS, { project: { name: 'Clinic' } });
    const { id, api_key } = body.data;
    expect([status, body.data.name, api_key.scope]).toEqual([201, 'Clinic', 'admin']);
    const agent = await askAsBearer(server, api_key.key, 'POST', AGENTS, { payload: AGENT });
    expect(agent.status).toBe(201);
    expect((await ask('GET', `${AGENTS}/${agent.body.data.id}`)).status).toBe(404);
    const listed = (await ask('GET', PROJECTS)).body;
    expect(listed.data.map((each: { id: string }) => each.id)).toEqual([DEFAULT_PROJECT_ID, id]);
    expect(JSON.stringify(listed)).not.toContain(api_key.key);
  });

  it('can have another name', async () => {
    const { ask, made } = await house();
    const { id } = await made();
    const { status, body } = await ask('PATCH', `${PROJECTS}/${id}`, { name: 'Practice' });
    expect([status, body.data]).toEqual([200, expect.objectContaining({ id, name: 'Practice' })]);
    expect((await ask('GET', PROJECTS)).body.data).toContainEqual(body.data);
  });

  it('goes with its keys once it is empty', async () => {
    const { server, ask, made } = await house();
    const { id, api_key } = await made();
    const agent = await askAsBearer(server, api_key.key, 'POST', AGENTS, { payload: AGENT });
    expect(await ask('DELETE', `${PROJECTS}/${id}`)).toMatchObject({
      status: 409,
      body: { error: 'The project has numbers, voice agents, or calls that are not over' },
    });
    await askAsBearer(server, api_key.key, 'DELETE', `${AGENTS}/${agent.body.data.id}`);
    expect((await ask('DELETE', `${PROJECTS}/${id}`)).status).toBe(204);
    expect((await askAsBearer(server, api_key.key, 'GET', AGENTS)).status).toBe(401);
    expect((await ask('DELETE', `${PROJECTS}/${id}`)).status).toBe(404);
  });

  it('that is the first one stays', async () => {
    const { ask, database } = await house();
    for (const { phoneNumberId } of database.numbers.list()) await database.numbers.remove(phoneNumberId, 1);
    expect(await ask('DELETE', `${PROJECTS}/${DEFAULT_PROJECT_ID}`)).toMatchObject({
      status: 409,
      body: { error: 'The first project cannot be deleted' },
    });
  });

  it.each([[{}], [{ name: '' }], [{ name: 7 }], ['Clinic']])('is neither made nor renamed with %j', async (payload) => {
    const { ask, made, database } = await house();
    const { id } = await made();
    const before = database.projects.list();
    for (const [method, url] of [
      ['POST', PROJECTS],
      ['PATCH', `${PROJECTS}/${id}`],
    ] as const) {
      const body = typeof payload === 'string' ? [payload] : payload;
      expect((await ask(method, url, body)).status).toBe(422);
    }
    expect(database.projects.list()).toEqual(before);
  });

  it('is not there under another id', async () => {
    const { ask } = await house();
    for (const [method, body] of [['PATCH', { name: 'a' }], ['DELETE']] as const) {
      expect(await ask(method, `${PROJECTS}/${randomUUID()}`, body)).toMatchObject({
        status: 404,
        body: { error: 'Project not found' },
      });
    }
  });

  it('is no business of any key but those of the environment', async () => {
    const { server, database, made } = await house();
    const { id, api_key } = await made();
    for (const key of [api_key.key, await apiKeyOf(database)]) {
      for (const [method, url, payload] of [
        ['GET', PROJECTS],
        ['POST', PROJECTS, { name: 'a' }],
        ['PATCH', `${PROJECTS}/${id}`, { name: 'a' }],
        ['DELETE', `${PROJECTS}/${id}`],
      ] as const) {
        const { status } = await askAsBearer(server, key, method, url, payload === undefined ? {} : { payload });
        expect([method, status]).toEqual([method, 403]);
      }
    }
    expect(database.projects.list()).toHaveLength(2);
  });
});

describe('X-Project-Id', () => {
  it('has a key of the environment act in another project', async () => {
    const { server, ask, made } = await house();
    const { id, api_key } = await made();
    const there = { 'x-project-id': id };
    const agent = (await ask('POST', AGENTS, AGENT, there)).body.data;
    const seenBy = async (headers: Record<string, string>) => (await ask('GET', AGENTS, undefined, headers)).body.data;
    expect([await seenBy(there), await seenBy({}), await seenBy({ 'x-project-id': '' })]).toEqual([[agent], [], []]);
    expect((await askAsBearer(server, api_key.key, 'GET', AGENTS)).body.data).toEqual([agent]);
  });

  it('may name the project of a key, and no other', async () => {
    const { server, made } = await house();
    const [clinic, shop] = [await made('Clinic'), await made('Shop')];
    const statusOf = async (named: string) => {
      const headers = { 'x-project-id': named };
      return (await askAsBearer(server, clinic.api_key.key, 'GET', AGENTS, { headers })).status;
    };
    expect(await statusOf(clinic.id)).toBe(200);
    for (const other of [shop.id, DEFAULT_PROJECT_ID, randomUUID(), 'x']) expect(await statusOf(other)).toBe(404);
  });

  it('must name a project that is there', async () => {
    const { ask } = await house();
    for (const named of [randomUUID(), `${DEFAULT_PROJECT_ID}, ${DEFAULT_PROJECT_ID}`, 'toString']) {
      expect(await ask('GET', AGENTS, undefined, { 'x-project-id': named })).toMatchObject({
        status: 404,
        body: { error: 'X-Project-Id names no project of this key' },
      });
    }
  });
});
