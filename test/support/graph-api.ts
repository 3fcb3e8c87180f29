import { onTestFinished } from 'vitest';
import { ClientDesk, DialDesk } from '../../src/permissions/index.ts';
import {
  type AccountEvent,
  createGraphClient,
  createGraphProxy,
  createSettingsMirror,
  type GraphProxyOptions,
} from '../../src/signaling/index.ts';
import { API_KEY, testApi } from './api-server.ts';
import { PHONE_NUMBER_ID } from './call-identity.ts';
import { openTestDatabase } from './database.ts';
import { USER } from './dial-order.ts';
import { GraphServer } from './graph-server.ts';
import { PretendedCalls } from './pretended-calls.ts';
import { askRaw, type RawRequest } from './raw-request.ts';
import { VirtualClock } from './virtual-clock.ts';

/** The token of the tests' numbers (test/support/api-server.ts). */
export const TOKEN = 'EAAG-token';

export type GraphApi = Awaited<ReturnType<typeof graphApi>>;

interface GraphApiOptions extends Pick<GraphProxyOptions, 'answerMs'> {
  /** In place of the stand-in. */
  readonly baseUrl?: string;
}

/**
 * The HTTP server on a port, with real desks, the real ways to Graph, and at their end a Graph stand-in that keeps every byte
 * and answers by a script.
 */
export async function graphApi({ baseUrl, ...proxyOptions }: GraphApiOptions = {}) {
  const clock = new VirtualClock();
  const database = await openTestDatabase();
  const graph = await GraphServer.start();
  onTestFinished(() => graph.stop());
  const { numbers, permissions: book } = database;
  const way = { baseUrl: baseUrl ?? graph.url, version: 'v24.0', directory: numbers };
  const client = createGraphClient(way);
  onTestFinished(() => client.close());
  const graphProxy = createGraphProxy({ ...way, ...proxyOptions });
  onTestFinished(() => graphProxy.close());

  const calls = new PretendedCalls(database, () => clock.now());
  const dialling = { book, numbers, graph: client.requests, calls, clock };
  const calling = { recheck: async () => {} };
  const desk = new DialDesk({ ...dialling, calling, onFault: (_during, fault) => Promise.reject(fault) });
  const clients = new ClientDesk({ ...dialling, lessons: desk.lessons });
  const mirrored: { phoneNumberId: string; calling: unknown; at: number }[] = [];
  const accountEvents: AccountEvent[] = [];
  const kept: { phoneNumberId: string; request: unknown; answer: unknown }[] = [];
  const { server, logged } = await testApi({
    database,
    dials: { desk, clients, keys: book, forward: client.requests.forward },
    live: calls,
    clock,
    graphProxy,
    settingsMirror: createSettingsMirror({
      async handle(event) {
        const { phoneNumberId, at } = event;
        accountEvents.push(event);
        if (event.type === 'calling_settings') mirrored.push({ phoneNumberId, calling: event.calling, at });
      },
    }),
    sentMessages: {
      onSent: async (phoneNumberId, request, answer) => void kept.push({ phoneNumberId, request, answer }),
    },
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  const url = server.listeningOrigin;

  return {
    clock,
    database,
    graph,
    calls,
    server,
    logged,
    mirrored,
    accountEvents,
    kept,
    url,
    /** A request with the API key, or with what `headers` say. `path` begins with `/`. */
    ask: (path: string, sent: RawRequest = {}) =>
      askRaw(url, path, { ...sent, headers: { 'x-api-key': API_KEY, ...sent.headers } }),
    /** The user says yes, for a week. */
    async grant(): Promise<void> {
      const at = clock.now();
      await desk.handle({
        phoneNumberId: PHONE_NUMBER_ID,
        type: 'permission_reply',
        automatic: false,
        response: 'accept',
        permanent: false,
        expiresAt: at + 7 * 24 * 3_600_000,
        contextId: null,
        messageId: 'wamid.yes',
        at,
        user: USER,
      });
    },
    /** The user writes, so that there is a window for free-form messages. */
    async message(): Promise<void> {
      await desk.handle({ phoneNumberId: PHONE_NUMBER_ID, type: 'user_message', at: clock.now(), user: USER });
    },
  };
}
