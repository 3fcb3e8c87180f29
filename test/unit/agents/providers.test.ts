import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProviderKind, VoiceAgent } from '../../../src/agents/ports.ts';
import {
  changedVoiceAgent,
  InvalidFields,
  kindNamed,
  newVoiceAgent,
  secretFields,
  targetOf,
  withoutSecrets,
} from '../../../src/agents/providers/index.ts';
import { PROVIDER_SCHEMAS } from '../../../src/agents/providers/schemas.ts';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';

const ID = '4ea1efa1-5cc3-45b9-a020-c0adbb184363';
const KINDS = Object.keys(PROVIDER_SCHEMAS) as ProviderKind[];
const HOSTS = { allowLinkLocal: false };

const make = (provider: object, more: object = {}) =>
  newVoiceAgent({ name: 'Bot', provider, ...more }, { ...HOSTS, id: ID, projectId: DEFAULT_PROJECT_ID, at: 1 });
const target = (provider: object, more: object = {}) => targetOf(make(provider, more));
const change = (agent: VoiceAgent, body: unknown) => changedVoiceAgent(agent, body, { ...HOSTS, at: 2 });

function faultsOf(provider: object, more: object = {}): Readonly<Record<string, readonly string[]>> {
  try {
    make(provider, more);
    return {};
  } catch (fault) {
    if (fault instanceof InvalidFields) return fault.fields;
    throw fault;
  }
}

const COMMON = {
  id: ID,
  name: 'Bot',
  connectTimeoutMs: 5_000,
  speakWithinMs: null,
  maxConcurrentCalls: null,
  parameters: {},
};

describe('a pipecat agent', () => {
  const rates = { callerRate: 16_000, agentRate: 24_000 };
  const cloud = { kind: 'pipecat', agent_name: 'support-v2', public_api_key: 'pk', private_api_key: 'sk' };

  it('has a socket of its own', () => {
    expect(target({ kind: 'pipecat', url: 'ws://bot:8765/ws', token: 't', token_in: 'query' })).toEqual({
      ...COMMON,
      wire: 'pipecat',
      entry: { kind: 'socket', url: 'ws://bot:8765/ws', token: 't', tokenIn: 'query' },
      ...rates,
    });
  });

  it.each([
    [cloud, 'https://api.pipecat.daily.co/v1/public/support-v2/start', 'pk'],
    [
      { ...cloud, base_url: 'https://api.pipecat.daily.co' },
      'https://api.pipecat.daily.co/v1/public/support-v2/start',
      'pk',
    ],
    [
      { ...cloud, base_url: 'https://api.pipecat.daily.co/v1/' },
      'https://api.pipecat.daily.co/v1/public/support-v2/start',
      'pk',
    ],
    [{ kind: 'pipecat', agent_name: 'a', base_url: 'http://bot:7860' }, 'http://bot:7860/public/a/start', null],
    [{ kind: 'pipecat', agent_name: 'a', base_url: 'http://bot/x/v1?y=1' }, 'http://bot/x/v1/public/a/start?y=1', null],
    [{ kind: 'pipecat', start_url: 'http://bot:7860/start', public_api_key: 'pk' }, 'http://bot:7860/start', 'pk'],
    [{ kind: 'pipecat', start_url: 'http://bot:7860/start', private_api_key: 'sk' }, 'http://bot:7860/start', 'sk'],
    [{ kind: 'pipecat', start_url: 'http://bot:7860/start' }, 'http://bot:7860/start', null],
  ])('has a start route: %j', (provider, url, key) => {
    expect(target(provider)).toEqual({ ...COMMON, wire: 'pipecat', entry: { kind: 'start', url, key }, ...rates });
    expect(target({ ...provider, media: 'runtime' })).toEqual({ ...COMMON, wire: 'runtime', url, key });
  });

  it('in Pipecat Cloud may be dialled directly, in its region', () => {
    const direct = { kind: 'pipecat', agent_name: 'a', organization: 'org' };
    const entry = (url: string) => ({ entry: { kind: 'socket', url, token: null, tokenIn: 'header' } });
    expect(target(direct)).toMatchObject(entry('wss://api.pipecat.daily.co/ws/generic/a.org'));
    expect(target({ ...direct, region: 'eu-central' })).toMatchObject(
      entry('wss://eu-central.api.pipecat.daily.co/ws/generic/a.org'),
    );
  });

  it('has the rates of its pipeline', () => {
    const rated = { ...cloud, caller_sample_rate: 8_000, agent_sample_rate: 48_000 };
    expect(target(rated)).toMatchObject({ callerRate: 8_000, agentRate: 48_000 });
  });

  it.each([
    [{}, 'agent_name'],
    [{ agent_name: 'a' }, 'public_api_key'],
    [{ url: 'ws://a', agent_name: 'a', base_url: 'http://b' }, 'agent_name'],
    [{ url: 'ws://a', start_url: 'http://a' }, 'agent_name'],
    [{ url: 'ws://a', media: 'runtime' }, 'media'],
    [{ agent_name: 'a', organization: 'o', media: 'runtime' }, 'media'],
    [{ agent_name: '../secret', public_api_key: 'k' }, 'agent_name'],
    [{ agent_name: '..', public_api_key: 'k' }, 'agent_name'],
    [{ agent_name: 'a', public_api_key: 'k', region: 'eu-central' }, 'region'],
    [{ agent_name: 'a', organization: 'o', region: 'evil.test/' }, 'region'],
    [{ url: 'ws://a', organization: 'o' }, 'organization'],
    [{ url: 'ws://a', caller_sample_rate: 44_100 }, 'caller_sample_rate'],
    [{ url: 'ws://a', caller_sample_rate: '16000' }, 'caller_sample_rate'],
    [{ url: 'ws://a', media: 'both' }, 'media'],
    [{ url: 'ws://a', token: 'two words' }, 'token'],
    [{ url: 'ws://a', token_in: 'cookie' }, 'token_in'],
    [{ agent_name: 'a', public_api_key: 5 }, 'public_api_key'],
  ])('cannot be %j', (fields, name) => {
    expect(Object.keys(faultsOf({ kind: 'pipecat', ...fields }))).toEqual([`provider.${name}`]);
  });
});

describe('a websocket agent', () => {
  it('is dialled, or waits for us', () => {
    expect(target({ kind: 'websocket', url: 'wss://a.test/?x=1', token: 't', sample_rate: 24_000 })).toEqual({
      ...COMMON,
      wire: 'raw',
      entry: { kind: 'dial', url: 'wss://a.test/?x=1', token: 't', tokenIn: 'header' },
      sampleRate: 24_000,
    });
    expect(target({ kind: 'websocket', inbound: true, token: '0123456789abcdef' })).toEqual({
      ...COMMON,
      wire: 'raw',
      entry: { kind: 'wait', token: '0123456789abcdef' },
      sampleRate: 16_000,
    });
  });

  it.each([
    [{}, 'url'],
    [{ inbound: true }, 'token'],
    [{ inbound: true, token: 'short' }, 'token'],
    [{ inbound: true, token: '0123456789abcdef', url: 'ws://a' }, 'url'],
    [{ inbound: 'yes', url: 'ws://a' }, 'inbound'],
  ])('cannot be %j', (fields, name) => {
    expect(Object.keys(faultsOf({ kind: 'websocket', ...fields }))).toEqual([`provider.${name}`]);
  });
});

describe('a twilio agent', () => {
  it('is a stream or a webhook, with an account of its own', () => {
    const common = { ...COMMON, wire: 'twilio', authToken: null, accountSid: 'AC4ea1efa15cc345b9a020c0adbb184363' };
    const [stream, webhook] = ['WSS://a.test/stream', 'https://a.test/twiml'];
    expect(target({ kind: 'twilio', url: stream })).toEqual({ ...common, entry: { kind: 'stream', url: stream } });
    expect(target({ kind: 'twilio', url: webhook })).toEqual({ ...common, entry: { kind: 'webhook', url: webhook } });
    const sid = `AC${'0'.repeat(32)}`;
    expect(target({ kind: 'twilio', url: webhook, account_sid: sid, auth_token: 'a' })).toMatchObject({
      accountSid: sid,
      authToken: 'a',
    });
    expect(Object.keys(faultsOf({ kind: 'twilio', account_sid: 'AC1' }))).toEqual([
      'provider.url',
      'provider.account_sid',
    ]);
  });
});

describe('an openai_realtime agent', () => {
  const key = { kind: 'openai_realtime', api_key: 'sk' };

  it.each([
    [{}, 'wss://api.openai.com/v1/realtime?model=gpt-realtime'],
    [{ model: 'gpt-realtime-mini' }, 'wss://api.openai.com/v1/realtime?model=gpt-realtime-mini'],
    [{ url: 'wss://eu.api.openai.com/v1/realtime?model=x' }, 'wss://eu.api.openai.com/v1/realtime?model=x'],
    [{ profile: 'grok' }, 'wss://api.x.ai/v1/realtime'],
    [{ profile: 'inworld' }, 'wss://api.inworld.ai/api/v1/realtime/session'],
    [
      { profile: 'azure', url: 'wss://r.openai.azure.com/openai/v1/realtime', model: 'deployed' },
      'wss://r.openai.azure.com/openai/v1/realtime?model=deployed',
    ],
    [{ profile: 'compatible', url: 'ws://10.0.0.5:9000/v1/realtime' }, 'ws://10.0.0.5:9000/v1/realtime'],
  ])('is where its profile says: %j', (fields, url) => {
    expect(target({ ...key, ...fields })).toMatchObject({
      wire: 'openai-realtime',
      apiKey: 'sk',
      url: expect.stringContaining(url),
    });
  });

  it('has its words, its session and its tools', () => {
    const tools = [{ type: 'function', name: 'book_table', description: 'Books.', parameters: { type: 'object' } }];
    const session = { audio: { output: { speed: 1.1 } } };
    const webhook = { tool_webhook_url: 'https://a.test', tool_webhook_secret: 's', tool_timeout_seconds: 2.5 };
    const words = { instructions: 'Be brief.', voice: 'marin', greeting: '' };
    expect(target({ ...key, ...words, session, tools, ...webhook })).toEqual({
      ...COMMON,
      wire: 'openai-realtime',
      profile: 'openai',
      url: expect.any(String),
      apiKey: 'sk',
      ...words,
      session,
      tools: [{ name: 'book_table', description: 'Books.', parameters: { type: 'object' } }],
      toolWebhook: { url: 'https://a.test', secret: 's', timeoutMs: 2_500 },
    });
    expect(target(key)).toMatchObject({
      instructions: null,
      voice: null,
      greeting: null,
      tools: [],
      toolWebhook: null,
    });
  });

  const tool = (name: string) => ({ name, description: '', parameters: {} });
  const webhook = { tool_webhook_url: 'https://a.test' };
  it.each([
    [{ api_key: undefined }, 'api_key'],
    [{ profile: 'azure' }, 'url'],
    [{ profile: 'compatible' }, 'url'],
    [{ profile: 'gemini' }, 'profile'],
    [{ tools: [tool('a')] }, 'tool_webhook_url'],
    [{ tools: [tool('a'), tool('a')], ...webhook }, 'tools'],
    [{ tools: [tool('hang_up')], ...webhook }, 'tools'],
    [{ tools: [tool('a b')], ...webhook }, 'tools.0.name'],
    [{ tools: [7], ...webhook }, 'tools.0'],
    [{ tools: Array.from({ length: 65 }, (_, index) => tool(`t${index}`)), ...webhook }, 'tools'],
    [{ session: { a: 'x'.repeat(70_000) } }, 'session'],
    [{ session: [] }, 'session'],
    [{ instructions: 'x'.repeat(100_001) }, 'instructions'],
    [{ tool_timeout_seconds: 0 }, 'tool_timeout_seconds'],
  ])('cannot be %j', (fields, name) => {
    expect(Object.keys(faultsOf({ ...key, ...fields }))).toEqual([`provider.${name}`]);
  });
});

describe('an elevenlabs agent', () => {
  it('is at its API, or at that of its region', () => {
    const fields = { dynamic_variables: { a: 'x', b: 1, c: true }, overrides: { agent: { language: 'es' } } };
    expect(target({ kind: 'elevenlabs', agent_id: 'agent_1', api_key: 'k', ...fields })).toEqual({
      ...COMMON,
      wire: 'elevenlabs',
      agentId: 'agent_1',
      apiKey: 'k',
      baseUrl: 'https://api.elevenlabs.io',
      dynamicVariables: fields.dynamic_variables,
      overrides: fields.overrides,
      toolWebhook: null,
    });
    const regional = { kind: 'elevenlabs', agent_id: 'a', base_url: 'https://api.eu.residency.elevenlabs.io/' };
    expect(target(regional)).toMatchObject({ baseUrl: 'https://api.eu.residency.elevenlabs.io', apiKey: null });
    expect(Object.keys(faultsOf({ kind: 'elevenlabs', dynamic_variables: { a: {} } }))).toEqual([
      'provider.agent_id',
      'provider.dynamic_variables',
    ]);
  });
});

describe('settings', () => {
  it('become milliseconds and limits', () => {
    const settings = {
      max_concurrent_calls: 2,
      connect_timeout_seconds: 1.25,
      speak_within_seconds: 8,
      parameters: { lang: 'en' },
    };
    expect(target({ kind: 'websocket', url: 'ws://a' }, { settings })).toMatchObject({
      maxConcurrentCalls: 2,
      connectTimeoutMs: 1_250,
      speakWithinMs: 8_000,
      parameters: { lang: 'en' },
    });
  });

  it.each([
    [{ max_concurrent_calls: 0 }, 'max_concurrent_calls'],
    [{ connect_timeout_seconds: 31 }, 'connect_timeout_seconds'],
    [{ speak_within_seconds: '5' }, 'speak_within_seconds'],
    [{ health_url: 'ws://a' }, 'health_url'],
    [{ parameters: { a: 1 } }, 'parameters'],
    [{ parameters: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`${index}`, ''])) }, 'parameters'],
    [{ parameters: { a: 'x'.repeat(1_025) } }, 'parameters'],
  ])('cannot be %j', (settings, name) => {
    expect(Object.keys(faultsOf({ kind: 'websocket', url: 'ws://a' }, { settings }))).toEqual([`settings.${name}`]);
  });
});

describe('an address', () => {
  it.each([
    'http://a.test',
    'wss://user:pass@a.test',
    'wss://user@a.test',
    'wss://a.test/#part',
    'a.test',
    'wss://',
    `wss://a.test/${'x'.repeat(2_048)}`,
    'ws://169.254.169.254/',
    'ws://[fe80::1]/',
    'ws://[::ffff:169.254.169.254]/',
    'ws://2852039166/',
    'ws://0.0.0.0/',
    'ws://metadata.google.internal/',
    5,
  ])('cannot be %s', (url) => {
    const [fault] = faultsOf({ kind: 'websocket', url })['provider.url'] ?? [];
    expect(fault).toContain('must be a ws:// or wss:// URL');
    if (String(url).length > 'wss://'.length) expect(fault).not.toContain(String(url));
  });

  it.each(['ws://127.0.0.1:9000', 'ws://[::1]:9000', 'ws://10.0.0.5/', 'wss://a.test/talk?key=1', 'ws://bot/'])(
    'can be %s',
    (url) => expect(faultsOf({ kind: 'websocket', url })).toEqual({}),
  );
});

describe('kinds', () => {
  it.each([
    ['pipecat', 'pipecat'],
    ['pipecat_provider', 'pipecat'],
    ['VoiceAgents::PipecatProvider', 'pipecat'],
    ['VoiceAgents::OpenaiRealtimeProvider', 'openai_realtime'],
    ['ElevenLabs', 'elevenlabs'],
    ['constructor', null],
    ['', null],
    ['provider', null],
  ])('%s is %s', (name, kind) => expect(kindNamed(name)).toBe(kind));
});

const AGENTS: Readonly<Record<ProviderKind, object>> = {
  pipecat: { agent_name: 'a', public_api_key: 'secret-1', private_api_key: 'secret-2', token: 'secret-3' },
  websocket: { url: 'wss://a.test', token: 'secret-1' },
  twilio: { url: 'wss://a.test', auth_token: 'secret-1' },
  openai_realtime: { api_key: 'secret-1', tool_webhook_url: 'https://a.test', tool_webhook_secret: 'secret-2' },
  elevenlabs: { agent_id: 'a', api_key: 'secret-1', tool_webhook_secret: 'secret-2' },
};

/** Mostly fields of the kinds, with right and wrong values. */
const anyProvider = fc
  .dictionary(
    fc.constantFrom(
      ...[
        'url',
        'start_url',
        'agent_name',
        'base_url',
        'organization',
        'region',
        'media',
        'token',
        'token_in',
        'inbound',
      ],
      ...[
        'public_api_key',
        'private_api_key',
        'sample_rate',
        'account_sid',
        'auth_token',
        'profile',
        'api_key',
        'tools',
      ],
      ...[
        'session',
        'overrides',
        'dynamic_variables',
        'agent_id',
        'tool_webhook_url',
        'tool_webhook_secret',
        '__proto__',
      ],
    ),
    fc.oneof(
      fc.constantFrom('wss://a.test/x', 'https://a.test/y', 'a-name', 'runtime', 'grok', 'query', '0123456789abcdef'),
      fc.constantFrom(true, 8_000, null, { a: 1 }, [{ name: 'a' }]),
      fc.jsonValue(),
    ),
  )
  .chain((fields) => fc.constantFrom(...KINDS, 'other').map((kind) => ({ ...fields, kind })));

/** The same over one that is right. */
const nearlyRight = fc
  .tuple(fc.constantFrom(...KINDS), anyProvider)
  .map(([kind, fields]) => ({ ...AGENTS[kind], ...Object.fromEntries(Object.entries(fields).slice(0, 2)), kind }));

describe('any body', () => {
  it('is either refused by field, or becomes an agent that has a target', () => {
    const anyBody = fc.oneof(
      fc.jsonValue(),
      fc.record({ name: fc.string(), provider: anyProvider, settings: fc.jsonValue() }, { requiredKeys: ['provider'] }),
      fc.record({ voice_agent: fc.record({ name: fc.constant('Bot'), provider: nearlyRight }) }),
    );
    let made = 0;
    fc.assert(
      fc.property(
        anyBody.map((body) => JSON.parse(JSON.stringify(body))),
        (body) => {
          try {
            const agent = newVoiceAgent(body, { ...HOSTS, id: ID, projectId: DEFAULT_PROJECT_ID, at: 1 });
            expect(targetOf(JSON.parse(JSON.stringify(agent)))).toEqual(targetOf(agent));
            made += 1;
          } catch (fault) {
            if (!(fault instanceof InvalidFields)) throw fault;
            expect(Object.values(fault.fields).flat().length).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(made).toBeGreaterThan(100);
  });
});

describe('any PATCH', () => {
  it('keeps every field that it does not name, secrets first, and tells none of them', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), anyProvider, fc.boolean(), (kind, { kind: _kind, ...fields }, says) => {
        const agent = make({ kind, ...AGENTS[kind] });
        const patch = { ...fields, ...(says && { kind }) };
        let changed: VoiceAgent;
        try {
          changed = change(agent, { voice_agent: { provider: patch } });
        } catch (fault) {
          if (fault instanceof InvalidFields) return;
          throw fault;
        }
        for (const [name, value] of Object.entries(agent.provider)) {
          if (Object.hasOwn(patch, name)) continue;
          expect(changed.provider[name]).toEqual(value);
        }
        const told = JSON.stringify(withoutSecrets(agent.provider));
        expect(told).not.toContain('secret-');
        for (const secret of secretFields(kind)) expect(withoutSecrets(changed.provider)).not.toHaveProperty(secret);
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps back credentials that stand in free fields too', () => {
    const mcp = {
      type: 'mcp',
      server_url: 'https://mcp.example.com',
      authorization: 'Bearer secret-1',
      headers: { 'x-api-key': 'secret-2' },
    };
    const realtime = make({
      kind: 'openai_realtime',
      ...AGENTS.openai_realtime,
      session: { tools: [mcp], max_output_tokens: 100 },
    });
    const eleven = make({
      kind: 'elevenlabs',
      ...AGENTS.elevenlabs,
      dynamic_variables: { secret__crm: 'secret-3', plan: 'gold' },
    });
    expect(withoutSecrets(realtime.provider)).toMatchObject({
      session: { tools: [{ type: 'mcp', server_url: 'https://mcp.example.com', headers: {} }], max_output_tokens: 100 },
    });
    expect(withoutSecrets(eleven.provider)).toMatchObject({ dynamic_variables: { plan: 'gold' } });
    expect(JSON.stringify([realtime, eleven].map(({ provider }) => withoutSecrets(provider)))).not.toContain('secret-');
  });

  it('that names nothing changes nothing but the time', () => {
    for (const kind of KINDS) {
      const agent = make({ kind, ...AGENTS[kind] });
      for (const body of [{}, { voice_agent: {} }, { provider: {} }, { provider: { kind } }, { provider_type: kind }]) {
        expect(change(agent, body)).toEqual({ ...agent, updatedAt: 2 });
      }
      // What a client read and sends back is the agent as it is.
      const answer = { type: `${kind}_provider`, ...withoutSecrets(agent.provider) };
      expect(change(agent, { provider: answer, settings: agent.settings })).toEqual({ ...agent, updatedAt: 2 });
    }
  });

  it('never keeps anything of another kind', () => {
    for (const kind of KINDS) {
      for (const other of KINDS.filter((each) => each !== kind)) {
        const changed = change(make({ kind, ...AGENTS[kind] }), { provider: { kind: other, ...AGENTS[other] } });
        expect(changed.provider).toEqual(make({ kind: other, ...AGENTS[other] }).provider);
      }
    }
  });
});
