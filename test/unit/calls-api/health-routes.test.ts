import { describe, expect, it } from 'vitest';
import type { AnsweredRequest } from '../../../src/calls-api/base/watch-answers.ts';
import type { HealthCheck } from '../../../src/calls-api/ports.ts';
import { API_KEY, addProject, apiKeyOf, askAsClient, getAsClient, testApi } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';

const WELL: HealthCheck = {
  draining: () => false,
  databaseHeld: () => true,
  reachDatabase: async () => {},
  capacity: () => ({ live: 3, max: 200 }),
};

async function readyz(differences: Partial<HealthCheck> = {}) {
  const { server } = await testApi({ health: { ...WELL, ...differences } });
  return await getAsClient(server, '/readyz', {});
}

describe('health', () => {
  it('is told without a key while the process serves HTTP', async () => {
    const { server } = await testApi({ health: { ...WELL, draining: () => true, databaseHeld: () => false } });
    expect(await getAsClient(server, '/healthz', {})).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it('is ready when a call that comes now would be taken, with each part of it', async () => {
    expect(await readyz()).toMatchObject({
      status: 200,
      body: {
        status: 'ready',
        reason: null,
        checks: {
          drain: { ok: true },
          database: { ok: true },
          claim: { ok: true },
          capacity: { ok: true, live: 3, max: 200 },
        },
      },
    });
  });

  it.each<[string, Partial<HealthCheck>]>([
    ['draining', { draining: () => true }],
    ['database_unreachable', { reachDatabase: () => Promise.reject(new Error('away')) }],
    ['database_not_held', { databaseHeld: () => false }],
    ['at_capacity', { capacity: () => ({ live: 200, max: 200 }) }],
  ])('is not ready when %s', async (reason, differences) => {
    expect(await readyz(differences)).toMatchObject({ status: 503, body: { status: 'not ready', reason } });
  });

  it('does not wait for a database that says nothing', async () => {
    expect(await readyz({ reachDatabase: () => new Promise(() => {}) })).toMatchObject({
      status: 503,
      body: { checks: { database: { ok: false }, claim: { ok: true } } },
    });
  });

  it('asks the database once a second, whoever asks and however often', async () => {
    let asked = 0;
    let now = 1_000_000;
    const reachDatabase = async () => {
      asked += 1;
    };
    const { server } = await testApi({ health: { ...WELL, reachDatabase }, clock: { now: () => now } });
    const ask = () => getAsClient(server, '/readyz', {});
    await Promise.all([ask(), ask(), ask()]);
    expect(asked).toBe(1);
    now += 1_000;
    await ask();
    expect(asked).toBe(2);
  });

  it('of a real database is told by it', async () => {
    const { server, database } = await testApi();
    await expect(database.backlogs.reach()).resolves.toBeUndefined();
    expect((await getAsClient(server, '/readyz', {})).status).toBe(200);
  });
});

describe('metrics', () => {
  const metrics = { contentType: 'text/plain; version=0.0.4', text: async () => 'talkwire_calls_capacity 200\n' };

  it('are told to keys of the environment, and to nobody else', async () => {
    const { server, database } = await testApi({ metrics });
    const ask = (headers: Record<string, string>) => server.inject({ url: '/metrics', headers });
    const told = await ask({ authorization: `Bearer ${API_KEY}` });
    expect([told.statusCode, told.body]).toEqual([200, 'talkwire_calls_capacity 200\n']);
    expect(told.headers['content-type']).toContain('text/plain');
    expect((await ask({})).statusCode).toBe(401);
    const ofProject = await apiKeyOf(database, { projectId: (await addProject(database)).id });
    expect((await ask({ 'x-api-key': ofProject })).statusCode).toBe(403);
    expect((await ask({ 'x-api-key': await apiKeyOf(database) })).statusCode).toBe(403);
  });
});

describe('answers', () => {
  it('are told by their operation, and never by what was asked', async () => {
    const answered: AnsweredRequest[] = [];
    const { server } = await testApi({ onAnswered: (request) => void answered.push(request) });
    await getAsClient(server, `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/calls`);
    await askAsClient(server, 'GET', '/platform/v1/whatsapp/calls/wacid.secret');
    await getAsClient(server, '/healthz', {});
    await getAsClient(server, '/platform/v1/nothing/15550100001', {});
    await server.inject({ method: 'POST', url: '/webhooks/whatsapp', payload: '{}' });
    expect(answered.map(({ operation, status }) => `${operation} ${status}`)).toEqual([
      'list_calls 200',
      'get_call 404',
      'GET /healthz 200',
      'no_such_route 404',
      'POST /webhooks/whatsapp 200',
    ]);
    for (const { seconds } of answered) expect(seconds).toBeGreaterThan(0);
  });
});
