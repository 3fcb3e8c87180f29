import { Readable } from 'node:stream';
import type { ApiServerOptions } from '../../../src/calls-api/index.ts';
import { testApi } from '../api-server.ts';
import { callIdentity } from '../call-identity.ts';
import { openTestDatabase, temporaryDatabasePath } from '../database.ts';
import { rowsIn } from '../databases.ts';
import { addTenant } from './tenant.ts';

/**
 * Two projects with one of everything, and the HTTP server before them. Whatever a route would reach beyond the database takes
 * everything, and is written down in `reached`.
 */
export async function tenancy() {
  const place = { path: temporaryDatabasePath() };
  const database = await openTestDatabase(place);
  const reached: string[] = [];
  const { server } = await testApi({ database, ...outside(database, reached) });
  await server.ready();
  const theirs = await addTenant(database);
  const own = await addTenant(database);
  return {
    server,
    database,
    theirs,
    own,
    reached,
    /** Everything that is stored, by table. */
    async rows(): Promise<Record<string, object[]>> {
      const tables = await rowsIn(place, "select name from sqlite_master where type = 'table' order by name");
      const all = tables.map(async ({ name }) => [name, await rowsIn(place, `select * from "${name}"`)] as const);
      return Object.fromEntries(await Promise.all(all));
    },
  };
}

type Outside = Pick<ApiServerOptions, 'events' | 'dials' | 'live' | 'controls' | 'numberGraph' | 'graphProxy'>;

function outside(database: Awaited<ReturnType<typeof openTestDatabase>>, reached: string[]): Outside {
  const note = <T>(answer: T, ...words: (string | null)[]): T => {
    reached.push(words.join(' '));
    return answer;
  };
  const answered = { type: 'answered', status: 200, body: { success: true } } as const;
  const attempt = { at: 1, durationMs: 1, status: 200, error: null, responseExcerpt: '', requestHeaders: {} };
  const told = { type: 'told', at: 1, body: { display_phone_number: '+1 555-010-0000' } } as const;
  const { webhooks, deliveries } = database;
  return {
    events: {
      webhooks,
      deliveries,
      desk: { test: async ({ id }) => note(attempt, 'test', id) },
      privateAllowed: false,
    },
    dials: {
      desk: {
        async dial({ id, phoneNumberId, voiceAgentId }) {
          note(null, 'dial', phoneNumberId, voiceAgentId);
          await database.calls.create(callIdentity({ id, phoneNumberId }), 'ringing', 2, null);
          return { type: 'accepted', id, state: 'placing', warnings: [] };
        },
        async cancel(id) {
          return note(true, 'cancel', id);
        },
      },
      clients: {
        connect: async (phoneNumberId) => note(answered, 'connect', phoneNumberId),
        send: async (phoneNumberId) => note(answered, 'send', phoneNumberId),
        permissions: async (phoneNumberId) => note(answered, 'permissions', phoneNumberId),
      },
      keys: database.permissions,
      forward: async (phoneNumberId) => note(answered, 'forward', phoneNumberId),
    },
    live: {
      hangUp: (id) => note(true, 'hang up', id),
      isOurs: () => true,
      named: async () => ({ type: 'silent' }),
      forget: () => {},
    },
    controls: {
      promptFault: async () => null,
      announce: (id) => note(null, 'announce', id),
      tell: (id) => note(null, 'tell', id),
      transfer: async (id, { voiceAgentId }) => note({ type: 'transferred' }, 'transfer', id, voiceAgentId),
    },
    numberGraph: {
      look: async (phoneNumberId) => note(told, 'look', phoneNumberId),
      settings: async (phoneNumberId) => note(told, 'settings', phoneNumberId),
      changeSettings: async (phoneNumberId) => note(told, 'change settings', phoneNumberId),
    },
    graphProxy: {
      async pass({ method, phoneNumberId, segments }) {
        note(null, 'pass', method, phoneNumberId, ...segments);
        return { type: 'answered', status: 200, headers: { 'content-type': 'application/json' }, body: json() };
      },
      async fetchLink(phoneNumberId) {
        note(null, 'fetch', phoneNumberId);
        return { type: 'answered', status: 200, headers: {}, body: json() };
      },
    },
  };
}

function json(): Readable {
  return Readable.from([Buffer.from('{"success":true}')]);
}
