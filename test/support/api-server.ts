import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import { type ApiServerOptions, createApiServer } from '../../src/calls-api/index.ts';
import { PHONE_NUMBER_ID } from './call-identity.ts';
import { openTestDatabase } from './database.ts';

export const API_KEY = 'an-api-key-of-the-tests';

export interface TestApi {
  readonly server: FastifyInstance;
  readonly logged: { fields: object; message: string }[];
}

/** The HTTP server over a real call log in memory; webhooks are taken by nobody unless the test says who. */
export async function testApi(options: Partial<ApiServerOptions> = {}): Promise<TestApi> {
  const logged: TestApi['logged'] = [];
  const server = createApiServer({
    webhooks: { verify: () => ({ status: 403, body: '' }), receive: async () => ({ status: 200 }) },
    calls: options.calls ?? (await openTestDatabase()).calls,
    numbers: { isOurs: (id) => id === PHONE_NUMBER_ID },
    apiKeys: [API_KEY, 'another-key-while-rotating'],
    health: { ready: () => ({ ready: true, reason: null }) },
    logger: { error: (fields, message) => void logged.push({ fields, message }) },
    ...options,
  });
  onTestFinished(() => server.close());
  return { server, logged };
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
