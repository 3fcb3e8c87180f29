import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configurationPage, envExample } from '../../scripts/generate-config-docs.ts';
import { putEnvironmentAgent } from '../../src/agents/providers/index.ts';
import { DEFAULT_POLICY } from '../../src/call/index.ts';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { metaOf, VARIABLES, type VariableName } from '../../src/config-variables.ts';
import { openTestDatabase } from '../support/database.ts';

const KEY = Buffer.alloc(32, 0xab);
const MINIMUM = {
  TALKWIRE_MASTER_KEY: KEY.toString('base64'),
  TALKWIRE_API_KEYS: 'an-api-key-of-the-tests',
  TALKWIRE_APP_SECRETS: 'app-secret-1',
};
const NUMBER = { TALKWIRE_PHONE_NUMBER_ID: '106540352242922', TALKWIRE_ACCESS_TOKEN: 'EAAG-token' };
const NAMES = Object.keys(VARIABLES.shape) as VariableName[];

const load = (changes: Record<string, string | undefined> = {}) => loadConfig({ ...MINIMUM, ...changes });

function messageOf(environment: Record<string, string | undefined>, files: Record<string, string> = {}): string {
  const readFile = (path: string) => {
    if (files[path] === undefined) throw new Error('ENOENT');
    return files[path];
  };
  try {
    loadConfig(environment, readFile);
    return 'no error';
  } catch (fault) {
    if (fault instanceof ConfigError) return fault.message;
    throw fault;
  }
}

const wrong = (changes: Record<string, string>) => messageOf({ ...MINIMUM, ...changes });

describe('configuration', () => {
  it('needs three settings, and has a default for the rest', () => {
    expect(load()).toEqual({
      http: {
        host: '0.0.0.0',
        port: 8080,
        publicUrl: null,
        apiKeys: ['an-api-key-of-the-tests'],
        requestsPerSecond: 100,
        trustedProxies: [],
      },
      database: { place: { path: './var/talkwire.db' }, masterKey: KEY, inboxDays: 8 },
      retention: { callsDays: null, messagesDays: null, eventsDays: 30 },
      webhooks: { appSecrets: ['app-secret-1'], kapsoSecrets: [], verifyToken: null },
      events: { privateAllowed: false },
      graph: { baseUrl: 'https://graph.facebook.com', version: 'v24.0', timeoutMs: 4_000 },
      firstNumber: null,
      firstAgent: null,
      allowLinkLocalAgents: false,
      media: {
        threads: 0,
        network: { portRange: null, announcedIp: null, bindAddresses: [], ipv6: false, iceServers: [] },
        promptsFolder: expect.stringMatching(/assets.prompts$/),
      },
      maxCalls: 100,
      drainMs: 30_000,
      logLevel: 'info',
      logFile: null,
      secrets: expect.arrayContaining(Object.values(MINIMUM)),
    });
  });

  it('says everything that is wrong or missing in one message, each with its meaning', () => {
    const message = messageOf({
      TALKWIRE_PORT: '99999',
      TALKWIRE_ACCESS_TOKEN: 'EAAG-token',
      TALKWIRE_AGENT_SAMPLE_RATE: '44100',
      TALKWIRE_ICE_SERVERS: 'turn:relay.example.com',
    });
    expect(message).toContain('7 settings are wrong or missing');
    const expected = {
      TALKWIRE_MASTER_KEY: 'is missing.',
      TALKWIRE_API_KEYS: 'is missing.',
      TALKWIRE_APP_SECRETS: 'is missing, and so is TALKWIRE_KAPSO_SECRETS',
      TALKWIRE_PORT: 'is wrong: must be a whole number from 0 to 65535.',
      TALKWIRE_PHONE_NUMBER_ID: 'is missing: TALKWIRE_ACCESS_TOKEN needs it.',
      TALKWIRE_AGENT_SAMPLE_RATE: 'is wrong: must be 8000, 16000, 24000 or 48000.',
      TALKWIRE_ICE_SERVERS: 'is wrong: must be stun:',
    };
    for (const [name, fault] of Object.entries(expected)) {
      expect(message).toContain(`  ${name} ${fault}`);
      expect(message).toContain(metaOf(name as VariableName).description);
    }
  });

  it('never repeats a value in its message', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.string({ minLength: 6 }), (name, noise) => {
        const value = `~${noise.replaceAll(',', '')}~`;
        expect(wrong({ [name]: value })).not.toContain(value);
      }),
    );
  });

  it('takes every text of every variable without breaking', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...NAMES), fc.string()), (environment) => {
        expect(messageOf(environment)).toBeTypeOf('string');
      }),
    );
  });

  it('counts an empty variable as not set', () => {
    expect(load({ TALKWIRE_PORT: '', TALKWIRE_AGENT_URL: ' ', TALKWIRE_PHONE_NUMBER_ID: '' })).toEqual(load());
  });

  it('reads the master key in hex, base64 and base64url', () => {
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(load({ TALKWIRE_MASTER_KEY: KEY.toString(encoding) }).database.masterKey).toEqual(KEY);
    }
    for (const key of ['short', KEY.subarray(1).toString('base64'), `${KEY.toString('hex')}00`]) {
      expect(wrong({ TALKWIRE_MASTER_KEY: key })).toContain('must be 32 bytes');
    }
  });

  it('reads a secret from a file, without its last newline', () => {
    const { TALKWIRE_MASTER_KEY: key, ...rest } = MINIMUM;
    const environment = { ...rest, TALKWIRE_MASTER_KEY_FILE: '/run/secrets/key' };
    expect(loadConfig(environment, () => `${key}\n`).database.masterKey).toEqual(KEY);
    expect(messageOf(environment)).toContain(
      'TALKWIRE_MASTER_KEY is missing: the file of TALKWIRE_MASTER_KEY_FILE cannot',
    );
    expect(messageOf({ ...environment, ...MINIMUM }, { '/run/secrets/key': key })).toContain('is given twice');
    expect(load({ TALKWIRE_PORT_FILE: '/run/secrets/port' }).http.port).toBe(8080);
  });

  it.each([
    ['postgres://ada:s%40cret-word@db.example.com:5432/talkwire?sslmode=verify-full', ['s%40cret-word', 's@cret-word']],
    ['postgresql://ada@db.example.com/talkwire?password=pass-word', ['pass-word']],
    ['postgres://ada:pass-word@/talkwire?host=/run/postgresql', ['pass-word']],
    ['postgres:///talkwire?host=/run/postgresql', []],
  ])('takes the database %s, and keeps it and its password secret', (url, passwords) => {
    const { database, secrets } = load({ TALKWIRE_DATABASE: url });
    expect(database.place).toEqual({ url });
    expect(secrets).toEqual(expect.arrayContaining([url, ...passwords]));
    const environment = { ...MINIMUM, TALKWIRE_DATABASE_FILE: '/run/secrets/database' };
    expect(loadConfig(environment, () => `${url}\n`).database.place).toEqual({ url });
  });

  it('takes everything else as the path of a file, which is no secret', () => {
    for (const path of [':memory:', '/data/talkwire.db', 'C:\\talkwire\\calls.db', 'postgres']) {
      const { database, secrets } = load({ TALKWIRE_DATABASE: path });
      expect(database.place).toEqual({ path });
      expect(secrets).not.toContain(path);
    }
    expect(load().secrets).not.toContain('./var/talkwire.db');
  });

  it('describes the first number with its agent', () => {
    const config = load({
      ...NUMBER,
      TALKWIRE_AGENT_URL: 'wss://agent.example.com/talk',
      TALKWIRE_AGENT_TOKEN: 'agent-token',
      TALKWIRE_AGENT_SAMPLE_RATE: '24000',
      TALKWIRE_MAX_CALL_SECONDS: '600',
      TALKWIRE_ON_AGENT_UNAVAILABLE: 'prompt:sorry.ogg',
    });
    expect(config.firstNumber).toEqual({
      phoneNumberId: '106540352242922',
      displayPhoneNumber: null,
      credentials: { kind: 'bearer', secret: 'EAAG-token' },
      policy: {
        ...DEFAULT_POLICY,
        maxDurationMs: 600_000,
        onAgentUnavailable: { action: 'prompt', prompt: 'sorry.ogg' },
      },
    });
    expect(config.firstAgent).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      phoneNumberId: '106540352242922',
      body: {
        name: 'default',
        provider: {
          kind: 'websocket',
          url: 'wss://agent.example.com/talk',
          token_in: 'header',
          sample_rate: 24_000,
        },
        settings: { connect_timeout_seconds: 5 },
      },
      token: 'agent-token',
      reconnectAttempts: 3,
    });
    expect(config.secrets).toEqual(expect.arrayContaining(['EAAG-token', 'agent-token']));
    expect(load(NUMBER).firstAgent).toMatchObject({ id: config.firstAgent?.id, body: null, token: null });
  });

  it.each([
    ['raw', 'ws://agent:9000', { kind: 'websocket', url: 'ws://agent:9000', token_in: 'query', sample_rate: 16_000 }],
    ['twilio', 'wss://agent/stream', { kind: 'twilio', url: 'wss://agent/stream' }],
    ['twilio', 'https://agent/twiml', { kind: 'twilio', url: 'https://agent/twiml' }],
    ['pipecat', 'ws://agent:8765', { kind: 'pipecat', url: 'ws://agent:8765', token_in: 'query' }],
    ['pipecat', 'http://agent:7860/start', { kind: 'pipecat', start_url: 'http://agent:7860/start' }],
  ])('describes an agent on the wire %s at %s, which the agents take', async (wire, url, provider) => {
    const { firstAgent } = load({
      ...NUMBER,
      TALKWIRE_AGENT_WIRE: wire,
      TALKWIRE_AGENT_URL: url,
      TALKWIRE_AGENT_TOKEN: 'agent-token',
      TALKWIRE_AGENT_TOKEN_IN: 'query',
      TALKWIRE_AGENT_CONNECT_TIMEOUT_MS: '2500',
      TALKWIRE_AGENT_RECONNECT_ATTEMPTS: '0',
    });
    expect(firstAgent).toMatchObject({ token: 'agent-token', reconnectAttempts: 0 });
    expect(firstAgent?.body).toEqual({ name: 'default', provider, settings: { connect_timeout_seconds: 2.5 } });
    const { agents } = await openTestDatabase();
    await putEnvironmentAgent(agents, firstAgent!, { allowLinkLocal: false }, 1);
    expect(agents.list()).toMatchObject([{ id: firstAgent?.id, provider, settings: { connect_timeout_seconds: 2.5 } }]);
    expect(JSON.stringify(agents.list())).toContain('"agent-token"');
  });

  it('reads an agent of any kind from a file', () => {
    const body = { name: 'Reception', provider: { kind: 'elevenlabs', agent_id: 'agent_1' } };
    const environment = { ...MINIMUM, ...NUMBER, TALKWIRE_AGENT_FILE: 'agent.json', TALKWIRE_AGENT_TOKEN: 'key' };
    expect(loadConfig(environment, () => JSON.stringify(body)).firstAgent).toMatchObject({ body, token: 'key' });
    const wrongFile = (text: string) => messageOf(environment, { 'agent.json': text });
    for (const text of ['', '{', 'null']) {
      expect(wrongFile(text)).toContain('TALKWIRE_AGENT_FILE is wrong: the file must hold one JSON object.');
    }
    expect(messageOf(environment)).toContain('TALKWIRE_AGENT_FILE is wrong: the file cannot be read.');
  });

  it('holds the example of its page for a configuration, which the agents take', async () => {
    const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    const example = /```json\n([^`]+)```/.exec(page)?.[1] ?? '';
    const environment = { ...MINIMUM, ...NUMBER, TALKWIRE_AGENT_FILE: 'agent.json', TALKWIRE_AGENT_TOKEN: 'key' };
    const { firstAgent } = loadConfig(environment, () => example);
    const { agents } = await openTestDatabase();
    await putEnvironmentAgent(agents, firstAgent!, { allowLinkLocal: false }, 1);
    expect(agents.list()).toMatchObject([{ name: 'Reception', provider: { kind: 'openai_realtime', api_key: 'key' } }]);
  });

  it.each([
    [{ TALKWIRE_AGENT_TOKEN: 't' }, 'TALKWIRE_AGENT_URL is missing, and so is TALKWIRE_AGENT_FILE'],
    [{ TALKWIRE_AGENT_URL: 'ws://a', TALKWIRE_AGENT_FILE: 'a.json' }, 'TALKWIRE_AGENT_FILE is one too many'],
    [{ TALKWIRE_AGENT_FILE: 'a.json', TALKWIRE_AGENT_WIRE: 'raw' }, 'TALKWIRE_AGENT_WIRE is one too many'],
    [{ TALKWIRE_AGENT_FILE: 'a.json', TALKWIRE_AGENT_TOKEN_IN: 'query' }, 'TALKWIRE_AGENT_TOKEN_IN is one too many'],
    [{ TALKWIRE_AGENT_URL: 'http://a', TALKWIRE_AGENT_WIRE: 'raw' }, 'TALKWIRE_AGENT_URL is wrong: must be a ws://'],
    [
      { TALKWIRE_AGENT_URL: 'ws://a', TALKWIRE_AGENT_WIRE: 'pipecat', TALKWIRE_AGENT_SAMPLE_RATE: '8000' },
      'TALKWIRE_AGENT_SAMPLE_RATE is one too many',
    ],
  ])('takes no %j together', (environment, fault) => {
    expect(messageOf({ ...MINIMUM, ...NUMBER, ...environment }, { 'a.json': '{}' })).toContain(`  ${fault}`);
  });

  it('needs a number for an agent', () => {
    const message = messageOf({ ...MINIMUM, TALKWIRE_AGENT_FILE: 'a.json' }, { 'a.json': '{}' });
    expect(message).toContain('TALKWIRE_PHONE_NUMBER_ID is missing: TALKWIRE_AGENT_FILE needs it.');
  });

  it.each(['TALKWIRE_ACCESS_TOKEN', 'TALKWIRE_AGENT_TOKEN'])('takes no %s that cannot stand in a header', (name) => {
    const agent = { ...NUMBER, TALKWIRE_AGENT_URL: 'ws://agent:9000' };
    for (const text of ['two words', 'two\nlines', 'caf\u00e9']) {
      expect(wrong({ ...agent, [name]: text })).toContain(`${name} is wrong: must be one word of printable ASCII`);
    }
  });

  it('reads ports, addresses and switches of media', () => {
    const { network } = load({
      TALKWIRE_UDP_PORTS: '40000-40999',
      TALKWIRE_ANNOUNCED_IP: '203.0.113.7',
      TALKWIRE_BIND_ADDRESSES: '10.0.0.1, fd00::1',
      TALKWIRE_IPV6: 'on',
    }).media;
    expect(network).toMatchObject({ portRange: [40_000, 40_999], announcedIp: '203.0.113.7', ipv6: true });
    expect(network.bindAddresses).toEqual(['10.0.0.1', 'fd00::1']);
    for (const ports of ['40999-40000', '80-90', '40000', '40000-70000', 'a-b']) {
      expect(wrong({ TALKWIRE_UDP_PORTS: ports })).toContain('TALKWIRE_UDP_PORTS is wrong');
    }
    expect(wrong({ TALKWIRE_IPV6: 'maybe' })).toContain('must be on or off');
  });

  it('reads the proxies that are believed', () => {
    const proxies = (text: string) => load({ TALKWIRE_TRUSTED_PROXIES: text }).http.trustedProxies;
    expect(proxies('127.0.0.1, 10.0.0.0/8,fd00::/8, ::1')).toEqual(['127.0.0.1', '10.0.0.0/8', 'fd00::/8', '::1']);
    for (const text of [
      '10.0.0.0/33',
      '0.0.0.0/0',
      'fd00::/129',
      'proxy.example.com',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0/8',
      '/8',
    ]) {
      expect(wrong({ TALKWIRE_TRUSTED_PROXIES: text })).toContain('TALKWIRE_TRUSTED_PROXIES is wrong: must');
    }
  });

  it('reads ICE servers as a list or as JSON', () => {
    const servers = (text: string) => load({ TALKWIRE_ICE_SERVERS: text }).media.network.iceServers;
    expect(servers('stun:stun.example.com:3478, turn:ada:s%40c%2Cret@turn.example.com:3478?transport=tcp')).toEqual([
      { urls: 'stun:stun.example.com:3478' },
      { urls: 'turn:turn.example.com:3478?transport=tcp', username: 'ada', credential: 's@c,ret' },
    ]);
    expect(servers('[{"urls":["stun:a","turn:b"],"username":"u","credential":"p"}]')).toEqual([
      { urls: 'stun:a', username: 'u', credential: 'p' },
      { urls: 'turn:b', username: 'u', credential: 'p' },
    ]);
    for (const text of ['turn:host:1', 'http://a', '[{"urls":"turn:b"}]', '[{]', '[]', ',', 'turn:u:%zz@host']) {
      expect(wrong({ TALKWIRE_ICE_SERVERS: text })).toContain('TALKWIRE_ICE_SERVERS is wrong');
    }
  });

  it.each([
    ['TALKWIRE_DATABASE', 'mysql://ada@db.example.com/talkwire'],
    ['TALKWIRE_DATABASE', 'file:///data/talkwire.db'],
    ['TALKWIRE_DATABASE', 'postgres://db.example.com'],
    ['TALKWIRE_DATABASE', 'postgres://ada:%zz@db.example.com/talkwire'],
    ['TALKWIRE_DATABASE', 'postgres://db.example.com:port/talkwire'],
    ['TALKWIRE_PUBLIC_URL', 'ftp://a'],
    ['TALKWIRE_PUBLIC_URL', 'https://a/?b'],
    ['TALKWIRE_GRAPH_URL', 'https://user:pass@a'],
    ['TALKWIRE_GRAPH_VERSION', '24'],
    ['TALKWIRE_AGENT_URL', 'http://a'],
    ['TALKWIRE_AGENT_URL', 'ftp://a'],
    ['TALKWIRE_AGENT_URL', 'ws://user:pass@a'],
    ['TALKWIRE_AGENT_WIRE', 'sip'],
    ['TALKWIRE_ALLOW_LINK_LOCAL_AGENTS', 'maybe'],
    ['TALKWIRE_API_KEYS', 'a-good-key-of-length,short'],
    ['TALKWIRE_PHONE_NUMBER_ID', '+15550100000'],
    ['TALKWIRE_ON_AGENT_UNAVAILABLE', 'prompt:../etc/passwd'],
    ['TALKWIRE_ON_AGENT_UNAVAILABLE', 'prompt:'],
    ['TALKWIRE_LOG_LEVEL', 'loud'],
    ['TALKWIRE_CREDENTIAL_KIND', 'basic'],
    ['TALKWIRE_AGENT_TOKEN_IN', 'cookie'],
    ['TALKWIRE_DRAIN_SECONDS', '1.5'],
    ['TALKWIRE_ANNOUNCED_IP', 'example.com'],
    ['TALKWIRE_BIND_ADDRESSES', '10.0.0.1,eth0'],
  ])('refuses %s=%s', (name, value) => {
    expect(wrong({ [name]: value })).toContain(`${name} is wrong: must`);
  });

  it('leaves no slash at the end of a URL', () => {
    expect(load({ TALKWIRE_GRAPH_URL: 'https://api.example.com/meta/whatsapp/' }).graph.baseUrl).toBe(
      'https://api.example.com/meta/whatsapp',
    );
  });
});

describe('the pages on configuration', () => {
  const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

  it('are as the schema makes them (node scripts/generate-config-docs.ts)', () => {
    expect(file('docs/configuration.md')).toBe(configurationPage());
    expect(file('.env.example')).toBe(envExample());
  });

  it('explain every variable', () => {
    for (const name of NAMES) {
      expect(metaOf(name).description.length).toBeGreaterThan(10);
      expect(configurationPage()).toContain(`| \`${name}\` |`);
      expect(envExample()).toMatch(new RegExp(`^#?${name}=`, 'm'));
    }
  });

  it('show an example that is a configuration once its blanks are filled', () => {
    const lines = [...envExample().matchAll(/^#?(TALKWIRE_\w+)=(.*)$/gm)];
    const environment = Object.fromEntries(lines.map(([, name, value]) => [name!, value]));
    expect(messageOf({ ...environment, ...MINIMUM, ...NUMBER })).toBe('no error');
  });
});
