import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PermissionGraph } from '../../../src/permissions/ports.ts';
import type {
  GraphActReport,
  GraphBody,
  GraphClient,
  GraphClientOptions,
  GraphRequests,
} from '../../../src/signaling/index.ts';
import { clientOf, deadUrl, GraphServer, graphRefusal } from '../../support/graph-server.ts';
import { OUR_NUMBER, ourDirectory } from '../../support/webhook.ts';

const ANA = { waId: '15550002222', userId: 'US.1349000001' };
const REPORT = { messaging_product: 'whatsapp', permission: { status: 'no_permission' }, actions: [] };
const MESSAGE = { messaging_product: 'whatsapp', to: '15550002222', type: 'interactive', interactive: { any: [1] } };
const SENT = { messaging_product: 'whatsapp', contacts: [], messages: [{ id: 'wamid.1' }] };
const CONNECT = {
  messaging_product: 'whatsapp',
  to: '15550002222',
  action: 'connect',
  recording: { status: 'ENABLED' },
};
const PLACED = { messaging_product: 'whatsapp', calls: [{ id: 'wacid.NEW' }] };
const UNAVAILABLE = { status: 503, body: '<html>down</html>' };
const ok = (body: unknown) => ({ status: 200, body });

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

/** A body in odd spacing, which must arrive as it is. */
function sent(body: object): GraphBody {
  return { json: JSON.stringify(body, null, 3), version: null };
}

function requests(options: Partial<GraphClientOptions> = {}): GraphRequests & PermissionGraph {
  const client = clientOf(graph, { observer: { onGraphAct: (report) => reports.push(report) }, ...options });
  clients.push(client);
  return client.requests;
}

describe('a report of permissions', () => {
  it('is fetched for a number, and given as Graph gave it, with its time', async () => {
    graph.answers(ok(REPORT));
    const before = Date.now();
    const result = await requests().read(OUR_NUMBER, ANA);
    expect(result).toEqual({ type: 'report', at: expect.any(Number), body: REPORT });
    expect(result.type === 'report' && result.at >= before && result.at <= Date.now()).toBe(true);
    expect(graph.requests).toHaveLength(1);
    const [request] = graph.requests;
    expect(request).toMatchObject({
      method: 'GET',
      path: `/v24.0/${OUR_NUMBER}/call_permissions?user_wa_id=15550002222`,
      body: {},
    });
    expect(request?.headers).toMatchObject({ authorization: 'Bearer token-1', accept: 'application/json' });
    expect(request?.headers['content-type']).toBeUndefined();
  });

  it('is fetched by the business-scoped id for a user without a number', async () => {
    graph.answers(ok(REPORT));
    await requests().read(OUR_NUMBER, { waId: null, userId: 'US.a&b' });
    expect(graph.requests[0]?.path).toBe(`/v24.0/${OUR_NUMBER}/call_permissions?recipient=US.a%26b`);
  });

  it('comes from a Kapso proxy with its key', async () => {
    graph.answers(ok(REPORT));
    const directory = ourDirectory({ credentials: async () => ({ kind: 'api-key', secret: 'project-key' }) });
    await requests({ baseUrl: `${graph.url}/meta/whatsapp/`, directory }).read(OUR_NUMBER, ANA);
    expect(graph.requests[0]).toMatchObject({
      path: `/meta/whatsapp/v24.0/${OUR_NUMBER}/call_permissions?user_wa_id=15550002222`,
      headers: { 'x-api-key': 'project-key' },
    });
  });

  it.each([
    ['the connection is reset', 'reset'],
    ['no answer comes in time', 'hang'],
    ['Graph is down', UNAVAILABLE],
    ['Graph had a fault', graphRefusal(500, 131000)],
  ] as const)('is asked for again when %s', async (_, first) => {
    graph.answers(first, ok(REPORT));
    expect(await requests({ timeoutMs: 400 }).read(OUR_NUMBER, ANA)).toMatchObject({ type: 'report' });
    expect(graph.requests).toHaveLength(2);
  });

  it('is not asked for again at once when it was asked for too often', async () => {
    graph.answers(graphRefusal(429, 613, 'Too many', { headers: { 'retry-after': '2' } }), ok(REPORT));
    expect(await requests().read(OUR_NUMBER, ANA)).toMatchObject({
      type: 'refused',
      status: 429,
      code: 613,
      retryAfterMs: 2000,
    });
    expect(graph.requests).toHaveLength(1);
  });

  it('that cannot be had says nothing about the user', async () => {
    const unreached = requests({ baseUrl: await deadUrl(), budgetsMs: { read: 500 } });
    expect(await unreached.read(OUR_NUMBER, ANA)).toEqual({ type: 'unknown', answer: null });
    graph.answers(ok('<html>Welcome</html>'));
    expect(await requests().read(OUR_NUMBER, ANA)).toEqual({ type: 'unknown', answer: null });
  });

  it('that Graph refuses is told with its own body', async () => {
    const refusal = graphRefusal(401, 138000, 'Calling is not enabled');
    graph.answers(refusal);
    expect(await requests().read(OUR_NUMBER, ANA)).toEqual({
      type: 'refused',
      status: 401,
      code: 138000,
      retryAfterMs: null,
      retryAt: null,
      body: refusal.body,
      said: { headers: { 'content-type': 'application/json' }, text: JSON.stringify(refusal.body) },
    });
    expect(reports).toMatchObject([{ callId: null, alert: true, result: { action: 'read', type: 'graph.failed' } }]);
  });
});

describe.each([
  ['a message', 'send', 'messages', MESSAGE, SENT, { type: 'sent', messageId: 'wamid.1', body: SENT }],
  [
    "a client's own connect",
    'connect',
    'calls',
    CONNECT,
    PLACED,
    { type: 'placed', callId: 'wacid.NEW', body: PLACED },
  ],
] as const)('%s', (_, method, resource, body, answer, done) => {
  it('is passed on as it is, and so is the answer', async () => {
    graph.answers(ok(answer));
    expect(await requests()[method](OUR_NUMBER, sent(body))).toMatchObject(done);
    expect(graph.requests).toHaveLength(1);
    expect(graph.requests[0]).toMatchObject({ method: 'POST', path: `/v24.0/${OUR_NUMBER}/${resource}` });
    expect(graph.requests[0]?.body).toEqual(body);
    expect(reports).toMatchObject([{ attempts: 1, result: { type: 'graph.ok', action: method } }]);
  });

  it('that Graph refuses had no effect, and is told as Graph said it', async () => {
    const later = Math.floor(Date.now() / 1000) + 600;
    const refusal = graphRefusal(400, 138012, `Next at ${later}`);
    graph.answers(refusal, ok(answer));
    expect(await requests()[method](OUR_NUMBER, sent(body))).toEqual({
      type: 'refused',
      status: 400,
      code: 138012,
      retryAfterMs: null,
      retryAt: later * 1000,
      body: refusal.body,
      said: { headers: { 'content-type': 'application/json' }, text: JSON.stringify(refusal.body) },
    });
    expect(graph.requests).toHaveLength(1);
  });

  it('that is throttled had no effect, and is not sent again', async () => {
    graph.answers(graphRefusal(429, 130429, 'Slow down', { headers: { 'retry-after': '3' } }), ok(answer));
    expect(await requests()[method](OUR_NUMBER, sent(body))).toMatchObject({
      type: 'refused',
      status: 429,
      code: 130429,
      retryAfterMs: 3000,
    });
    expect(graph.requests).toHaveLength(1);
  });

  it('is answered in the envelope of Graph if what refuses it is not Graph', async () => {
    graph.answers({ status: 403, body: '<html>Blocked 10.1.2.3</html>' });
    const result = await requests()[method](OUR_NUMBER, sent(body));
    expect(result).toMatchObject({ type: 'refused', status: 403, code: null });
    expect(result).toHaveProperty('body.error.error_data.details', 'HTTP 403 without a reason');
  });

  it.each([
    ['the connection is reset after it was sent', 'reset'],
    ['no answer comes in time', 'hang'],
    ['Graph is down', UNAVAILABLE],
    ['the answer is no JSON', ok('<html>Welcome</html>')],
  ] as const)('may have had its effect, and is never sent again, when %s', async (_why, first) => {
    graph.answers(first, ok(answer));
    const port = requests({ budgetsMs: { [method]: 400 } });
    expect(await port[method](OUR_NUMBER, sent(body))).toEqual({ type: 'unknown', answer: null });
    expect(graph.requests).toHaveLength(1);
  });

  it('may have had its effect when Graph has a fault, and what it said of it is told', async () => {
    const fault = graphRefusal(500, 138004, 'Connection error');
    graph.answers(fault, ok(answer));
    const result = await requests()[method](OUR_NUMBER, sent(body));
    expect(result).toMatchObject({ type: 'unknown', answer: { status: 500, body: fault.body } });
    expect(graph.requests).toHaveLength(1);
  });

  it('is sent again while nobody takes the connection, and had no effect if nobody ever does', async () => {
    const port = requests({ baseUrl: await deadUrl(), budgetsMs: { [method]: 700 } });
    expect(await port[method](OUR_NUMBER, sent(body))).toMatchObject({ type: 'refused', status: 503, code: null });
    expect(reports[0]?.attempts).toBeGreaterThan(1);
  });

  it('of a number without credentials had no effect', async () => {
    const result = await requests({ directory: ourDirectory() })[method](OUR_NUMBER, sent(body));
    expect(result).toMatchObject({ type: 'refused', status: 401, code: null, body: { error: { code: 190 } } });
    expect(graph.requests).toEqual([]);
  });
});

describe('a message', () => {
  it('is sent though the answer does not name it', async () => {
    graph.answers(ok({ messaging_product: 'whatsapp' }));
    expect(await requests().send(OUR_NUMBER, sent(MESSAGE))).toMatchObject({ type: 'sent', messageId: null });
  });
});

describe("a client's own connect", () => {
  it('that is answered without an id may have been placed', async () => {
    graph.answers(ok({ messaging_product: 'whatsapp', calls: [] }));
    expect(await requests().connect(OUR_NUMBER, sent(CONNECT))).toMatchObject({
      type: 'unknown',
      answer: { status: 200 },
    });
  });
});

describe('another action of a client', () => {
  const accept = { messaging_product: 'whatsapp', call_id: 'wacid.X', action: 'accept', session: { sdp: 'v=0' } };

  it.each([
    ['done', ok({ messaging_product: 'whatsapp', success: true })],
    ['refused', graphRefusal(400, 100, 'Bad SDP')],
    ['met by a fault', graphRefusal(500, 138004)],
  ])('is passed on as it is, and so is the answer: %s', async (_, answer) => {
    graph.answers(answer);
    const { status, body } = answer;
    expect(await requests().forward(OUR_NUMBER, sent(accept))).toMatchObject({ type: 'answered', status, body });
    expect(graph.requests).toHaveLength(1);
    expect(graph.requests[0]).toMatchObject({ method: 'POST', path: `/v24.0/${OUR_NUMBER}/calls`, body: accept });
  });

  it.each([
    ['the connection is reset', 'reset'],
    ['no answer comes', 'hang'],
    ['the answer is no JSON', UNAVAILABLE],
  ] as const)('has an unknown outcome, and is not sent again, when %s', async (_, answer) => {
    graph.answers(answer, ok({ success: true }));
    const port = requests({ budgetsMs: { forward: 400 } });
    expect(await port.forward(OUR_NUMBER, sent(accept))).toEqual({ type: 'unknown', answer: null });
    expect(graph.requests).toHaveLength(1);
  });
});
