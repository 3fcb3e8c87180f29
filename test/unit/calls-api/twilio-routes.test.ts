import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import twilio from 'twilio';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callSidOf } from '../../../src/agents/index.ts';
import { type TwilioCall, type TwilioCalls, twilioRoutes } from '../../../src/calls-api/doors/twilio-routes.ts';

const KEY = '0198f3c2-1a2b-4c3d-8e4f-5a6b7c8d9e0f';
const SID = callSidOf(KEY);
const ACCOUNT = 'AC0123456789abcdef0123456789abcdef';
const TOKEN = 'a-token:with ü';
const PATH = `/2010-04-01/Accounts/${ACCOUNT}/Calls/${SID}.json`;

let call: TwilioCall | null;
let done: unknown[][];
let server: FastifyInstance;

beforeEach(async () => {
  done = [];
  call = {
    agent: { accountSid: ACCOUNT, authToken: TOKEN },
    status: 'in-progress',
    from: '+15550199',
    to: '+15550100',
    direction: 'inbound',
    startedAt: Date.UTC(2026, 10, 20, 12, 0, 0),
    answeredAt: Date.UTC(2026, 10, 20, 12, 0, 5),
  };
  const note = (...what: unknown[]) => {
    done.push(what);
    return call !== null;
  };
  const calls: TwilioCalls = {
    find: (key) => (key === KEY ? call : null),
    hangUp: (key) => note('hangUp', key),
    instruct: (key, instruction) => note('instruct', key, instruction),
  };
  server = Fastify({ routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 } });
  twilioRoutes(server, calls);
  await server.listen({ port: 0, host: '127.0.0.1' });
});

afterEach(async () => {
  await server.close();
});

/** Twilio's own client, with its requests sent here. */
function client(token = TOKEN, account = ACCOUNT) {
  const { port } = server.server.address() as AddressInfo;
  class LocalClient extends twilio.RequestClient {
    override request: twilio.RequestClient['request'] = (options) =>
      super.request({ ...options, uri: options.uri.replace('https://api.twilio.com', `http://127.0.0.1:${port}`) });
  }
  return twilio(account, token, { httpClient: new LocalClient() });
}

function basic(text: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
}

const AUTHORIZED = basic(`${ACCOUNT}:${TOKEN}`);

async function post(form: Record<string, string> | string, headers: Record<string, string> = AUTHORIZED) {
  const response = await server.inject({
    method: 'POST',
    url: PATH,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
  });
  return { status: response.statusCode, body: response.json() };
}

describe('Twilio’s own client', () => {
  it('fetches a call', async () => {
    const fetched = await client().calls(SID).fetch();
    expect({ ...fetched.toJSON() }).toMatchObject({
      sid: SID,
      accountSid: ACCOUNT,
      status: 'in-progress',
      from: '+15550199',
      to: '+15550100',
      direction: 'inbound',
      apiVersion: '2010-04-01',
      startTime: new Date(Date.UTC(2026, 10, 20, 12, 0, 5)),
      dateCreated: new Date(Date.UTC(2026, 10, 20, 12, 0, 0)),
      endTime: null,
      uri: PATH,
    });
    expect(done).toEqual([]);
  });

  it('fetches a call that rings, made by the business', async () => {
    call = { ...call!, status: 'ringing', direction: 'outbound', answeredAt: null };
    expect((await client().calls(SID).fetch()).toJSON()).toMatchObject({
      status: 'ringing',
      direction: 'outbound-api',
      startTime: null,
    });
  });

  it('hangs up', async () => {
    const updated = await client().calls(SID).update({ status: 'completed' });
    expect(updated.status).toBe('completed');
    expect(done).toEqual([['hangUp', KEY]]);
  });

  it('redirects a call to a document', async () => {
    const twiml = new twilio.twiml.VoiceResponse();
    twiml.hangup();
    const updated = await client().calls(SID).update({ twiml });
    expect(updated.status).toBe('in-progress');
    expect(done).toEqual([['instruct', KEY, { type: 'twiml', twiml: twiml.toString() }]]);
  });

  it('redirects a call to a URL', async () => {
    await client().calls(SID).update({ url: 'https://bot.test/next?a=1', method: 'GET' });
    await client().calls(SID).update({ url: 'https://bot.test/next' });
    expect(done).toEqual([
      ['instruct', KEY, { type: 'twiml_url', url: 'https://bot.test/next?a=1', method: 'GET' }],
      ['instruct', KEY, { type: 'twiml_url', url: 'https://bot.test/next', method: 'POST' }],
    ]);
  });

  it('is told that a call is over', async () => {
    call = null;
    await expect(client().calls(SID).update({ status: 'completed' })).rejects.toMatchObject({
      status: 404,
      code: 20404,
    });
    await expect(client().calls(SID).fetch()).rejects.toMatchObject({ status: 404, code: 20404 });
  });

  it('is told that its token is wrong', async () => {
    await expect(client('another').calls(SID).fetch()).rejects.toMatchObject({ status: 401, code: 20003 });
    const other = `AC${'1'.repeat(32)}`;
    await expect(client(TOKEN, other).calls(SID).fetch()).rejects.toMatchObject({ status: 401, code: 20003 });
    expect(done).toEqual([]);
  });

  it('is told what is wrong with its document', async () => {
    const twiml = new twilio.twiml.VoiceResponse();
    twiml.say('Goodbye');
    await expect(client().calls(SID).update({ twiml })).rejects.toMatchObject({
      status: 400,
      code: 12100,
      message: 'Twiml: <Say> is not supported',
    });
    expect(done).toEqual([]);
  });
});

describe('who may ask', () => {
  it.each([
    ['nobody', {}],
    ['no Basic', { authorization: `Bearer ${TOKEN}` }],
    ['no base64', { authorization: 'Basic &&&&' }],
    ['no password', basic(ACCOUNT)],
    ['the token as the user', basic(`${TOKEN}:${ACCOUNT}`)],
    ['a longer token', basic(`${ACCOUNT}:${TOKEN}1`)],
  ] as [string, Record<string, string>][])('is not %s', async (_, headers) => {
    const response = await server.inject({ url: PATH, headers });
    expect(response.statusCode).toBe(401);
    expect(response.headers['www-authenticate']).toBe('Basic realm="Twilio API"');
    expect(response.json()).toEqual({
      code: 20003,
      message: 'Authenticate',
      more_info: 'https://www.twilio.com/docs/errors/20003',
      status: 401,
    });
  });

  it('is nobody if the agent has no token', async () => {
    call = { ...call!, agent: { accountSid: ACCOUNT, authToken: null } };
    for (const password of ['', 'null', TOKEN]) {
      const response = await server.inject({ url: PATH, headers: basic(`${ACCOUNT}:${password}`) });
      expect(response.statusCode).toBe(401);
    }
  });

  it('finds a call under its own account only', async () => {
    const url = PATH.replace(ACCOUNT, `AC${'1'.repeat(32)}`);
    const response = await server.inject({ url, headers: AUTHORIZED });
    expect([response.statusCode, response.json().code]).toEqual([404, 20404]);
  });

  it('gets the whole of the error for a call that is none', async () => {
    const url = `/2010-04-01/Accounts/${ACCOUNT}/Calls/CA1.json`;
    const response = await server.inject({ url, headers: AUTHORIZED });
    expect(response.json()).toEqual({
      code: 20404,
      message: `The requested resource ${url} was not found`,
      more_info: 'https://www.twilio.com/docs/errors/20404',
      status: 404,
    });
  });
});

describe('an update', () => {
  it('of Pipecat hangs up', async () => {
    expect(await post('Status=completed')).toMatchObject({ status: 200, body: { sid: SID, status: 'completed' } });
    expect(done).toEqual([['hangUp', KEY]]);
  });

  it('cancels a call that rings, and leaves one that was answered', async () => {
    expect(await post({ Status: 'canceled' })).toMatchObject({ status: 200, body: { status: 'in-progress' } });
    expect(done).toEqual([]);
    call = { ...call!, status: 'ringing', answeredAt: null };
    expect(await post({ Status: 'canceled' })).toMatchObject({ status: 200, body: { status: 'canceled' } });
    expect(done).toEqual([['hangUp', KEY]]);
  });

  it.each([
    ['', 20001, 'one of Status, Twiml and Url must be given'],
    ['Status=completed&Url=https%3A%2F%2Fa', 20001, 'one of Status, Twiml and Url must be given'],
    ['Status=paused', 20001, 'Status must be completed or canceled'],
    ['Url=ftp%3A%2F%2Fa', 21205, 'Url must be an http:// or https:// URL'],
    ['Url=next', 21205, 'Url must be an http:// or https:// URL'],
    ['Url=https%3A%2F%2Fa&Method=PUT', 20001, 'Method must be GET or POST'],
    ['Status=completed&TimeLimit=5', 20001, 'TimeLimit is not supported'],
    ['Twiml=hello', 12100, 'Twiml: the document is not XML'],
  ])('%j is refused: %i %s', async (form, code, message) => {
    expect(await post(form)).toEqual({
      status: 400,
      body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status: 400 },
    });
    expect(done).toEqual([]);
  });

  it('must be a form', async () => {
    expect(await post('{"Status":"completed"}', { ...AUTHORIZED, 'content-type': 'application/json' })).toMatchObject({
      status: 400,
      body: { code: 20001, message: 'the body must be a form (application/x-www-form-urlencoded)' },
    });
    expect(await post('<x/>', { ...AUTHORIZED, 'content-type': 'text/xml' })).toMatchObject({
      status: 415,
      body: { code: 20001 },
    });
  });

  it('must not be endless', async () => {
    expect(await post(`Twiml=${'x'.repeat(300_000)}`)).toMatchObject({ status: 413, body: { code: 20001 } });
  });
});
