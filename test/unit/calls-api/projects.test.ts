import { describe, expect, it } from 'vitest';
import type { DescribedRoute } from '../../../src/calls-api/openapi/route-book.ts';
import { addNumber, apiKeyOf, testApi } from '../../support/api-server.ts';
import { tenancy } from '../../support/tenancy/house.ts';
import { type Ask, CREATIONS, REQUESTS, urlOf } from '../../support/tenancy/requests.ts';
import { nobody, type Tenant } from '../../support/tenancy/tenant.ts';

type House = Awaited<ReturnType<typeof tenancy>>;

async function send({ server, reached }: House, route: DescribedRoute, ask: Ask, key: string) {
  reached.length = 0;
  const method = route.method as 'GET';
  const { body } = ask;
  const headers = { 'x-api-key': key, ...(body !== undefined && { 'content-type': 'application/json' }) };
  const payload = body === undefined ? {} : { payload: JSON.stringify(body) };
  const response = await server.inject({ method, url: urlOf(route, ask), headers, ...payload });
  return { status: response.statusCode, text: response.body, reached: [...reached] };
}

type Answer = Awaited<ReturnType<typeof send>>;

/** The answer with names in place of ids, so that answers about different things can be compared. */
function nameless({ status, text, reached }: Answer, of: Tenant): Answer {
  const hide = (words: string) =>
    Object.entries(of).reduce((hidden, [name, id]) => hidden.replaceAll(id, `<${name}>`), words);
  const traceless = text.replace(/"fbtrace_id":"[^"]+"/, '');
  return { status, text: hide(traceless), reached: reached.map(hide) };
}

function idsIn(text: string, of: object): string[] {
  return Object.entries(of).flatMap(([name, id]) => (text.includes(id) ? [name] : []));
}

function routesOf({ server }: Pick<House, 'server'>, operation: string): readonly DescribedRoute[] {
  return server.describedRoutes.filter((route) => route.operation.id === operation);
}

/** The one that has it is answered otherwise than the one that has not, and well but for these. */
async function finds(house: House, route: DescribedRoute): Promise<void> {
  const { own, theirs } = house;
  const { id } = route.operation;
  const ask = REQUESTS[id]?.(theirs, theirs)[0];
  if (ask === undefined) return;
  const refused = nameless(await send(house, route, ask, own.key), theirs);
  const answer = await send(house, route, ask, theirs.key);
  expect({ place: route.url, ...nameless(answer, theirs) }).not.toEqual({ place: route.url, ...refused });
  const isWell = ALREADY[id] === undefined ? answer.status < 300 : answer.status === ALREADY[id];
  expect([id, answer.status, answer.text, isWell]).toEqual([id, answer.status, answer.text, true]);
}

/** What stands in the way of a thing that is there. */
const ALREADY: Readonly<Record<string, number>> = { create_assignment: 422, delete_phone_number: 409 };

/** What stays with the project that had the number. */
const MOVED = [
  'list_calls',
  'list_all_calls',
  'get_call',
  'hang_up',
  'act_on_call',
  'list_contacts',
  'get_contact',
  'update_contact',
  'list_conversations',
  'get_conversation',
  'update_conversation',
  'list_messages',
  'get_message',
  'list_number_webhooks',
  'get_number_webhook',
  'list_webhook_deliveries',
];

const DELETIONS = Object.keys(REQUESTS).filter((operation) => /^(delete|revoke)_/.test(operation));

describe('another project', () => {
  it('is tried on every route that has a key', async () => {
    const { server } = await testApi();
    await server.ready();
    const tried = new Set([...Object.keys(REQUESTS), ...Object.keys(CREATIONS)]);
    const ofProjects = server.describedRoutes.filter(({ operation }) => operation.installation !== true);
    const served = new Set(ofProjects.map(({ operation }) => operation.id));
    expect([...served].filter((id) => !tried.has(id))).toEqual([]);
    expect([...tried].filter((id) => !served.has(id))).toEqual([]);
  });

  it('has nothing that could be found or touched, and its ids are like those of nobody', async () => {
    const house = await tenancy();
    const { own, theirs } = house;
    const strangers = nobody();
    const before = await house.rows();
    for (const route of house.server.describedRoutes) {
      const asks = REQUESTS[route.operation.id];
      if (asks === undefined) continue;
      const named = asks(theirs, own);
      for (const [index, unknown] of asks(strangers, own).entries()) {
        const place = `${route.method} ${route.url}, request ${index}`;
        const asked = nameless(await send(house, route, named[index]!, own.key), theirs);
        const missing = await send(house, route, unknown, own.key);
        expect({ place, ...asked }).toEqual({ place, ...nameless(missing, strangers) });
        expect([place, idsIn(missing.text, theirs)]).toEqual([place, []]);
      }
    }
    expect(await house.rows()).toEqual(before);
  });

  it('finds by the same requests what is its own', async () => {
    const house = await tenancy();
    for (const route of house.server.describedRoutes) if (route.method !== 'DELETE') await finds(house, route);
  });

  it.each(DELETIONS)('finds what is its own by %s', async (operation) => {
    const house = await tenancy();
    await finds(house, routesOf(house, operation)[0]!);
  });

  it.each(Object.keys(CREATIONS))('does not get what is made by %s', async (operation) => {
    for (const [index] of routesOf(await ready(), operation).entries()) {
      const house = await tenancy();
      const { own, theirs } = house;
      const route = routesOf(house, operation)[index]!;
      const before = await house.rows();
      const made = await send(house, route, CREATIONS[operation]!(), own.key);
      expect([made.status, made.text]).toEqual([201, made.text]);
      const after = await house.rows();
      expect(rowsOf(after, theirs)).toEqual(rowsOf(before, theirs));
      expect(rowsOf(after, own)).not.toEqual(rowsOf(before, own));
    }
  });

  it('cannot take a number over, whose token it has', async () => {
    const house = await tenancy();
    const { own, theirs } = house;
    const before = await house.rows();
    const body = { phone_number_id: theirs.phoneNumberId, access_token: 'EAAG-another' };
    const [route] = routesOf(house, 'connect_phone_number');
    const answer = await send(house, route!, { body }, own.key);
    expect([answer.status, idsIn(answer.text, theirs)]).toEqual([409, []]);
    expect(await house.rows()).toEqual(before);
  });

  it('that a number moves to does not get what was called and said on it before', async () => {
    const house = await tenancy();
    const { own, theirs } = house;
    const { phoneNumberId } = theirs;
    await addNumber(house.database, phoneNumberId, own.projectId);
    const before = await house.rows();
    const { phoneNumberId: _number, ...past } = theirs;
    const strangers = { ...nobody(), phoneNumberId };
    for (const operation of MOVED) {
      for (const route of routesOf(house, operation)) {
        const [ask] = REQUESTS[operation]!(theirs, own);
        const [unknown] = REQUESTS[operation]!(strangers, own);
        const asked = nameless(await send(house, route, ask, own.key), theirs);
        const missing = await send(house, route, unknown, own.key);
        expect({ place: route.url, ...asked }).toEqual({ place: route.url, ...nameless(missing, strangers) });
        expect([route.url, idsIn(missing.text, past)]).toEqual([route.url, []]);
      }
    }
    expect(await house.rows()).toEqual(before);
  });

  it('may use the same Idempotency-Key for a call of its own', async () => {
    const { server, own, theirs, reached } = await tenancy();
    const dial = async ({ key, phoneNumberId, waId }: typeof own) => {
      const response = await server.inject({
        method: 'POST',
        url: '/platform/v1/whatsapp/calls',
        headers: { 'x-api-key': key, 'idempotency-key': 'order-12853' },
        payload: { phone_number_id: phoneNumberId, to: waId },
      });
      return { status: response.statusCode, id: response.json().data?.id };
    };
    const answers = [await dial(theirs), await dial(own), await dial(theirs), await dial(own)];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(answers[2]).toEqual(answers[0]);
    expect(answers[3]).toEqual(answers[1]);
    expect(answers[0]!.id).not.toBe(answers[1]!.id);
    expect(reached).toHaveLength(2);
  });

  it('opens nothing of an installation', async () => {
    const house = await tenancy();
    const { own, theirs } = house;
    for (const route of house.server.describedRoutes) {
      if (route.operation.installation !== true) continue;
      const answer = await send(house, route, { path: { id: theirs.projectId }, body: { name: 'a' } }, own.key);
      expect([route.url, answer.status, idsIn(answer.text, theirs)]).toEqual([route.url, 403, []]);
    }
  });
});

describe('a scope', () => {
  const SCOPES = ['read', 'calls', 'admin'] as const;

  it.each(SCOPES)('%s opens what says so, and no more', async (scope) => {
    const house = await tenancy();
    const { database, own } = house;
    const key = await apiKeyOf(database, { projectId: own.projectId, scope });
    const strangers = nobody();
    for (const route of house.server.describedRoutes) {
      const { id, installation, scope: needed } = route.operation;
      if (installation === true) continue;
      const [ask] = REQUESTS[id]?.(strangers, strangers) ?? [CREATIONS[id]!()];
      const { status, text } = await send(house, route, ask, key);
      const opens = SCOPES.indexOf(scope) >= SCOPES.indexOf(needed);
      expect([id, route.url, status === 403]).toEqual([id, route.url, !opens]);
      if (!opens) expect(text).toContain(`This needs a key with the scope ${needed}`);
    }
  });
});

async function ready(): Promise<Pick<House, 'server'>> {
  const { server } = await testApi();
  await server.ready();
  return { server };
}

type Rows = Awaited<ReturnType<House['rows']>>;

function rowsOf(rows: Rows, { projectId }: Tenant): object[] {
  return Object.values(rows)
    .flat()
    .filter((row) => 'project_id' in row && row.project_id === projectId);
}
