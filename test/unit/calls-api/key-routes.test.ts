import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { API_KEY, apiKeyOf, testApi } from '../../support/api-server.ts';
import { askAsBearer, type Method } from '../../support/as-bearer.ts';

const KEYS = '/platform/v1/api_keys';
const AGENTS = '/platform/v1/voice_agents';

async function house() {
  const api = await testApi();
  const key = await apiKeyOf(api.database);
  return {
    ...api,
    key,
    ask: (method: Method, url: string, payload?: object) =>
      askAsBearer(api.server, key, method, url, payload === undefined ? {} : { payload }),
    opens: async (other: string) => (await askAsBearer(api.server, other, 'GET', AGENTS)).status === 200,
  };
}

describe('a key', () => {
  it('is told when it is made, and never again', async () => {
    const { ask, opens } = await house();
    const made = await ask('POST', KEYS, { name: 'shop', scope: 'read' });
    expect(made).toMatchObject({ status: 201, body: { data: { name: 'shop', scope: 'read' } } });
    const { key, ...rest } = made.body.data;
    expect(await opens(key)).toBe(true);
    const listed = await ask('GET', KEYS);
    expect(listed.body.data).toContainEqual(rest);
    expect(JSON.stringify(listed.body)).not.toContain(key);
    expect(JSON.stringify(listed.body)).not.toMatch(/digest|[0-9a-f]{64}/);
  });

  it('opens nothing from the moment that it is revoked', async () => {
    const { ask, opens } = await house();
    const { id, key } = (await ask('POST', KEYS, { api_key: { name: 'shop', scope: 'read' } })).body.data;
    expect(await opens(key)).toBe(true);
    expect(await ask('DELETE', `${KEYS}/${id}`)).toMatchObject({ status: 204, body: null });
    expect(await opens(key)).toBe(false);
    expect((await ask('GET', KEYS)).body.data).not.toContainEqual(expect.objectContaining({ id }));
    expect(await ask('DELETE', `${KEYS}/${id}`)).toMatchObject({ status: 404, body: { error: 'API key not found' } });
  });

  it('may revoke itself, and is then out', async () => {
    const { ask } = await house();
    const [own] = (await ask('GET', KEYS)).body.data;
    expect((await ask('DELETE', `${KEYS}/${own.id}`)).status).toBe(204);
    expect((await ask('GET', KEYS)).status).toBe(401);
  });

  it('of the environment makes keys of the first project, and is no key that could be listed or revoked', async () => {
    const { server } = await house();
    const made = await askAsBearer(server, API_KEY, 'POST', KEYS, { payload: { name: 'a', scope: 'admin' } });
    const seen = await askAsBearer(server, made.body.data.key, 'GET', KEYS);
    expect(seen.body.data.map(({ name }: { name: string }) => name)).toEqual(['of a test', 'a']);
    expect((await askAsBearer(server, API_KEY, 'DELETE', `${KEYS}/environment-1`)).status).toBe(404);
  });

  it.each([
    [{}, { name: ['is required'], scope: ['must be read, calls or admin'] }],
    [{ name: '', scope: 'read' }, { name: ['must be a text of 1 to 200 characters'] }],
    [{ name: 'a', scope: 'root' }, { scope: ['must be read, calls or admin'] }],
    [[], { base: ['must be an object'] }],
  ])('is not made of %j', async (payload, errors) => {
    const { ask, database } = await house();
    expect(await ask('POST', KEYS, payload)).toMatchObject({ status: 422, body: { errors } });
    expect(database.apiKeys.list(DEFAULT_PROJECT_ID)).toHaveLength(1);
  });

  it('has pages of its kind', async () => {
    const { ask } = await house();
    for (const name of ['b', 'c']) await ask('POST', KEYS, { name, scope: 'calls' });
    const second = await ask('GET', `${KEYS}?page=2&per_page=2`);
    expect(second.body.data).toMatchObject([{ name: 'c' }]);
    expect(second.body.meta).toEqual({ page: 2, per_page: 2, total_pages: 2, total_count: 3 });
    expect((await ask('GET', `${KEYS}?per_page=0`)).status).toBe(400);
  });
});

describe('a request', () => {
  it.each([
    ['X-API-Key', (key: string) => ({ 'x-api-key': key })],
    ['a bearer token', (key: string) => ({ authorization: `Bearer ${key}` })],
    [
      'both, one of them for somebody else',
      (key: string) => ({ 'x-api-key': 'EAAG-of-meta', authorization: `bearer ${key}` }),
    ],
  ])('brings its key as %s', async (_name, headers) => {
    const { server, key } = await house();
    const response = await server.inject({ method: 'GET', url: AGENTS, headers: headers(key) });
    expect(response.statusCode).toBe(200);
  });

  it('is answered before its body is read if its key is wrong', async () => {
    const { server } = await house();
    const response = await server.inject({
      method: 'POST',
      url: AGENTS,
      headers: { 'x-api-key': 'tw_wrong', 'content-type': 'application/json' },
      payload: 'no JSON',
    });
    expect(response.statusCode).toBe(401);
  });
});
