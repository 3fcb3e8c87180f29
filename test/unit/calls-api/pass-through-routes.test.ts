import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { API_KEY, addNumber, addProject, apiKeyOf } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { type GraphApi, graphApi, TOKEN } from '../../support/graph-api.ts';
import { deadUrl, graphRefusal } from '../../support/graph-server.ts';
import { numberSettings } from '../../support/number-settings.ts';
import { jsonOf, type RawAnswer } from '../../support/raw-request.ts';

const PN = PHONE_NUMBER_ID;
const BASE = `/meta/whatsapp/v24.0`;
const PROFILE = `${BASE}/${PN}/whatsapp_business_profile`;
const WABA = '102290129340398';
const OBJECT = '1037543291543636';
const OK = { status: 200, body: { success: true } };

const errorOf = (answer: RawAnswer) => {
  const { code, error_subcode: subcode, error_data: data } = jsonOf(answer).error;
  return [answer.status, code, subcode, data.details];
};
const UNKNOWN = [400, 100, 33, expect.any(String)];

/** With a second project and its number. */
async function twoProjects() {
  const api = await graphApi();
  api.graph.answers(OK);
  const { id } = await addProject(api.database);
  await addNumber(api.database, '222000000000002', id);
  const key = await apiKeyOf(api.database, { projectId: id });
  return { api, other: '222000000000002', otherKey: { 'x-api-key': key } };
}

describe('what passes through', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('keeps its method, path and query: %s', async (method) => {
    const api = await graphApi();
    api.graph.answers(OK);
    const query = 'fields=about,vertical%2C&a=1&a=2&empty=&x=%F0%9F%93%9E+%zz&b';
    const { status } = await api.ask(`${PROFILE}/deep/er?${query}`, { method });
    expect(status).toBe(200);
    expect(api.graph.requests).toMatchObject([
      { method, path: `/v24.0/${PN}/whatsapp_business_profile/deep/er?${query}` },
    ]);
  });

  it.each([
    ['no type', {}, 'a=b'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'code_method=SMS&language=en'],
    ['JSON that we would not read', { 'content-type': 'application/json' }, '{"a":1,,}'],
    ['bytes', { 'content-type': 'image/png' }, Buffer.from([0, 255, 13, 10, 128])],
    ['nothing', {}, ''],
  ])('keeps its body and type: %s', async (_, headers, body) => {
    const api = await graphApi();
    api.graph.answers(OK);
    api.graph.readsJson = false;
    await api.ask(PROFILE, { method: 'POST', headers, body });
    const [seen] = api.graph.requests;
    expect(seen?.bytes).toEqual(Buffer.from(body));
    expect(seen?.headers).toMatchObject(headers);
    if (!('content-type' in headers)) expect(seen?.headers['content-type']).toBeUndefined();
    expect(seen?.headers['content-length']).toBe(String(Buffer.byteLength(body)));
  });

  it('brings no credential, cookie, address or connection of the client to Graph', async () => {
    const api = await graphApi();
    api.graph.answers(OK);
    const headers = {
      authorization: 'Bearer EAAG-of-the-client',
      'x-project-id': '',
      cookie: 'session=1',
      connection: 'keep-alive, x-secret',
      'x-secret': '1',
      te: 'trailers',
      'x-forwarded-for': '10.0.0.1',
      forwarded: 'for=10.0.0.1',
      'user-agent': 'an-application/1.0',
      'accept-language': 'de',
      'if-none-match': '"1"',
    };
    await api.ask(`${PROFILE}?access_token=a&fields=id&access%5Ftoken=b&appsecret_proof=c&access.token=d`, { headers });
    const [{ headers: seen, path }] = api.graph.requests as [(typeof api.graph.requests)[number]];
    expect(path).toBe(`/v24.0/${PN}/whatsapp_business_profile?fields=id`);
    const { host, connection, ...rest } = seen;
    expect([host, connection]).toEqual([new URL(api.graph.url).host, 'keep-alive']);
    expect(rest).toEqual({
      authorization: `Bearer ${TOKEN}`,
      'user-agent': 'an-application/1.0',
      'accept-language': 'de',
      'if-none-match': '"1"',
      'accept-encoding': 'identity',
    });
  });

  it.each([
    [200, { 'content-type': 'image/jpeg', etag: '"a"' }, Buffer.from([255, 216, 0, 10, 200])],
    [206, { 'content-type': 'audio/ogg', 'content-range': 'bytes 0-3/9' }, Buffer.from('OggS')],
    [404, { 'content-type': 'text/html; charset=utf-8' }, Buffer.from('<h1>No</h1>')],
    [429, { 'content-type': 'application/json', 'retry-after': '7' }, Buffer.from('{"error":{"code":80007}}')],
    [503, { 'content-type': 'application/json', 'retry-after': '1' }, Buffer.from('{"error" :{"code":2}}')],
    [204, {}, Buffer.alloc(0)],
    [304, { etag: '"a"' }, Buffer.alloc(0)],
  ])('keeps the answer: %d %j', async (status, headers, body) => {
    const api = await graphApi();
    const theirs = { 'set-cookie': 'a=b', 'strict-transport-security': 'max-age=1', 'alt-svc': 'h3=":443"' };
    api.graph.answers({ status, headers: { 'content-type': '', ...headers, ...theirs }, body });
    const answer = await api.ask(PROFILE);
    expect([answer.status, answer.bytes]).toEqual([status, body]);
    expect(answer.headers).toMatchObject(headers);
    for (const name of Object.keys(theirs)) expect([name, answer.headers[name]]).toEqual([name, undefined]);
    // Somebody's file is no page of ours.
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  it("is refused in Graph's own words", async () => {
    const api = await graphApi();
    const refusal = graphRefusal(400, 100, 'No such edge');
    api.graph.answers(refusal);
    const answer = await api.ask(`${BASE}/${PN}/nothing`);
    expect([answer.status, jsonOf(answer)]).toEqual([400, refusal.body]);
  });

  it('flows: nobody waits for the end of a file, on its way there or back', async () => {
    const standIn = createServer((asked, answer) => {
      asked.once('data', () => answer.writeHead(200, { 'content-type': 'video/mp4' }).write('first'));
      asked.on('end', () => answer.end('last'));
    });
    await once(standIn.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void standIn.close());
    const api = await graphApi({ baseUrl: `http://127.0.0.1:${(standIn.address() as AddressInfo).port}` });
    const headers = { 'x-api-key': API_KEY, 'content-length': 70_000 };
    const sending = request(`${api.url}${BASE}/${PN}/media`, { method: 'POST', headers, agent: false });
    sending.write(Buffer.alloc(69_000));
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    const [first] = await once(response, 'data');
    expect(String(first)).toBe('first');
    sending.end(Buffer.alloc(1_000));
    expect(String(Buffer.concat(await response.toArray()))).toBe('last');
  });

  it('has at most 101 MiB, told by its length or on the way', async () => {
    const api = await graphApi();
    api.graph.answers(OK);
    const path = `${BASE}/${PN}/media`;
    const declared = await api
      .ask(path, { method: 'POST', headers: { 'content-length': 200 * 1024 * 1024 }, body: 'x' })
      .catch((error: Error) => error);
    expect(declared).toMatchObject({ status: 413 });
    const chunked = await upload(api, path, 104);
    expect(chunked).toBe(413);
    expect(api.graph.requests).toEqual([]);
  });

  it('ends when the client goes away', async () => {
    const api = await graphApi();
    api.graph.answers('hang');
    const asking = request(`${api.url}${PROFILE}`, { headers: { 'x-api-key': API_KEY } });
    asking.on('error', () => {});
    asking.end();
    await expect.poll(() => api.graph.requests.length).toBe(1);
    const [connection] = api.graph.connections;
    const closed = once(connection!, 'close');
    asking.destroy();
    await closed;
  });
});

/** Sends megabytes in pieces, without saying how many there will be. Resolves to the status. */
function upload(api: GraphApi, path: string, megabytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-api-key': API_KEY, 'transfer-encoding': 'chunked' };
    const sending = request(`${api.url}${path}`, { method: 'POST', headers });
    sending.on('error', reject);
    sending.on('response', (response) => {
      response.resume();
      response.on('end', () => {
        sending.destroy();
        resolve(response.statusCode ?? 0);
      });
    });
    const piece = Buffer.alloc(1024 * 1024);
    const send = (left: number): void => {
      if (left === 0) return void sending.end();
      if (sending.write(piece)) setImmediate(send, left - 1);
      else sending.once('drain', () => send(left - 1));
    };
    send(megabytes);
  });
}

const EVERY_WAY = [
  ...['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => [method, PROFILE] as const),
  ...['GET', 'POST'].map((method) => [method, `${BASE}/${PN}/settings`] as const),
  ['POST', `${BASE}/${PN}/media`] as const,
];
const BODY = { headers: { 'content-type': 'application/json' }, body: '{}' };

describe('Graph without an answer', () => {
  it('that was not reached is told, and may be asked again', async () => {
    const api = await graphApi({ baseUrl: await deadUrl() });
    for (const [method, path] of EVERY_WAY) {
      expect(errorOf(await api.ask(path, { method, ...BODY }))).toEqual([502, 131016, undefined, expect.any(String)]);
    }
  });

  it('that took what was asked and says nothing is told otherwise', async () => {
    const api = await graphApi({ answerMs: 50 });
    api.graph.answers('hang');
    for (const [method, path] of EVERY_WAY) {
      expect(errorOf(await api.ask(path, { method, ...BODY }))).toEqual([504, 131000, undefined, expect.any(String)]);
    }
  });

  it.each(['reset', 'hang'] as const)('is asked twice by a GET alone: %s', async (answer) => {
    const api = await graphApi({ answerMs: 200 });
    api.graph.answers(answer);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect(errorOf(await api.ask(PROFILE, { method }))).toEqual([504, 131000, undefined, expect.any(String)]);
    }
    expect(api.graph.requests).toHaveLength(4);
    expect((await api.ask(PROFILE)).status).toBe(504);
    expect(api.graph.requests).toHaveLength(6);
    api.graph.answers('hang', 'hang', 'hang', 'hang', 'hang', 'hang', answer, OK);
    expect((await api.ask(PROFILE)).status).toBe(200);
  });

  it('breaks the answer off where Graph does', async () => {
    const api = await graphApi();
    const headers = { 'content-type': 'image/png', 'content-length': '100' };
    api.graph.answers({ status: 200, headers, body: Buffer.from('half'), cutOff: true });
    await expect(api.ask(PROFILE)).rejects.toThrow();
  });
});

describe('an object of Graph', () => {
  it.each([
    [`${BASE}/${PN}`, `/v24.0/${PN}`],
    [`${BASE}/${PN}/`, `/v24.0/${PN}`],
    [`${BASE}/${PN}?fields=id`, `/v24.0/${PN}?fields=id`],
    [`/api/meta/${PN}/register`, `/v24.0/${PN}/register`],
    [`${BASE}/${WABA}/message_templates?limit=3`, `/v24.0/${WABA}/message_templates?limit=3`],
    [`${BASE}/${WABA}`, `/v24.0/${WABA}`],
    [`${BASE}/${OBJECT}/assets?phone_number_id=${PN}`, `/v24.0/${OBJECT}/assets?phone_number_id=${PN}`],
    [
      `${BASE}/upload:MTphdHRhY2ht6==?sig=AR_x-1&phone_number_id=${PN}`,
      `/v24.0/upload:MTphdHRhY2ht6==?sig=AR_x-1&phone_number_id=${PN}`,
    ],
  ])('is reached with the token of a number that may: %s', async (path, reached) => {
    const api = await graphApi();
    await api.database.numbers.upsert(numberSettings({ businessAccountId: WABA }), 1);
    api.graph.answers(OK);
    expect((await api.ask(path)).status).toBe(200);
    expect(api.graph.requests.map((each) => each.path)).toEqual([reached]);
  });

  it.each([
    `${BASE}/${OBJECT}`,
    `${BASE}/${OBJECT}?phone_number_id=`,
    `${BASE}/${OBJECT}?phone_number_id=999999999999999`,
    `${BASE}/me?phone_number_id=${PN}`,
    `${BASE}/debug_token?phone_number_id=${PN}`,
    `${BASE}/oauth/access_token?phone_number_id=${PN}`,
    `${BASE}/conversationz/1?phone_number_id=${PN}`,
  ])('is unknown without a number of the caller that asks for it: %s', async (path) => {
    const api = await graphApi();
    for (const method of ['GET', 'DELETE', 'POST']) {
      expect(errorOf(await api.ask(path, { method }))).toEqual(UNKNOWN);
    }
    expect(api.graph.requests).toEqual([]);
  });

  it('that is asked for by two numbers is asked for by none', async () => {
    const api = await graphApi();
    const answer = await api.ask(`${BASE}/${OBJECT}?phone_number_id=${PN}&phone_number_id=1`);
    expect(errorOf(answer)).toEqual([400, 100, undefined, 'phone_number_id must be given once']);
  });

  it('says how media are reached', async () => {
    const api = await graphApi();
    expect(errorOf(await api.ask(`${BASE}/${OBJECT}`))[3]).toContain('with phone_number_id in the query');
  });

  it('of another project is not there', async () => {
    const { api, other, otherKey } = await twoProjects();
    await api.database.numbers.upsert(numberSettings({ businessAccountId: WABA }), 1);
    const foreign: [string, Record<string, string>][] = [
      [`${BASE}/${other}`, {}],
      [`${BASE}/${other}/media`, {}],
      [`${BASE}/${other}?phone_number_id=${PN}`, {}],
      [`${BASE}/${OBJECT}?phone_number_id=${other}`, {}],
      [`${BASE}/${PN}/settings`, otherKey],
      [`${BASE}/${PN}/whatsapp_business_profile`, otherKey],
      [`${BASE}/${WABA}`, otherKey],
      [`${BASE}/${WABA}?phone_number_id=${other}`, otherKey],
    ];
    for (const [path, headers] of foreign)
      expect([path, errorOf(await api.ask(path, { headers }))]).toEqual([path, UNKNOWN]);
    expect(api.graph.requests).toEqual([]);
    expect((await api.ask(`${BASE}/${other}`, { headers: otherKey })).status).toBe(200);
  });

  it.each([
    ['GET', `${BASE}/${PN}/phone`, 'read'],
    ['POST', `${BASE}/${PN}/media`, 'calls'],
    ['POST', `${BASE}/${PN}/register`, 'admin'],
    ['DELETE', `${BASE}/${OBJECT}?phone_number_id=${PN}`, 'admin'],
    ['GET', `${BASE}/${PN}/settings`, 'read'],
    ['POST', `${BASE}/${PN}/settings`, 'admin'],
  ] as const)('wants a key for it: %s %s %s', async (method, path, needed) => {
    const api = await graphApi();
    api.graph.answers(OK);
    const scopes = ['read', 'calls', 'admin'] as const;
    for (const scope of scopes) {
      const key = await apiKeyOf(api.database, { scope });
      const { status } = await api.ask(path, {
        method,
        headers: { 'x-api-key': key, 'content-type': 'application/json' },
        body: '{}',
      });
      expect([scope, status]).toEqual([scope, scopes.indexOf(scope) < scopes.indexOf(needed) ? 403 : 200]);
    }
  });
});

describe('what is not passed through', () => {
  it.each([
    ['GET', 'call_permissions/x'],
    ['DELETE', 'calls'],
    ['POST', 'CALLS'],
    ['PUT', 'calls'],
    ['POST', 'Messages'],
    ['POST', 'calls/1'],
    ['PUT', 'settings'],
    ['DELETE', 'contacts'],
    ['POST', 'conversations'],
  ])('%s %s, which has its routes here', async (method, edge) => {
    const api = await graphApi();
    expect((await api.ask(`${BASE}/${PN}/${edge}`, { method })).status).toBe(404);
    expect((await api.ask(`${BASE}/${OBJECT}/${edge}?phone_number_id=${PN}`, { method })).status).toBe(404);
    expect(api.graph.requests).toEqual([]);
  });

  it.each([
    `${BASE}/${PN}/..`,
    `${BASE}/${PN}/../me`,
    `${BASE}/${PN}/%2e%2e/me`,
    `${BASE}/${PN}/a%2fb`,
    `${BASE}/${PN}/a%5cb`,
    `${BASE}/${PN}//media`,
    `${BASE}/${PN}/./media`,
    `${BASE}/${PN}/https://example.com`,
    `${BASE}/${PN}/%6dedia`,
    `/meta/whatsapp/v24.0/v23.0/${PN}`,
    `/meta/whatsapp/../../${PN}`,
    `/m%65ta/whatsapp/v24.0/${PN}/media`,
    `http://example.com/meta/whatsapp/v24.0/${PN}/media`,
  ])('%s', async (path) => {
    const api = await graphApi();
    const { status } = await api.ask(path);
    expect([400, 404]).toContain(status);
    expect(api.graph.requests).toEqual([]);
  });

  it.each(['method=delete', 'METHOD=POST', 'a=1&%6dethod=delete'])('another method in the query: %s', async (query) => {
    const api = await graphApi();
    expect(errorOf(await api.ask(`${PROFILE}?${query}`))).toEqual([
      400,
      100,
      undefined,
      expect.stringContaining('method'),
    ]);
    expect(api.graph.requests).toEqual([]);
  });

  it.each([
    ['fields=kapso(default)', ''],
    ['fields=kapso()', ''],
    ['fields=id,kapso(a,b),name', '?fields=id%2Cname'],
    ['a=1&fields=kapso%28default%29&b=2', '?a=1&b=2'],
    ['fields=id,kapso(a', '?fields=id'],
    ['fields=a{b,c},d', '?fields=a{b,c},d'],
    ['fields=', '?fields='],
  ])("Kapso's fields: %s", async (query, passed) => {
    const api = await graphApi();
    api.graph.answers(OK);
    await api.ask(`${PROFILE}?${query}`);
    await api.ask(`${BASE}/${PN}/settings?${query}`);
    expect(api.graph.requests.map(({ path }) => path)).toEqual([
      `/v24.0/${PN}/whatsapp_business_profile${passed}`,
      `/v24.0/${PN}/settings${passed}`,
    ]);
  });

  it("the number's token, which Graph writes into its links: they lead back here without it", async () => {
    const api = await graphApi();
    const link = (cursor: string) =>
      `${api.graph.url}/v24.0/${PN}/phones?access_token=${TOKEN}&limit=2&after=${cursor}`;
    const text = (next: string) =>
      `{"data":[{"big":12345678901234567890,"x":"${TOKEN}"}],"paging":{"next":${JSON.stringify(next).replaceAll('/', '\\/')},"cursors":{"after":"A"}}}`;
    api.graph.answers({ status: 200, body: text(link('A')) }, OK);
    const answer = await api.ask(`${BASE}/${PN}/phones`);
    const body = answer.bytes.toString();
    expect(body).not.toContain(TOKEN);
    expect(body).toContain('"big":12345678901234567890,"x":"REMOVED"');
    const { next } = jsonOf(answer).paging;
    expect(next).toBe(`${api.url}${BASE}/${PN}/phones?limit=2&after=A`);
    const { pathname, search } = new URL(next);
    expect((await api.ask(pathname + search)).status).toBe(200);
    expect(api.graph.requests[1]?.path).toBe(`/v24.0/${PN}/phones?limit=2&after=A`);
  });

  it.each(['fields=id,access_token', 'fields[]=accounts%7bname,access%5ftoken%7d%zz', 'fields=access_token.as(x)'])(
    'tokens of what the number can see, among the fields: %s',
    async (query) => {
      const api = await graphApi();
      const refused = errorOf(await api.ask(`${PROFILE}?${query}`));
      expect(refused).toEqual([400, 100, undefined, expect.stringContaining('access_token')]);
      expect(api.graph.requests).toEqual([]);
    },
  );

  it('tokens that Graph tells unasked', async () => {
    const api = await graphApi();
    api.graph.answers({ status: 200, body: '{"data":[{"access_token" : "EAAG\\"page","id":"1"}]}' });
    const answer = await api.ask(`${BASE}/${PN}/pages`);
    expect(answer.bytes.toString()).toBe('{"data":[{"access_token" : "REMOVED","id":"1"}]}');
  });

  it.each([
    ['GET', 'phones'],
    ['POST', 'messages'],
  ] as const)("the number's token in a header of the answer: %s %s", async (method, edge) => {
    const api = await graphApi();
    const malformed = (token: string) => `OAuth "Facebook Platform" "invalid_token" "Malformed access token ${token}"`;
    api.graph.answers(graphRefusal(401, 190, 'No', { headers: { 'www-authenticate': malformed(TOKEN) } }));
    const sent = method === 'GET' ? {} : { headers: { 'content-type': 'application/json' }, body: '{}' };
    const answer = await api.ask(`${BASE}/${PN}/${edge}`, { method, ...sent });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, malformed('REMOVED')]);
  });
});
