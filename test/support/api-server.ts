import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import { AgentLines } from '../../src/agents/index.ts';
import { DEFAULT_POLICY } from '../../src/call/index.ts';
import { type ApiServerOptions, createApiServer, environmentKeys } from '../../src/calls-api/index.ts';
import type { Database } from '../../src/storage/index.ts';
import { PHONE_NUMBER_ID } from './call-identity.ts';
import { openTestDatabase } from './database.ts';

export const API_KEY = 'an-api-key-of-the-tests';

export interface TestApi {
  readonly server: FastifyInstance;
  readonly database: Database;
  readonly logged: { fields: object; message: string }[];
}

interface TestApiOptions extends Partial<ApiServerOptions> {
  /** Default: one of its own in memory. The number of the tests is put into it. */
  readonly database?: Database;
}

/** The HTTP server over a real database in memory; webhooks are taken by nobody unless the test says who. */
export async function testApi({ database, ...options }: TestApiOptions = {}): Promise<TestApi> {
  const logged: TestApi['logged'] = [];
  const store = database ?? (await openTestDatabase());
  await addNumber(store, PHONE_NUMBER_ID);
  const server = createApiServer({
    webhooks: { verify: () => ({ status: 403, body: '' }), receive: async () => ({ status: 200 }) },
    calls: store.calls,
    numbers: store.numbers,
    agents: store.agents,
    allowLinkLocalAgents: false,
    agentLines: new AgentLines({ agentOf: () => null, tellDoor: () => {}, callUrl: () => '', now: () => Date.now() }),
    twilioCalls: { find: () => null, hangUp: () => false, instruct: () => false },
    dials: NO_DIALS,
    live: { hangUp: () => false, isOurs: () => false, named: async () => ({ type: 'silent' }), forget: () => {} },
    keys: environmentKeys([API_KEY, 'another-key-while-rotating']),
    health: { ready: () => ({ ready: true, reason: null }) },
    clock: { now: () => Date.now() },
    logger: { error: (fields, message) => void logged.push({ fields, message }) },
    ...options,
  });
  onTestFinished(() => server.close());
  return { server, database: store, logged };
}

/** For tests that place no calls. */
const NO_DIALS: ApiServerOptions['dials'] = {
  desk: { dial: noDials, cancel: async () => false },
  clients: { connect: noDials, send: noDials, permissions: noDials },
  keys: { remember: noDials, forget: noDials },
  forward: noDials,
};

async function noDials(): Promise<never> {
  throw new Error('nobody dials in this test');
}

/** Makes a number one of ours. */
export async function addNumber({ numbers }: Database, phoneNumberId: string): Promise<void> {
  const credentials = { kind: 'bearer', secret: 'EAAG-token' } as const;
  await numbers.upsert({ phoneNumberId, displayPhoneNumber: null, credentials, policy: DEFAULT_POLICY }, 1);
}

/** GET with the API key. */
export async function getAsClient(
  server: FastifyInstance,
  url: string,
  headers: Record<string, string> = { 'x-api-key': API_KEY },
) {
  const response = await server.inject({ method: 'GET', url, headers });
  return { status: response.statusCode, type: response.headers['content-type'], body: response.json() };
}

/** Any request with the API key; `body` is null for an answer without one. */
export async function askAsClient(
  server: FastifyInstance,
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  url: string,
  payload?: object,
) {
  const headers = { 'x-api-key': API_KEY };
  const response = await server.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
  return { status: response.statusCode, body: response.body === '' ? null : response.json() };
}
