import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GraphPort } from '../../../src/runtime/ports.ts';
import type { GraphActReport, GraphClient, GraphClientOptions } from '../../../src/signaling/index.ts';
import { clientOf, deadUrl, GraphServer, graphRefusal } from '../../support/graph-server.ts';
import { OUR_NUMBER, ourDirectory } from '../../support/webhook.ts';

const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n';
const PLACED = { status: 200, body: { messaging_product: 'whatsapp', calls: [{ id: 'wacid.NEW' }] } };
const ANA = { waId: '15550002222', userId: 'US.1349000001' };

let graph: GraphServer;
let reports: GraphActReport[];
const clients: GraphClient[] = [];

beforeEach(async () => {
  graph = await GraphServer.start();
  reports = [];
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await graph.stop();
});

function dial(options: Partial<GraphClientOptions> = {}, user: { waId: string | null; userId: string | null } = ANA) {
  const client = clientOf(graph, { observer: { onGraphAct: (report) => reports.push(report) }, ...options });
  clients.push(client);
  const port: GraphPort = client;
  return port.connect({ phoneNumberId: OUR_NUMBER, key: 'our-id', user, sdp: SDP, callbackData: 'talkwire:our-id' });
}

describe('a connect', () => {
  it('carries the offer, the user and our callback data, and brings the id of the call', async () => {
    graph.answers(PLACED);
    expect(await dial()).toEqual({ type: 'placed', callId: 'wacid.NEW', tookMs: expect.any(Number) });
    expect(graph.requests).toHaveLength(1);
    const [request] = graph.requests;
    expect(request).toMatchObject({ method: 'POST', path: `/v24.0/${OUR_NUMBER}/calls` });
    expect(request?.headers).toMatchObject({ authorization: 'Bearer token-1', 'content-type': 'application/json' });
    expect(request?.body).toEqual({
      messaging_product: 'whatsapp',
      to: '15550002222',
      action: 'connect',
      session: { sdp_type: 'offer', sdp: SDP },
      biz_opaque_callback_data: 'talkwire:our-id',
    });
  });

  it('names a user without a number by the business-scoped id', async () => {
    graph.answers(PLACED);
    await dial({}, { ...ANA, waId: null });
    expect(graph.requests[0]?.body).toMatchObject({ recipient: 'US.1349000001' });
    expect(graph.requests[0]?.body).not.toHaveProperty('to');
  });

  it('to nobody is not sent', async () => {
    expect(await dial({}, { waId: null, userId: null })).toMatchObject({ error: { kind: 'refused' } });
    expect(graph.requests).toEqual([]);
  });

  it('goes to a Kapso proxy with its key', async () => {
    graph.answers(PLACED);
    const directory = ourDirectory({ credentials: async () => ({ kind: 'api-key', secret: 'project-key' }) });
    expect(await dial({ baseUrl: `${graph.url}/meta/whatsapp`, version: null, directory })).toMatchObject({
      type: 'placed',
    });
    expect(graph.requests[0]).toMatchObject({
      path: `/meta/whatsapp/${OUR_NUMBER}/calls`,
      headers: { 'x-api-key': 'project-key' },
    });
  });

  it.each([
    [400, 138001],
    [429, 138002],
    [400, 138003],
    [429, 138005],
    [401, 138006],
    [400, 138009],
    [400, 138012],
    [400, 138013],
    [400, 138014],
    [400, 138017],
    [429, 130429],
    [400, 999_999],
  ])('that Graph refuses with %d and code %d was not placed, and is not sent again', async (httpStatus, code) => {
    graph.answers(graphRefusal(httpStatus, code, 'Not now'), PLACED);
    expect(await dial()).toEqual({
      type: 'failed',
      error: { code, httpStatus, kind: 'refused', message: 'Not now' },
    });
    expect(graph.requests).toHaveLength(1);
  });

  it('that is refused with an error in an answer of 200 was not placed', async () => {
    graph.answers(graphRefusal(200, 138006));
    expect(await dial()).toMatchObject({ error: { kind: 'refused', code: 138006 } });
  });

  it('is never taken for gone, whatever the text of the refusal', async () => {
    graph.answers(graphRefusal(400, 100, 'Call already terminated'));
    expect(await dial()).toMatchObject({ error: { kind: 'refused', code: 100 } });
  });

  it.each([
    ['the connection is reset after it was sent', 'reset'],
    ['no answer comes in time', 'hang'],
    ['Graph is down', { status: 503, body: '<html>down</html>' }],
    ['Graph had a connection error', graphRefusal(500, 138004)],
    ['Graph has a fault, with a code that means no', graphRefusal(500, 138006)],
    ['a gateway gave up waiting', { status: 408, body: {} }],
    ['the answer names no call', { status: 200, body: { messaging_product: 'whatsapp', calls: [] } }],
    ['the answer has an empty id', { status: 200, body: { calls: [{ id: ' ' }] } }],
    ['the answer says only success', { status: 200, body: { success: true } }],
    ['the answer is no JSON', { status: 200, body: '<html>Welcome</html>' }],
    ['the answer is a list', { status: 200, body: [{ id: 'wacid.NEW' }] }],
  ] as const)('may have been placed, and is never sent again, when %s', async (_, answer) => {
    graph.answers(answer, PLACED);
    expect(await dial({ budgetsMs: { connect: 400 } })).toMatchObject({ type: 'failed', error: { kind: 'unknown' } });
    expect(graph.requests).toHaveLength(1);
  });

  it('may have been placed when the answer breaks off in its middle', async () => {
    graph.answers({ ...PLACED, headers: { 'content-length': '5000', connection: 'close' } }, PLACED);
    expect(await dial()).toMatchObject({ error: { kind: 'unknown' } });
    expect(graph.requests).toHaveLength(1);
  });

  it('may take longer than an attempt that could be repeated', async () => {
    graph.answers({ ...PLACED, afterMs: 300 });
    expect(await dial({ timeoutMs: 100 })).toMatchObject({ type: 'placed' });
  });

  it('is sent again while nobody takes the connection, and was not placed if nobody ever does', async () => {
    expect(await dial({ baseUrl: await deadUrl(), budgetsMs: { connect: 700 } })).toEqual({
      type: 'failed',
      error: {
        code: null,
        httpStatus: null,
        kind: 'refused',
        message: 'nothing was sent, because Graph could not be reached: ECONNREFUSED',
      },
    });
    expect(reports[0]?.attempts).toBeGreaterThan(1);
  });

  it('of a number without credentials, or with unreadable ones, was not placed', async () => {
    const broken = async () => {
      throw new Error('sealed with another key');
    };
    for (const directory of [ourDirectory(), ourDirectory({ credentials: broken })]) {
      expect(await dial({ directory })).toMatchObject({ error: { kind: 'refused' } });
    }
    expect(graph.requests).toEqual([]);
  });

  it('is reported with its id, and raises an alert when a person has to remedy a refusal', async () => {
    graph.answers(PLACED, graphRefusal(400, 138013), graphRefusal(401, 138006));
    for (let i = 0; i < 3; i++) await dial();
    expect(reports.map(({ callId, alert, result }) => [callId, alert, result.type, result.action])).toEqual([
      ['wacid.NEW', false, 'graph.ok', 'connect'],
      [null, true, 'graph.failed', 'connect'],
      [null, false, 'graph.failed', 'connect'],
    ]);
  });
});

describe('a connect that the limit of connected calls refuses', () => {
  const inAnHour = Math.floor(Date.now() / 1000) * 1000 + 3_600_000;
  const iso = new Date(inAnHour).toISOString();

  it.each([
    ['a Unix time of its own', 'Limit reached', { next_allowed_time: inAnHour / 1000 }],
    ['a Unix time as text', 'Limit reached', { limit_expiration_time: String(inAnHour / 1000) }],
    ['a Unix time in the details', `Next call is allowed at ${inAnHour / 1000}.`, {}],
    ['milliseconds', `Next call is allowed at ${inAnHour}`, {}],
    ['an ISO date', `You can call again after ${iso}`, {}],
    ['an ISO date with the zone of Graph', `You can call again after ${iso.replace('.000Z', '+0000')}`, {}],
    ['a date without a zone', `You can call again after ${iso.replace('T', ' ').replace('.000Z', '')}`, {}],
    ['a time further inside', 'Limit reached', { limits: [{ resets_at: inAnHour / 1000 }] }],
  ])('tells when the next may be made, if Graph gives %s', async (_, details, extra) => {
    graph.answers(graphRefusal(400, 138012, details, { extra }));
    expect(await dial()).toMatchObject({ error: { code: 138012, kind: 'refused', retryAt: inAnHour } });
  });

  it('tells the time of Retry-After if there is no other', async () => {
    graph.answers(graphRefusal(400, 138012, 'Limit reached', { headers: { 'retry-after': '60' } }));
    const result = await dial();
    const retryAt = result.type === 'failed' ? (result.error.retryAt ?? 0) : 0;
    expect(Math.abs(retryAt - Date.now() - 60_000)).toBeLessThan(5000);
  });

  it.each([
    ['none', 'Limit reached'],
    ['one that is past', 'Limit reached at 1745622600'],
    ['one beyond any period', 'Limit ends 2099-01-01T00:00:00Z'],
    ['something that only looks like one', 'Call from 15550002222 with id 123456789012345 failed'],
  ])('tells no time if Graph gives %s', async (_, details) => {
    graph.answers(graphRefusal(400, 138012, details));
    const result = await dial();
    expect(result).toMatchObject({ error: { code: 138012 } });
    expect(result.type === 'failed' && 'retryAt' in result.error).toBe(false);
  });
});
