import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { askAsClient, testApi } from '../../support/api-server.ts';

const AGENTS = '/platform/v1/voice_agents';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const KEYS = { public_api_key: 'pk-in-clear', private_api_key: 'sk-in-clear' };
const STANDARD_SETTINGS = {
  max_concurrent_calls: null,
  connect_timeout_seconds: 5,
  speak_within_seconds: null,
  health_url: null,
  parameters: {},
};

async function api(options: Parameters<typeof testApi>[0] = {}) {
  let now = Date.UTC(2026, 10, 20);
  const test = await testApi({ clock: { now: () => now }, ...options });
  const ask = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path = '', body?: object) =>
    askAsClient(test.server, method, path.startsWith('/') && path.includes('v1') ? path : `${AGENTS}${path}`, body);
  const make = async (body: object = { name: 'Bot', provider: { kind: 'pipecat', agent_name: 'bot', ...KEYS } }) => {
    const { status, body: answer } = await ask('POST', '', { voice_agent: body });
    expect(status).toBe(201);
    return answer.data as { id: string; provider: Record<string, unknown> };
  };
  return { ...test, ask, make, pass: (ms: number) => (now += ms) };
}

describe('a voice agent', () => {
  it.each([
    {
      name: 'Bot',
      provider_type: 'pipecat',
      provider: { ...KEYS, agent_name: 'support-v2', base_url: 'https://a.test' },
    },
    { name: 'Bot', provider: { kind: 'pipecat', ...KEYS, agent_name: 'support-v2', base_url: 'https://a.test' } },
    { name: 'Bot', provider: { kind: 'pipecat', agent_name: 'support-v2', base_url: 'https://a.test' } },
    {
      name: 'Bot',
      provider_type: 'VoiceAgents::PipecatProvider',
      provider: { ...KEYS, agent_name: 'support-v2', base_url: 'https://a.test' },
    },
  ])('is made from every spelling of Kapso: %j', async (content) => {
    const { ask, database } = await api();
    for (const body of [{ voice_agent: content }, content]) {
      const { status, body: answer } = await ask('POST', '', body);
      expect(status).toBe(201);
      expect(answer).toEqual({
        data: {
          id: expect.stringMatching(UUID),
          name: 'Bot',
          created_at: '2026-11-20T00:00:00.000Z',
          updated_at: '2026-11-20T00:00:00.000Z',
          provider: {
            type: 'pipecat_provider',
            kind: 'pipecat',
            agent_name: 'support-v2',
            base_url: 'https://a.test',
            token_in: 'header',
            media: 'bridge',
            caller_sample_rate: 16_000,
            agent_sample_rate: 24_000,
          },
          settings: STANDARD_SETTINGS,
          health: 'unknown',
        },
      });
      expect(await ask('GET', `/${answer.data.id}`)).toEqual({ status: 200, body: answer });
      const kept = database.agents.get(answer.data.id)?.provider;
      expect(kept?.['public_api_key']).toBe('public_api_key' in content.provider ? 'pk-in-clear' : undefined);
    }
  });

  it('never shows a key, in no answer, of no kind', async () => {
    const { ask } = await api();
    const secret = 'the-secret-of-the-tests';
    const providers = [
      { kind: 'pipecat', url: 'wss://a.test', token: secret },
      { kind: 'pipecat', agent_name: 'a', public_api_key: secret, private_api_key: secret },
      { kind: 'websocket', inbound: true, token: secret },
      { kind: 'twilio', url: 'https://a.test/twiml', auth_token: secret },
      { kind: 'openai_realtime', api_key: secret, tool_webhook_url: 'https://a.test', tool_webhook_secret: secret },
      { kind: 'elevenlabs', agent_id: 'a', api_key: secret, tool_webhook_secret: secret },
    ];
    for (const provider of providers) {
      const made = await ask('POST', '', { name: 'Bot', provider });
      expect(made.status).toBe(201);
      const path = `/${made.body.data.id}`;
      const answers = [made, await ask('GET', path), await ask('PATCH', path, { name: 'B' }), await ask('GET')];
      expect(JSON.stringify(answers)).not.toContain(secret);
      expect(JSON.stringify(answers)).not.toMatch(/_api_key|_secret|auth_token|"token"|"api_key"/);
    }
  });

  it('tells a Twilio bot the account that it was given, or chose', async () => {
    const { make } = await api();
    const sid = `AC${'0123456789abcdef'.repeat(2)}`;
    const [given, own] = [
      await make({ name: 'T', provider: { kind: 'twilio', url: 'wss://a.test', account_sid: sid } }),
      await make({ name: 'T', provider: { kind: 'twilio', url: 'wss://a.test' } }),
    ];
    expect(given.provider['account_sid']).toBe(sid);
    expect(own.provider['account_sid']).toBe(`AC${own.id.replaceAll('-', '')}`);
  });

  it('keeps what a PATCH does not name, keys too, and loses what it sets to null', async () => {
    const { ask, make, database, pass } = await api();
    const settings = { max_concurrent_calls: 3, speak_within_seconds: 8, parameters: { lang: 'en' } };
    const { id } = await make({ name: 'Bot', provider: { kind: 'pipecat', agent_name: 'a', ...KEYS }, settings });
    pass(1_000);
    const first = await ask('PATCH', `/${id}`, { voice_agent: { provider: { agent_name: 'b' } } });
    expect(first).toMatchObject({
      status: 200,
      body: { data: { name: 'Bot', updated_at: '2026-11-20T00:00:01.000Z', created_at: '2026-11-20T00:00:00.000Z' } },
    });
    expect(database.agents.get(id)?.provider).toMatchObject({ kind: 'pipecat', agent_name: 'b', ...KEYS });
    const second = await ask('PATCH', `/${id}`, {
      voice_agent: {
        name: 'New',
        provider_type: 'pipecat',
        provider: { private_api_key: null },
        settings: { speak_within_seconds: null, health_url: 'https://a.test/health' },
      },
    });
    expect(second.body.data).toMatchObject({
      name: 'New',
      settings: { ...STANDARD_SETTINGS, ...settings, speak_within_seconds: null, health_url: 'https://a.test/health' },
    });
    const { provider } = database.agents.get(id)!;
    expect(provider['public_api_key']).toBe('pk-in-clear');
    expect(provider).not.toHaveProperty('private_api_key');
  });

  it('gets a wholly new provider with another kind', async () => {
    const { ask, make, database } = await api();
    const { id } = await make({
      name: 'Bot',
      provider: { kind: 'websocket', url: 'wss://a.test', token: 'old-token' },
    });
    const { status } = await ask('PATCH', `/${id}`, { provider: { kind: 'twilio', url: 'wss://b.test' } });
    expect(status).toBe(200);
    expect(database.agents.get(id)?.provider).toEqual({ kind: 'twilio', url: 'wss://b.test' });
  });

  it('loses nothing when two change it at once', async () => {
    const { ask, make, database } = await api();
    const { id } = await make();
    await Promise.all([
      ask('PATCH', `/${id}`, { name: 'New' }),
      ask('PATCH', `/${id}`, { provider: { agent_name: 'other' } }),
      ask('PATCH', `/${id}`, { settings: { max_concurrent_calls: 2 } }),
    ]);
    expect(database.agents.get(id)).toMatchObject({
      name: 'New',
      provider: { agent_name: 'other' },
      settings: { max_concurrent_calls: 2 },
    });
  });

  it('is not changed by a PATCH that is refused', async () => {
    const { ask, make, database } = await api();
    const { id } = await make();
    const before = database.agents.get(id);
    const { status, body } = await ask('PATCH', `/${id}`, { name: '', provider: { base_url: 'ftp://a.test' } });
    expect(status).toBe(422);
    expect(body.errors).toEqual({
      name: [expect.stringContaining('must be a text')],
      'provider.base_url': [expect.stringContaining('must be a http:// or https:// URL')],
    });
    expect(database.agents.get(id)).toEqual(before);
  });

  it('is gone with 204 when it is deleted, and unknown with 404 then', async () => {
    const { ask, make } = await api();
    const { id } = await make();
    expect(await ask('DELETE', `/${id}`)).toEqual({ status: 204, body: null });
    const missing = { status: 404, body: { error: 'Voice agent not found' } };
    expect(await ask('DELETE', `/${id}`)).toEqual(missing);
    expect(await ask('GET', `/${id}`)).toEqual(missing);
    expect(await ask('PATCH', `/${id}`, { name: 'New' })).toEqual(missing);
    expect(await ask('GET', `/${id}/whatsapp/phone_numbers`)).toEqual(missing);
    expect(await ask('POST', `/${id}/whatsapp/phone_numbers`, {})).toEqual(missing);
  });

  it('tells how it does, if that is known', async () => {
    const { make, ask } = await api({ agentHealth: (id) => (UUID.test(id) ? 'failing' : 'ok') });
    const { id } = await make();
    expect((await ask('GET', `/${id}`)).body.data.health).toBe('failing');
  });

  it('cannot be at an address where clouds hand out credentials, unless that is allowed', async () => {
    const body = { name: 'Bot', provider: { kind: 'websocket', url: 'ws://169.254.169.254/latest' } };
    const strict = await api();
    const refused = await strict.ask('POST', '', body);
    expect(refused.status).toBe(422);
    expect(refused.body.errors['provider.url'][0]).toContain('not of a link-local or metadata address');
    const open = await api({ allowLinkLocalAgents: true });
    expect((await open.ask('POST', '', body)).status).toBe(201);
  });
});

describe('bodies that are no voice agent', () => {
  it.each([
    [{}, { name: ['is required'], provider_type: [expect.stringContaining('is required')] }],
    [
      { voice_agent: { name: 'Bot', provider_type: 'pipecat', provider: { agent_name: 'a' } } },
      { 'provider.public_api_key': ['is required'] },
    ],
    [{ voice_agent: 5 }, { voice_agent: ['must be an object'] }],
    [[], { voice_agent: ['must be an object'] }],
    [{ name: 'Bot', provider_type: 'vapi' }, { provider_type: [expect.stringContaining('must be one of pipecat')] }],
    [{ name: 'Bot', provider: 'pipecat' }, { provider: ['must be an object'] }],
    [
      { name: 'Bot', provider_type: 'twilio', provider: { kind: 'websocket', url: 'wss://a.test' } },
      { provider_type: ['must be the same as provider.kind'] },
    ],
    [
      { name: 'Bot', provider: { kind: 'websocket', url: 'wss://a.test' }, settings: { max_concurrent_calls: '3' } },
      { 'settings.max_concurrent_calls': ['must be a whole number from 1 to 100000'] },
    ],
  ])('are refused with every field and its rule: %j', async (body, errors) => {
    const { ask } = await api();
    expect(await ask('POST', '', body as object)).toMatchObject({ status: 422, body: { errors } });
    expect((await ask('GET')).body.data).toEqual([]);
  });

  it('are told apart from bodies that cannot be read, and never break the service', async () => {
    const { server, logged } = await api();
    const deep = `{"voice_agent":{"name":"a","provider":{"kind":"openai_realtime","api_key":"k","session":${'{"a":'.repeat(
      50,
    )}1${'}'.repeat(50)}}}}`;
    const send = async (payload: string) => {
      const headers = { 'x-api-key': 'an-api-key-of-the-tests', 'content-type': 'application/json' };
      return (await server.inject({ method: 'POST', url: AGENTS, headers, payload })).statusCode;
    };
    expect(await send('{"voice_agent":')).toBe(400);
    expect(await send('')).toBe(400);
    expect(await send(deep)).toBe(422);
    expect(await send(JSON.stringify({ name: 'x'.repeat(2_000_000) }))).toBe(413);
    expect(logged).toEqual([]);
  });
});

describe('the list of voice agents', () => {
  it('has pages and a filter', async () => {
    const { ask, make } = await api();
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) {
      const kind = index % 2 === 0 ? 'websocket' : 'twilio';
      ids.push((await make({ name: `${index}`, provider: { kind, url: 'wss://a.test' } })).id);
    }
    const idsOf = (answer: { body: { data: { id: string }[] } }) => answer.body.data.map(({ id }) => id);
    const all = await ask('GET');
    expect(idsOf(all)).toEqual(ids);
    expect(all.body.meta).toEqual({ page: 1, per_page: 100, total_pages: 1, total_count: 5 });
    const second = await ask('GET', '?page=2&per_page=2');
    expect(idsOf(second)).toEqual([ids[2], ids[3]]);
    expect(second.body.meta).toEqual({ page: 2, per_page: 2, total_pages: 3, total_count: 5 });
    expect(idsOf(await ask('GET', '?page=9'))).toEqual([]);
    for (const kind of ['twilio', 'twilio_provider', 'VoiceAgents::TwilioProvider']) {
      expect(idsOf(await ask('GET', `?provider_type=${kind}&unknown=1`))).toEqual([ids[1], ids[3]]);
    }
    for (const query of ['?page=0', '?per_page=101', '?page=a', '?page=1&page=2', '?provider_type=vapi']) {
      expect(await ask('GET', query)).toMatchObject({
        status: 400,
        body: { error: expect.stringContaining('must be') },
      });
    }
  });

  it('is for those with a key', async () => {
    const { server } = await api();
    for (const url of [AGENTS, '/api/v1/voice_agents', `${AGENTS}/${randomUUID()}`]) {
      const response = await server.inject({ method: 'GET', url, headers: { 'x-api-key': 'wrong' } });
      expect(response.statusCode).toBe(401);
      expect(response.json()).toEqual({ error: 'Missing or wrong API key' });
    }
  });

  it('is the same under the older address', async () => {
    const { ask, make } = await api();
    const { id } = await make();
    expect((await ask('GET', '/api/v1/voice_agents')).body).toEqual((await ask('GET')).body);
    expect((await ask('PATCH', `/api/v1/voice_agents/${id}`, { name: 'New' })).body.data.name).toBe('New');
    expect((await ask('DELETE', `/api/v1/voice_agents/${id}`)).status).toBe(204);
  });
});
