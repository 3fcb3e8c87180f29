import { describe, expect, it } from 'vitest';
import type { Attempt, EventDesk, Webhook } from '../../../src/events/ports.ts';
import { addNumber, addProject, apiKeyOf, askAsClient, testApi } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';

const OF_PROJECT = '/platform/v1/whatsapp/webhooks';
const OF_NUMBER = `/platform/v1/whatsapp/phone_numbers/${PHONE_NUMBER_ID}/webhooks`;
const URL_ = 'https://receiver.example/hook';

interface Answered {
  readonly data: Record<string, unknown> & { readonly id: string };
}

async function setUp(desk?: Pick<EventDesk, 'test'>) {
  const { server, database } = await testApi();
  const api = desk === undefined ? server : (await withDesk(desk, database)).server;
  const ask = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) =>
    askAsClient(api, method, path, body);
  const create = async (path: string, body: object = {}): Promise<Answered['data']> => {
    const { status, body: answer } = await ask('POST', path, { whatsapp_webhook: { url: URL_, ...body } });
    expect(status).toBe(201);
    return (answer as Answered).data;
  };
  return { server: api, database, ask, create };
}

async function withDesk(desk: Pick<EventDesk, 'test'>, database: Awaited<ReturnType<typeof testApi>>['database']) {
  const { webhooks, deliveries } = database;
  return await testApi({ database, events: { webhooks, deliveries, desk, privateAllowed: false } });
}

describe('a webhook', () => {
  it('is made in the shape of Kapso, hears everything unless it is told otherwise, and its secret is told once', async () => {
    const { ask, create } = await setUp();
    const made = await create(OF_PROJECT);
    expect(made).toMatchObject({
      url: URL_,
      kind: 'kapso',
      events: expect.arrayContaining(['whatsapp.call.ended', 'whatsapp.phone_number.warned']),
      active: true,
      secret_key: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      headers: null,
      buffer_enabled: false,
      buffer_window_seconds: null,
      max_buffer_size: null,
      buffer_events: [],
      payload_version: 'v2',
      standing: { state: 'ok', since: null, reason: null },
      phone_number_id: null,
    });
    const read = await ask('GET', `${OF_PROJECT}/${made.id}`);
    expect(read).toEqual({ status: 200, body: { data: { ...made, secret_key: null } } });
    expect((await ask('GET', OF_PROJECT)).body).toMatchObject({
      data: [{ id: made.id, secret_key: null }],
      meta: { total_count: 1 },
    });
  });

  it('of a number is under the number, and is found under the project by its id', async () => {
    const { ask, create, database } = await setUp();
    await addNumber(database, '222');
    const made = await create(OF_NUMBER, { events: ['whatsapp.call.ended'], secret_key: 'a-secret-of-mine' });
    expect(made).toMatchObject({ phone_number_id: PHONE_NUMBER_ID, secret_key: 'a-secret-of-mine' });
    expect((await ask('GET', OF_PROJECT)).body).toMatchObject({ data: [] });
    expect((await ask('GET', OF_NUMBER)).body).toMatchObject({ data: [{ id: made.id }] });
    for (const path of [OF_NUMBER, OF_PROJECT]) expect((await ask('GET', `${path}/${made.id}`)).status).toBe(200);
    expect((await ask('GET', `/platform/v1/whatsapp/phone_numbers/222/webhooks/${made.id}`)).status).toBe(404);
    expect((await ask('GET', '/platform/v1/whatsapp/phone_numbers/333/webhooks')).status).toBe(404);
  });

  it('can be taken in parts of its list by its kind', async () => {
    const { ask, create } = await setUp();
    await create(OF_NUMBER);
    const meta = await create(OF_NUMBER, { kind: 'meta' });
    expect(meta['events']).toEqual([]);
    expect((await ask('GET', `${OF_NUMBER}?kind=meta`)).body).toMatchObject({ data: [{ id: meta.id }] });
    expect((await ask('GET', `${OF_NUMBER}?kind=other`)).status).toBe(400);
  });

  it.each([
    [{ url: 'http://receiver.example' }, 'url', /https/],
    [{ url: 'https://10.0.0.1/hook' }, 'url', /public/],
    [{ url: 7 }, 'url', /must be a URL/],
    [{ url: undefined }, 'url', /is required/],
    [{ kind: 'other' }, 'kind', /kapso or meta/],
    [{ events: ['whatsapp.call.ended', 'whatsapp.message.received'] }, 'events', /whatsapp\.message\.received/],
    [{ events: [] }, 'events', /at least one/],
    [{ events: 'all' }, 'events', /list/],
    [{ events: [{}] }, 'events', /list/],
    [{ secret_key: 'short' }, 'secret_key', /8 to 256/],
    [{ headers: { 'X-Webhook-Event': 'mine' } }, 'headers', /X-Webhook-Event/],
    [{ headers: { a: 1 } }, 'headers', /texts/],
    [{ active: 'yes' }, 'active', /true or false/],
    [{ payload_version: 'v1' }, 'payload_version', /v2/],
    [{ buffer_enabled: true }, 'buffer_enabled', /every event is sent by itself/],
    [{ buffer_window_seconds: 30 }, 'buffer_window_seconds', /every event/],
    [{ buffer_events: ['whatsapp.message.received'] }, 'buffer_events', /every event/],
    [{ inactivity_minutes: 15 }, 'inactivity_minutes', /no event/],
  ])('is refused with the field and the rule: %j', async (body, name, rule) => {
    const { ask } = await setUp();
    const { status, body: answer } = await ask('POST', OF_NUMBER, { url: URL_, ...body });
    expect(status).toBe(422);
    expect(Object.keys((answer as { errors: object }).errors)).toEqual([name]);
    expect(JSON.stringify(answer)).toMatch(rule);
  });

  it.each([OF_PROJECT, OF_NUMBER])('refuses what is wrong in what is asked of it: %s', async (of) => {
    const { ask, create } = await setUp();
    const { id } = await create(of);
    expect((await ask('PATCH', `${of}/${id}`, { url: 'ftp://receiver.example' })).status).toBe(422);
    expect((await ask('POST', `${of}/${id}/test`, { event_type: 'nothing' })).status).toBe(422);
    expect((await ask('POST', `${of}/${id}/redeliver`, { since: 'yesterday' })).status).toBe(422);
  });

  it("of Meta's own kind is one for a number, takes everything, and is of no project as a whole", async () => {
    const { ask, create } = await setUp();
    await create(OF_NUMBER, { kind: 'meta' });
    const refused = async (path: string, body: object) =>
      (await ask('POST', path, { url: URL_, kind: 'meta', ...body })).body as object;
    expect(await refused(OF_NUMBER, {})).toEqual({ errors: { kind: [expect.stringContaining('the number has')] } });
    expect(await refused(OF_PROJECT, {})).toEqual({ errors: { kind: [expect.stringContaining('one number')] } });
    const named = await refused(OF_NUMBER, { events: ['whatsapp.call.ended'] });
    expect(named).toMatchObject({ errors: { events: [expect.stringContaining('everything')] } });
  });

  it('of two that are made at once for one number, one is refused', async () => {
    const { ask } = await setUp();
    const body = { url: URL_, kind: 'meta' };
    const both = await Promise.all([ask('POST', OF_NUMBER, body), ask('POST', OF_NUMBER, body)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 422]);
  });

  it('is changed in what is named, and what was read can be sent back', async () => {
    const { ask, create, database } = await setUp();
    const made = await create(OF_PROJECT, { headers: { Authorization: 'Bearer of-mine' } });
    const path = `${OF_PROJECT}/${made.id}`;
    const { body } = await ask('GET', path);
    expect(JSON.stringify(body)).not.toContain('of-mine');
    const again = await ask('PATCH', path, { whatsapp_webhook: { ...(body as Answered).data, active: false } });
    expect(again).toMatchObject({ status: 200, body: { data: { active: false, secret_key: null, url: URL_ } } });
    expect(database.webhooks.get(made.id)).toMatchObject({
      secretKey: made['secret_key'],
      headers: { Authorization: 'Bearer of-mine' },
    });
    const rotated = await ask('PATCH', path, { secret_key: 'another-secret', events: ['whatsapp.call.failed'] });
    expect(rotated.body).toMatchObject({ data: { secret_key: 'another-secret', events: ['whatsapp.call.failed'] } });
    expect((await ask('PATCH', path, { kind: 'meta' })).body).toEqual({ errors: { kind: ['cannot be changed'] } });
  });

  it.each([
    ['a hidden value, whatever case its name is in', { authorization: '***' }, { authorization: 'Bearer of-mine' }],
    ['what was never there', { constructor: '***' }, { constructor: '***' }],
  ])('keeps, of its headers, %s', async (_, given, kept) => {
    const { ask, create, database } = await setUp();
    const made = await create(OF_PROJECT, { headers: { Authorization: 'Bearer of-mine' } });
    expect((await ask('PATCH', `${OF_PROJECT}/${made.id}`, { headers: given })).status).toBe(200);
    expect(database.webhooks.get(made.id)?.headers).toEqual(kept);
  });

  it('that was paused is sent to again when it is switched on', async () => {
    const { ask, create, database } = await setUp();
    const made = await create(OF_PROJECT);
    await database.webhooks.setStanding(made.id, { type: 'paused', at: 5, why: 'too much failed' }, 5);
    const path = `${OF_PROJECT}/${made.id}`;
    expect((await ask('GET', path)).body).toMatchObject({
      data: { standing: { state: 'paused', since: '1970-01-01T00:00:00.005Z', reason: 'too much failed' } },
    });
    expect((await ask('PATCH', path, { events: ['whatsapp.call.failed'] })).body).toMatchObject({
      data: { standing: { state: 'paused' } },
    });
    expect((await ask('PATCH', path, { active: true })).body).toMatchObject({ data: { standing: { state: 'ok' } } });
  });

  it('is gone once it is deleted', async () => {
    const { ask, create } = await setUp();
    const made = await create(OF_NUMBER);
    expect(await ask('DELETE', `${OF_NUMBER}/${made.id}`)).toEqual({ status: 204, body: null });
    for (const method of ['GET', 'DELETE'] as const) {
      expect((await ask(method, `${OF_NUMBER}/${made.id}`)).status).toBe(404);
    }
  });

  it('of another project is not there', async () => {
    const { server, database, create } = await setUp();
    const made = await create(OF_PROJECT);
    const { id: projectId } = await addProject(database);
    const headers = { 'x-api-key': await apiKeyOf(database, { projectId }) };
    for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
      const response = await server.inject({ method, url: `${OF_PROJECT}/${made.id}`, headers, payload: {} });
      expect([response.statusCode, response.json()]).toEqual([404, { error: 'Webhook not found' }]);
    }
    const list = await server.inject({ url: OF_PROJECT, headers });
    expect(list.json()).toMatchObject({ data: [] });
  });

  it('is made by admins, and read by all', async () => {
    const { server, database } = await setUp();
    const headers = { 'x-api-key': await apiKeyOf(database, { scope: 'calls' }) };
    const made = await server.inject({ method: 'POST', url: OF_PROJECT, headers, payload: { url: URL_ } });
    expect(made.statusCode).toBe(403);
    expect((await server.inject({ url: OF_PROJECT, headers })).statusCode).toBe(200);
  });

  it('is sent a sample of the event that is asked for, and what came of it is told', async () => {
    const asked: [string, string][] = [];
    const attempt: Attempt = {
      at: 1_000,
      durationMs: 12.4,
      status: 503,
      error: 'status',
      responseExcerpt: 'later',
      requestHeaders: { 'X-Webhook-Event': 'whatsapp.call.failed' },
    };
    const desk = {
      test: async (webhook: Webhook, type: string) => {
        asked.push([webhook.id, type]);
        return attempt;
      },
    };
    const { ask, create } = await setUp(desk);
    const made = await create(OF_PROJECT, { events: ['whatsapp.call.answered'] });
    const path = `${OF_PROJECT}/${made.id}/test`;
    expect(await ask('POST', path, { event_type: 'whatsapp.call.failed' })).toEqual({
      status: 200,
      body: {
        data: {
          at: '1970-01-01T00:00:01.000Z',
          duration_ms: 12,
          delivered: false,
          response_status: 503,
          error: 'status',
          response_excerpt: 'later',
          request_headers: { 'X-Webhook-Event': 'whatsapp.call.failed' },
        },
      },
    });
    expect((await ask('POST', path)).status).toBe(200);
    expect(asked.map(([, type]) => type)).toEqual(['whatsapp.call.failed', 'whatsapp.call.answered']);
    expect((await ask('POST', path, { event_type: 'nothing' })).status).toBe(422);
  });
});
