import type { FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import type { ApiServerOptions } from '../../src/calls-api/index.ts';
import { ClientDesk, DialDesk, type UserRef } from '../../src/permissions/index.ts';
import { API_KEY, testApi } from './api-server.ts';
import { PHONE_NUMBER_ID } from './call-identity.ts';
import { openTestDatabase } from './database.ts';
import { USER } from './dial-order.ts';
import { PretendedCalls } from './pretended-calls.ts';
import { ScriptedPermissionGraph } from './scripted-permission-graph.ts';
import { VirtualClock } from './virtual-clock.ts';

export const CALLS = '/platform/v1/whatsapp/calls';
export const GRAPH = `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}`;

export type DialApi = Awaited<ReturnType<typeof dialApi>>;

/**
 * The HTTP server before real desks and a real database in memory, with a Graph and a machine room that do as the test says.
 *
 * @param differences parts of the dialling in place of the real ones
 */
export async function dialApi(differences: Partial<ApiServerOptions['dials']> = {}) {
  const clock = new VirtualClock();
  const database = await openTestDatabase();
  const graph = new ScriptedPermissionGraph();
  const calls = new PretendedCalls(database, () => clock.now());
  const faults: unknown[] = [];
  const book = database.permissions;
  const onFault = (_during: string, fault: unknown) => void faults.push(fault);
  const calling = { recheck: async () => {} };
  const desk = new DialDesk({ book, numbers: database.numbers, graph, calls, calling, clock, onFault });
  const clients = new ClientDesk({ book, numbers: database.numbers, graph, calls, lessons: desk.lessons, clock });
  const dials = { desk, clients, keys: book, forward: graph.forward, ...differences };
  const { server, logged } = await testApi({ database, dials, live: calls, clock });
  desk.start();
  onTestFinished(() => desk.stop());
  const reply = { phoneNumberId: PHONE_NUMBER_ID, type: 'permission_reply', automatic: false } as const;
  return {
    clock,
    database,
    desk,
    graph,
    calls,
    server,
    logged,
    faults,
    /** The user says yes, for a week. */
    async grant(user: UserRef = USER, contextId: string | null = 'wamid.1'): Promise<void> {
      const at = clock.now();
      const expiresAt = at + 7 * 24 * 3_600_000;
      const yes = { response: 'accept', permanent: false, expiresAt, contextId, messageId: 'wamid.yes' } as const;
      await desk.handle({ ...reply, ...yes, at, user });
    },
    async decline(user: UserRef = USER): Promise<void> {
      const no = { response: 'reject', permanent: false, expiresAt: null, contextId: 'wamid.1' } as const;
      await desk.handle({ ...reply, ...no, messageId: 'wamid.no', at: clock.now(), user });
    },
    /** The user writes, so that there is a window for free-form messages. */
    async message(user: UserRef = USER): Promise<void> {
      await desk.handle({ phoneNumberId: PHONE_NUMBER_ID, type: 'user_message', at: clock.now(), user });
    },
    get: (url: string) => ask(server, 'GET', url),
    post: (url: string, body: unknown, headers: Record<string, string> = {}) => ask(server, 'POST', url, body, headers),
    put: (url: string, body: unknown) => ask(server, 'PUT', url, body),
  };
}

/** A body of `POST …/calls` to the user of the tests. */
export function dialBody(more: object = {}): object {
  return { phone_number_id: PHONE_NUMBER_ID, to: USER.waId, ...more };
}

async function ask(
  server: FastifyInstance,
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const response = await server.inject({
    method,
    url,
    headers: { 'x-api-key': API_KEY, ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  });
  return { status: response.statusCode, body: response.json(), headers: response.headers };
}
