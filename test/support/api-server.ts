import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import { AgentLines } from '../../src/agents/index.ts';
import { DEFAULT_POLICY, DEFAULT_PROJECT_ID } from '../../src/call/index.ts';
import {
  type ApiServerOptions,
  anyOf,
  createApiServer,
  environmentKeys,
  type Project,
  type Scope,
} from '../../src/calls-api/index.ts';
import { createSettingsMirror } from '../../src/signaling/index.ts';
import type { Database } from '../../src/storage/index.ts';
import { noteAnswer } from './answers.ts';
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
    contacts: store.contacts,
    conversations: store.conversations,
    messages: store.messages,
    sentMessages: store.messageKeeper,
    numbers: store.numbers,
    numberStandings: store.numberStates,
    numberGraph: NO_NUMBERS,
    events: { webhooks: store.webhooks, deliveries: store.deliveries, desk: NO_DESK, privateAllowed: false },
    settingsMirror: createSettingsMirror(store.numberStates),
    agents: store.agents,
    allowLinkLocalAgents: false,
    agentLines: new AgentLines({ agentOf: () => null, tellDoor: () => {}, callUrl: () => '', now: () => Date.now() }),
    twilioCalls: { find: () => null, hangUp: () => false, instruct: () => false },
    dials: NO_DIALS,
    graphProxy: { pass: noGraph, fetchLink: noGraph },
    controls: NO_CONTROLS,
    live: { hangUp: () => false, isOurs: () => false, named: async () => ({ type: 'silent' }), forget: () => {} },
    keys: anyOf(environmentKeys([API_KEY, 'another-key-while-rotating']), store.apiKeys),
    projects: store.projects,
    apiKeys: store.apiKeys,
    health: {
      draining: () => false,
      databaseHeld: () => true,
      reachDatabase: async () => {},
      capacity: () => ({ live: 0, max: 10 }),
    },
    metrics: { contentType: 'text/plain', text: async () => '' },
    onAnswered: noteAnswer,
    clock: { now: () => Date.now() },
    logger: { error: (fields, message) => void logged.push({ fields, message }) },
    ...options,
  });
  onTestFinished(() => server.close());
  return { server, database: store, logged };
}

/** For tests that ask nothing of numbers. */
const NO_NUMBERS: ApiServerOptions['numberGraph'] = {
  look: nothingAsked,
  settings: nothingAsked,
  changeSettings: nothingAsked,
};

async function nothingAsked(): Promise<never> {
  throw new Error('nobody asks Graph of numbers in this test');
}

/** For tests that send no sample to a webhook. */
const NO_DESK: ApiServerOptions['events']['desk'] = {
  test: async () => {
    throw new Error('nobody sends samples in this test');
  },
};

/** For tests that place no calls. */
const NO_DIALS: ApiServerOptions['dials'] = {
  desk: { dial: noDials, cancel: async () => false },
  clients: { connect: noDials, send: noDials, permissions: noDials },
  keys: { remember: noDials, forget: noDials },
  forward: noDials,
};

async function noGraph(): Promise<never> {
  throw new Error('nobody reaches Graph in this test');
}

/** For tests without live calls. */
const NO_CONTROLS: ApiServerOptions['controls'] = {
  promptFault: async () => null,
  announce: () => 'over',
  tell: () => 'over',
  transfer: async () => 'over',
};

async function noDials(): Promise<never> {
  throw new Error('nobody dials in this test');
}

/** Makes a number one of ours; of the first project, unless another is named. */
export async function addNumber({ numbers }: Database, phoneNumberId: string, projectId?: string): Promise<void> {
  const credentials = { kind: 'bearer', secret: 'EAAG-token' } as const;
  const project = projectId === undefined ? {} : { projectId };
  await numbers.upsert({ phoneNumberId, ...project, displayPhoneNumber: null, credentials, policy: DEFAULT_POLICY }, 1);
}

/** Another project. */
export async function addProject({ projects }: Database, name = 'another'): Promise<Project> {
  const project = { id: randomUUID(), name, createdAt: 1, updatedAt: 1 };
  await projects.put(project);
  return project;
}

/** A key, to be sent as `x-api-key`. Default: opens everything of the first project. */
export async function apiKeyOf(
  { apiKeys }: Database,
  { projectId = DEFAULT_PROJECT_ID, scope = 'admin' }: { readonly projectId?: string; readonly scope?: Scope } = {},
): Promise<string> {
  const { secret } = await apiKeys.create({ id: randomUUID(), projectId, name: 'of a test', scope, createdAt: 1 });
  return secret;
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
