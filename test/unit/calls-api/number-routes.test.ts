import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { numberAnswer } from '../../../src/calls-api/platform/number-answer.ts';
import { API_KEY, addNumber, apiKeyOf, askAsClient } from '../../support/api-server.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { temporaryDatabasePath } from '../../support/database.ts';
import { dialOrder } from '../../support/dial-order.ts';
import { graphRefusal } from '../../support/graph-server.ts';
import { NUMBERS, type NumberApi, numberApi } from '../../support/number-api.ts';
import { webhook } from '../../support/outbox.ts';
import { toldIn } from '../../support/told.ts';
import { assignmentOf, voiceAgent } from '../../support/voice-agent.ts';

const ONE = `${NUMBERS}/${PHONE_NUMBER_ID}`;
const OLDER = `/api/v1/whatsapp_configs/${PHONE_NUMBER_ID}`;
const NEW = '222000000000002';
const TOKEN = 'EAAG-a-new-token';
const found = (id = NEW) => ({
  status: 200,
  body: { id, display_phone_number: '+49 30 222', verified_name: 'Ada GmbH' },
});
const settingsOf = (status: string) => ({
  status: 200,
  body: { calling: { status, call_icon_visibility: 'DEFAULT' } },
});
const SUCCESS = { status: 200, body: { success: true } };
const newNumber = (more: object = {}) => ({ phone_number_id: NEW, access_token: TOKEN, ...more });

async function ask(
  { server }: NumberApi,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  url: string,
  body?: object,
  key = API_KEY,
) {
  const payload = body === undefined ? {} : { payload: body };
  const response = await server.inject({ method, url, headers: { 'x-api-key': key }, ...payload });
  return { status: response.statusCode, body: response.body === '' ? null : response.json() };
}

describe('a number', () => {
  it('is told with all that is known of it, and never with a token', async () => {
    const api = await numberApi();
    const { numberStates, calls } = api.database;
    const at = Date.UTC(2026, 10, 20, 12);
    const said = (word: object) => numberStates.handle({ phoneNumberId: PHONE_NUMBER_ID, at, ...word } as never);
    await said({ type: 'calling_settings', calling: { status: 'DISABLED' }, changed: true });
    await said({ type: 'restricted', kind: 'call_button', until: null, remediation: 'Pick up' });
    await said({ type: 'warned', violation: 'LOW', remediation: null });
    await calls.create(callIdentity(), 'ringing', at, null);
    const { status, body } = await ask(api, 'GET', ONE);
    const time = new Date(at).toISOString();
    expect(status).toBe(200);
    expect(body).toEqual({
      data: {
        id: PHONE_NUMBER_ID,
        phone_number_id: PHONE_NUMBER_ID,
        display_phone_number: null,
        verified_name: null,
        business_account_id: null,
        calls_enabled: false,
        calling: {
          status: 'DISABLED',
          seen_at: time,
          settings: { status: 'DISABLED' },
          restrictions: [{ kind: 'call_button', code: null, since: time, until: null, remediation: 'Pick up' }],
          last_violation: { type: 'LOW', remediation: null, at: time },
        },
        credential_kind: 'bearer',
        has_app_secret: false,
        store_messages: false,
        live_calls: 1,
        project_id: DEFAULT_PROJECT_ID,
        created_at: new Date(1).toISOString(),
        updated_at: new Date(1).toISOString(),
      },
    });
    expect(JSON.stringify(body)).not.toContain('EAAG');
    expect(numberAnswer.parse(body.data)).toEqual(body.data);
  });

  it('of which Meta has said nothing is told as such', async () => {
    const { body } = await ask(await numberApi(), 'GET', ONE);
    expect(body.data).toMatchObject({ calls_enabled: null, calling: { status: null, settings: null }, live_calls: 0 });
  });

  it('is listed by pages, the oldest first', async () => {
    const api = await numberApi();
    for (const id of ['3', '4']) await addNumber(api.database, id);
    const page = async (query: string) => (await ask(api, 'GET', `${NUMBERS}?${query}`)).body;
    expect((await page('')).data.map(({ id }: { id: string }) => id)).toEqual([PHONE_NUMBER_ID, '3', '4']);
    expect(await page('page=2&per_page=2')).toMatchObject({
      data: [{ id: '4' }],
      meta: { page: 2, per_page: 2, total_pages: 2, total_count: 3 },
    });
    expect(await ask(api, 'GET', `${NUMBERS}?page=0`)).toMatchObject({ status: 400 });
  });

  it('of another project is not there, whatever is asked of it', async () => {
    const api = await numberApi();
    const unknown = `${NUMBERS}/404`;
    const body = { calls_enabled: true, access_token: TOKEN };
    expect((await ask(api, 'GET', NUMBERS, undefined, api.otherKey)).body.data).toEqual([]);
    const ways = [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/rotate_token'],
    ] as const;
    for (const [method, below] of ways) {
      const given = method === 'PATCH' || method === 'POST' ? body : undefined;
      const foreign = await ask(api, method, `${ONE}${below}`, given, api.otherKey);
      expect(foreign).toEqual(await ask(api, method, `${unknown}${below}`, given, api.otherKey));
      expect(foreign.status).toBe(404);
    }
    const older = await ask(api, 'PATCH', OLDER, body, api.otherKey);
    expect(older.status).toBe(404);
    expect(api.graph.requests).toEqual([]);
    expect(api.database.numbers.isOurs(PHONE_NUMBER_ID)).toBe(true);
  });

  it('may be looked at with a key that reads, and not be changed', async () => {
    const api = await numberApi();
    const key = await apiKeyOf(api.database, { scope: 'calls' });
    expect(await ask(api, 'GET', ONE, undefined, key)).toMatchObject({ status: 200 });
    for (const method of ['PATCH', 'DELETE'] as const) {
      expect(await ask(api, method, ONE, method === 'PATCH' ? {} : undefined, key)).toMatchObject({ status: 403 });
    }
    expect(await ask(api, 'POST', NUMBERS, newNumber(), key)).toMatchObject({ status: 403 });
  });
});

describe('to connect a number', () => {
  it('its token is tried, and what Graph tells of it is kept', async () => {
    const place = { path: temporaryDatabasePath() };
    const api = await numberApi(place);
    api.graph.answers(found(), settingsOf('ENABLED'));
    const given = newNumber({ app_secret: 'app-secret', business_account_id: '99', store_messages: true });
    const { status, body } = await ask(api, 'POST', NUMBERS, { whatsapp_phone_number: given });
    expect(status).toBe(201);
    expect(body.data).toMatchObject({
      id: NEW,
      display_phone_number: '+49 30 222',
      verified_name: 'Ada GmbH',
      business_account_id: '99',
      calls_enabled: true,
      calling: { status: 'ENABLED', settings: { call_icon_visibility: 'DEFAULT' } },
      credential_kind: 'bearer',
      has_app_secret: true,
      store_messages: true,
    });
    expect(JSON.stringify(body)).not.toMatch(/EAAG|app-secret/);
    expect(api.graph.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /v24.0/${NEW}?fields=display_phone_number,verified_name`,
      `GET /v24.0/${NEW}/settings?fields=calling`,
    ]);
    for (const { headers } of api.graph.requests) expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(await api.database.numbers.credentials(NEW)).toEqual({ kind: 'bearer', secret: TOKEN });
    const created = (await toldIn(place)).find(({ body: told }) => told.phone_number_id === NEW);
    expect(created?.body).toMatchObject({
      type: 'whatsapp.phone_number.created',
      phone_number: { phone_number_id: NEW, display_phone_number: '+49 30 222' },
    });
  });

  it('settings that Graph does not tell are none', async () => {
    const api = await numberApi();
    api.graph.answers(found(), graphRefusal(400, 100));
    expect(await ask(api, 'POST', NUMBERS, newNumber())).toMatchObject({
      status: 201,
      body: { data: { calls_enabled: null } },
    });
  });

  it('through Kapso its key is tried', async () => {
    const api = await numberApi();
    api.graph.answers(found(), settingsOf('DISABLED'));
    const { body } = await ask(api, 'POST', NUMBERS, newNumber({ credential_kind: 'api-key' }));
    expect(body.data).toMatchObject({ credential_kind: 'api-key', calls_enabled: false });
    expect(api.graph.requests[0]?.headers).toMatchObject({ 'x-api-key': TOKEN });
  });

  it.each([
    [graphRefusal(401, 190, 'Error validating access token'), 'access_token', 'Error validating access token'],
    [graphRefusal(403, 200, 'No permission'), 'access_token', 'No permission'],
    [graphRefusal(400, 10, 'Not allowed'), 'access_token', 'Not allowed'],
    [graphRefusal(400, 100, 'Object does not exist'), 'phone_number_id', 'Object does not exist'],
    [found('1'), 'phone_number_id', 'another id'],
  ])('what Graph does not take is told with its words, and nothing is kept', async (answer, field, words) => {
    const api = await numberApi();
    api.graph.answers(answer);
    const { status, body } = await ask(api, 'POST', NUMBERS, newNumber());
    expect(status).toBe(422);
    expect(Object.keys(body.errors)).toEqual([field]);
    expect(body.errors[field][0]).toContain(words);
    expect(api.database.numbers.isOurs(NEW)).toBe(false);
  });

  it('a token that Graph repeats is not told', async () => {
    const api = await numberApi();
    api.graph.answers(graphRefusal(400, 190, `Malformed access token ${TOKEN}`));
    const { body } = await ask(api, 'POST', NUMBERS, newNumber());
    expect(body.errors.access_token[0]).toContain('Malformed access token REMOVED');
  });

  it('any other refusal is answered as it is', async () => {
    const api = await numberApi();
    api.graph.answers(graphRefusal(429, 4, 'Too many', { headers: { 'retry-after': '7' } }));
    expect(await ask(api, 'POST', NUMBERS, newNumber())).toMatchObject({
      status: 429,
      body: { error: { code: 4, error_data: { details: 'Too many' } } },
    });
  });

  it.each(['hang', 'reset', { status: 503, body: 'down' }] as const)(
    'without an answer nothing is kept: %j',
    async (answer) => {
      const api = await numberApi(undefined, 1_000);
      api.graph.answers(answer);
      expect(await ask(api, 'POST', NUMBERS, newNumber())).toMatchObject({ status: 504 });
      expect(api.database.numbers.isOurs(NEW)).toBe(false);
    },
  );

  it('that is here already is refused alike in its own and in another project, once the token is good', async () => {
    const api = await numberApi();
    const mine = newNumber({ phone_number_id: PHONE_NUMBER_ID });
    api.graph.answers(found(PHONE_NUMBER_ID));
    const own = await ask(api, 'POST', NUMBERS, mine);
    const foreign = await ask(api, 'POST', NUMBERS, mine, api.otherKey);
    expect(own).toEqual(foreign);
    expect(own).toEqual({ status: 409, body: { error: 'The number is connected to this service already' } });
    expect(await api.database.numbers.credentials(PHONE_NUMBER_ID)).toEqual({ kind: 'bearer', secret: 'EAAG-token' });
    const guess = await numberApi();
    guess.graph.answers(graphRefusal(401, 190));
    expect(await ask(guess, 'POST', NUMBERS, mine, guess.otherKey)).toMatchObject({ status: 422 });
  });

  it('belongs to the project of whoever connects it', async () => {
    const api = await numberApi();
    api.graph.answers(found(), settingsOf('ENABLED'));
    expect(await ask(api, 'POST', NUMBERS, newNumber(), api.otherKey)).toMatchObject({ status: 201 });
    expect(await ask(api, 'GET', `${NUMBERS}/${NEW}`, undefined, api.otherKey)).toMatchObject({ status: 200 });
    expect(await ask(api, 'GET', `${NUMBERS}/${NEW}`)).toMatchObject({ status: 404 });
  });

  it.each([
    [{}, ['phone_number_id', 'access_token']],
    [newNumber({ phone_number_id: '+49 30' }), ['phone_number_id']],
    [newNumber({ phone_number_id: 222 }), ['phone_number_id']],
    [newNumber({ access_token: 'two words' }), ['access_token']],
    [newNumber({ access_token: '' }), ['access_token']],
    [newNumber({ credential_kind: 'basic' }), ['credential_kind']],
    [newNumber({ app_secret: '' }), ['app_secret']],
    [newNumber({ business_account_id: 'x' }), ['business_account_id']],
    [newNumber({ store_messages: 'yes' }), ['store_messages']],
  ])('every wrong field is named: %j', async (body, fields) => {
    const api = await numberApi();
    const answer = await ask(api, 'POST', NUMBERS, body);
    expect(answer.status).toBe(422);
    expect(Object.keys(answer.body.errors)).toEqual(fields);
    expect(api.graph.requests).toEqual([]);
  });
});

describe('to switch calls on', () => {
  it.each([
    [ONE, { whatsapp_phone_number: { calls_enabled: true } }],
    [ONE, { calls_enabled: true }],
    [OLDER, { whatsapp_config: { calls_enabled: true } }],
  ])('it is written at Graph and read back: PATCH %s %j', async (url, body) => {
    const api = await numberApi();
    api.graph.answers(SUCCESS, settingsOf('ENABLED'));
    const answer = await ask(api, 'PATCH', url, body);
    expect(answer).toMatchObject({ status: 200, body: { data: { id: PHONE_NUMBER_ID, calls_enabled: true } } });
    expect(api.graph.requests).toMatchObject([
      {
        method: 'POST',
        path: `/v24.0/${PHONE_NUMBER_ID}/settings`,
        body: { calling: { status: 'ENABLED' } },
        headers: { authorization: 'Bearer EAAG-token' },
      },
      { method: 'GET', path: `/v24.0/${PHONE_NUMBER_ID}/settings?fields=calling` },
    ]);
  });

  it('what Meta says afterwards counts, and not what was asked', async () => {
    const api = await numberApi();
    api.graph.answers(SUCCESS, settingsOf('DISABLED'));
    const { status, body } = await ask(api, 'PATCH', ONE, { calls_enabled: true });
    expect({ status, enabled: body.data.calls_enabled }).toEqual({ status: 200, enabled: false });
  });

  it('off, dials are stopped', async () => {
    const api = await numberApi();
    api.graph.answers(SUCCESS, settingsOf('DISABLED'));
    await ask(api, 'PATCH', ONE, { calls_enabled: false });
    const user = { waId: '4930100001', userId: null };
    const { number } = await api.database.permissions.read(PHONE_NUMBER_ID, user, Date.now());
    expect(number.callingOff).not.toBeNull();
  });

  it("Meta's refusal is answered as it is, and nothing else is changed", async () => {
    const api = await numberApi();
    const refusal = graphRefusal(400, 138015, 'The messaging limit is too low');
    api.graph.answers(refusal);
    const answer = await ask(api, 'PATCH', ONE, { calls_enabled: true, store_messages: true });
    expect(answer).toEqual({ status: 400, body: refusal.body });
    expect((await ask(api, 'GET', ONE)).body.data).toMatchObject({ calls_enabled: null, store_messages: false });
  });

  it("the number's token is not told where Graph repeats it", async () => {
    const api = await numberApi();
    api.graph.answers(graphRefusal(401, 190, 'Malformed access token EAAG-token'));
    const answer = await ask(api, 'PATCH', ONE, { calls_enabled: true });
    expect(answer.status).toBe(401);
    expect(JSON.stringify(answer.body)).not.toContain('EAAG-token');
  });

  it.each([[['hang']], [[SUCCESS, 'hang']]] as const)('without an answer it is 504: %j', async (script) => {
    const api = await numberApi(undefined, 1_000);
    api.graph.answers(...script);
    expect(await ask(api, 'PATCH', ONE, { calls_enabled: true })).toMatchObject({ status: 504 });
  });

  it('is refused and left unanswered under its older path as well', async () => {
    const api = await numberApi(undefined, 1_000);
    expect(await ask(api, 'PATCH', OLDER, { calls_enabled: 'yes' })).toMatchObject({ status: 422 });
    api.graph.answers('hang');
    expect(await ask(api, 'PATCH', OLDER, { calls_enabled: true })).toMatchObject({ status: 504 });
  });
});

describe('to change a number', () => {
  it('what is named is changed, and Graph is not asked', async () => {
    const api = await numberApi();
    await ask(api, 'PATCH', ONE, { store_messages: true, app_secret: 'one', business_account_id: '99' });
    const answer = await ask(api, 'PATCH', ONE, { app_secret: null });
    expect(answer.body.data).toMatchObject({
      store_messages: true,
      has_app_secret: false,
      business_account_id: '99',
    });
    expect(await ask(api, 'PATCH', ONE, {})).toMatchObject({ status: 200 });
    expect(api.graph.requests).toEqual([]);
  });

  it.each([
    [{ calls_enabled: 'yes' }, 'calls_enabled'],
    [{ whatsapp_phone_number: { store_messages: 1 } }, 'store_messages'],
    [{ app_secret: 'two words' }, 'app_secret'],
  ])('a wrong field is named: %j', async (body, field) => {
    const api = await numberApi();
    const answer = await ask(api, 'PATCH', ONE, body);
    expect({ status: answer.status, fields: Object.keys(answer.body.errors) }).toEqual({
      status: 422,
      fields: [field],
    });
  });
});

describe('to rotate a token', () => {
  it('the new one is tried first, and then is in the place of the old one', async () => {
    const api = await numberApi();
    api.graph.answers(found(PHONE_NUMBER_ID));
    const answer = await ask(api, 'POST', `${ONE}/rotate_token`, { access_token: TOKEN });
    expect(answer).toMatchObject({ status: 200, body: { data: { verified_name: 'Ada GmbH' } } });
    expect(api.graph.requests[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(await api.database.numbers.credentials(PHONE_NUMBER_ID)).toEqual({ kind: 'bearer', secret: TOKEN });
  });

  it.each([
    [graphRefusal(401, 190), 422],
    ['hang', 504],
  ] as const)('the old one stays if it is not taken', async (script, status) => {
    const api = await numberApi(undefined, 1_000);
    api.graph.answers(script);
    expect(await ask(api, 'POST', `${ONE}/rotate_token`, { access_token: TOKEN })).toMatchObject({ status });
    expect(await api.database.numbers.credentials(PHONE_NUMBER_ID)).toEqual({ kind: 'bearer', secret: 'EAAG-token' });
  });
});

describe('to disconnect a number', () => {
  it('it leaves with its agents, its webhooks and the dials that wait', async () => {
    const api = await numberApi();
    const { agents, webhooks, permissions, calls } = api.database;
    const agent = voiceAgent();
    await agents.put(agent);
    await agents.putAssignments([assignmentOf(agent)]);
    await webhooks.put(webhook({ id: 'hook', projectId: DEFAULT_PROJECT_ID, phoneNumberId: PHONE_NUMBER_ID }));
    const order = dialOrder();
    await permissions.wait({ order, state: 'scheduled', nextAt: Date.now() + 60_000 }, Date.now());
    expect(await ask(api, 'DELETE', ONE)).toEqual({ status: 204, body: null });
    expect(await ask(api, 'GET', ONE)).toMatchObject({ status: 404 });
    expect(agents.assignments()).toEqual([]);
    expect(agents.list()).toHaveLength(1);
    expect(webhooks.get('hook')).toBeNull();
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({ ending: { reason: 'cancelled' } });
    expect(await ask(api, 'DELETE', ONE)).toMatchObject({ status: 404 });
  });

  it('it stays while a call of it is live', async () => {
    const api = await numberApi();
    const agent = voiceAgent();
    await api.database.agents.put(agent);
    await api.database.agents.putAssignments([assignmentOf(agent)]);
    await api.database.calls.create(callIdentity(), 'answered', 1, null);
    expect(await ask(api, 'DELETE', ONE)).toEqual({ status: 409, body: { error: 'Calls of the number are live' } });
    expect(api.database.agents.assignments()).toHaveLength(1);
    expect(await askAsClient(api.server, 'GET', ONE)).toMatchObject({ status: 200 });
  });
});
