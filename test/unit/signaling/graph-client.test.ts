import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { GraphAction } from '../../../src/call/index.ts';
import type { GraphPort } from '../../../src/runtime/index.ts';
import {
  createGraphClient,
  type GraphActReport,
  type GraphClient,
  type GraphClientOptions,
  type GraphCredentials,
} from '../../../src/signaling/index.ts';
import { deadUrl, GraphServer } from '../../support/graph-server.ts';
import { settle } from '../../support/virtual-clock.ts';
import { ourDirectory } from '../../support/webhook.ts';

const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n';
const OK = { status: 200, body: { messaging_product: 'whatsapp', success: true } };
const error = (status: number, code: number, details: string, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: { error: { message: 'No', type: 'OAuthException', code, error_data: { details }, fbtrace_id: 'x' } },
});
const UNAVAILABLE = { status: 503, body: '<html>down</html>' };

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

function client(options: Partial<GraphClientOptions> = {}, credentials: GraphCredentials | null = BEARER): GraphClient {
  const made = createGraphClient({
    baseUrl: graph.url,
    version: 'v24.0',
    directory: ourDirectory({ credentials: async () => credentials }),
    timeoutMs: 2000,
    observer: { onGraphAct: (report) => reports.push(report) },
    ...options,
  });
  clients.push(made);
  return made;
}

const BEARER = { kind: 'bearer', secret: 'token-1' } as const;

function act(port: GraphPort, action: GraphAction) {
  const sdp = action === 'pre_accept' || action === 'accept' ? SDP : null;
  return port.act({ phoneNumberId: '111', callId: 'wacid.X', action, sdp });
}

describe('an action', () => {
  it.each(['pre_accept', 'accept'] as const)('%s carries the answer as Meta wants it', async (action) => {
    graph.answers(OK);
    expect(await act(client(), action)).toEqual({ type: 'graph.ok', action, tookMs: expect.any(Number) });
    expect(graph.requests).toHaveLength(1);
    const [request] = graph.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/v24.0/111/calls' });
    expect(request?.headers).toMatchObject({ authorization: 'Bearer token-1', 'content-type': 'application/json' });
    expect(request?.body).toEqual({
      messaging_product: 'whatsapp',
      call_id: 'wacid.X',
      action,
      session: { sdp_type: 'answer', sdp: SDP },
    });
  });

  it.each(['reject', 'terminate'] as const)('%s carries no session', async (action) => {
    graph.answers({ status: 200, body: { success: true } });
    expect((await act(client(), action)).type).toBe('graph.ok');
    expect(graph.requests[0]?.body).toEqual({ messaging_product: 'whatsapp', call_id: 'wacid.X', action });
  });

  it('goes to a Kapso proxy with its key, under its path, with or without a version', async () => {
    graph.answers(OK);
    const key = { kind: 'api-key', secret: 'project-key' } as const;
    await act(client({ baseUrl: `${graph.url}/meta/whatsapp/` }, key), 'reject');
    await act(client({ baseUrl: `${graph.url}/meta/whatsapp`, version: null }, key), 'reject');
    expect(graph.requests.map(({ path }) => path)).toEqual([
      '/meta/whatsapp/v24.0/111/calls',
      '/meta/whatsapp/111/calls',
    ]);
    expect(graph.requests[0]?.headers['x-api-key']).toBe('project-key');
    expect(graph.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('uses the connection of the one before', async () => {
    graph.answers(OK);
    const port = client();
    await act(port, 'pre_accept');
    await settle();
    await act(port, 'accept');
    expect(graph.connections.size).toBe(1);
  });

  it('counts the time that it took', async () => {
    graph.answers({ ...OK, afterMs: 60 });
    const result = await act(client(), 'accept');
    expect(result.type === 'graph.ok' && result.tookMs).toBeGreaterThan(50);
  });

  it('that Graph refuses is told with code, status and text, and not repeated', async () => {
    graph.answers(error(400, 100, 'Fingerprint algo is not SHA256'));
    expect(await act(client(), 'pre_accept')).toEqual({
      type: 'graph.failed',
      action: 'pre_accept',
      error: { code: 100, httpStatus: 400, kind: 'refused', message: 'Fingerprint algo is not SHA256' },
    });
    expect(graph.requests).toHaveLength(1);
  });

  it('on a call that is over is told as gone, and not repeated', async () => {
    graph.answers(error(500, 131000, 'The call has already ended'));
    expect(await act(client(), 'terminate')).toMatchObject({ error: { kind: 'gone' } });
    expect(graph.requests).toHaveLength(1);
  });

  it.each([
    ['says that it failed', { status: 200, body: { success: false } }, 'refused'],
    ['holds an error', { ...error(200, 131055, 'SIP is on'), status: 200 }, 'refused'],
    ['is no JSON', { status: 200, body: '<html>Welcome to the hotel</html>' }, 'unknown'],
    ['says nothing', { status: 200, body: {} }, 'unknown'],
  ])('is not taken for done if an answer with 200 %s', async (_, answer, kind) => {
    graph.answers(answer);
    expect(await act(client(), 'accept')).toMatchObject({ type: 'graph.failed', error: { kind } });
  });

  it('raises an alert when a person has to remedy it', async () => {
    graph.answers(error(401, 190, 'Token expired'), error(400, 100, 'Bad SDP'));
    await act(client(), 'accept');
    await act(client(), 'accept');
    expect(reports.map(({ alert }) => alert)).toEqual([true, false]);
  });

  it('is not sent for a number without credentials', async () => {
    expect(await act(client({}, null), 'accept')).toMatchObject({ error: { kind: 'refused', httpStatus: null } });
    expect(graph.requests).toEqual([]);
  });

  it('is not given up for good when credentials cannot be read', async () => {
    const directory = ourDirectory({
      credentials: async () => {
        throw new Error('sealed with another key');
      },
    });
    expect(await act(client({ directory }), 'terminate')).toMatchObject({ error: { kind: 'unknown' } });
  });

  it('is not sent without the SDP that it needs', async () => {
    const result = await client().act({ phoneNumberId: '111', callId: 'wacid.X', action: 'accept', sdp: null });
    expect(result).toMatchObject({ type: 'graph.failed', error: { kind: 'refused' } });
    expect(graph.requests).toEqual([]);
  });

  it('fails without an attempt at all after the client was closed', async () => {
    const port = client();
    await port.close();
    expect(await act(port, 'terminate')).toMatchObject({ type: 'graph.failed', error: { kind: 'unknown' } });
    expect(graph.requests).toEqual([]);
  });

  it('with a secret that no header can carry fails, without the secret in the message', async () => {
    const result = await act(client({}, { kind: 'bearer', secret: 'two\nlines' }), 'terminate');
    expect(result).toMatchObject({ type: 'graph.failed' });
    expect(JSON.stringify(result)).not.toContain('lines');
    expect(reports[0]?.attempts).toBe(1);
  });
});

describe.each(['pre_accept', 'reject', 'terminate'] as const)('%s, which is safe to repeat', (action) => {
  it.each([
    ['the connection is reset', 'reset'],
    ['no answer comes in time', 'hang'],
    ['Graph is down', UNAVAILABLE],
    ['Graph had a connection error', error(500, 138004, 'Connection error')],
    ['Graph is throttling', error(429, 130429, 'Slow down')],
  ] as const)('is repeated when %s', async (_, first) => {
    graph.answers(first, OK);
    expect(await act(client({ timeoutMs: first === 'hang' ? 400 : 2000 }), action)).toMatchObject({ type: 'graph.ok' });
    expect(graph.requests).toHaveLength(2);
    expect(graph.requests[1]?.body).toEqual(graph.requests[0]?.body);
  });

  it('is repeated only once after a connection error of Graph', async () => {
    graph.answers(error(500, 138004, 'Connection error'));
    expect(await act(client(), action)).toMatchObject({ error: { code: 138004, kind: 'unknown' } });
    expect(graph.requests).toHaveLength(2);
  });

  it('is given up as unknown when its time is over', async () => {
    graph.answers(UNAVAILABLE);
    // Pauses of 200 and 400 ms: the last attempt is not cut off by the end of the time.
    const chance = vi.spyOn(Math, 'random').mockReturnValue(0.5);
    onTestFinished(() => chance.mockRestore());
    const started = performance.now();
    const result = await act(client({ budgetsMs: { [action]: 700 } }), action);
    expect(result).toMatchObject({ error: { kind: 'unknown', httpStatus: 503 } });
    expect(performance.now() - started).toBeLessThan(1500);
    expect(graph.requests.length).toBeGreaterThan(1);
  });

  it('waits as long as Retry-After says', async () => {
    graph.answers(error(429, 130429, 'Slow down', { 'retry-after': '1' }), OK);
    const started = performance.now();
    expect((await act(client(), action)).type).toBe('graph.ok');
    expect(performance.now() - started).toBeGreaterThanOrEqual(990);
  });

  it('does not wait for a Retry-After beyond its time', async () => {
    graph.answers(error(429, 130429, 'Slow down', { 'retry-after': '3600' }));
    const started = performance.now();
    expect(await act(client(), action)).toMatchObject({ error: { kind: 'unknown', code: 130429 } });
    expect(performance.now() - started).toBeLessThan(3000);
    expect(graph.requests).toHaveLength(1);
  });
});

describe('pre_accept', () => {
  it('counts as done when a repeated one is told that the lost one had come through', async () => {
    graph.answers('reset', error(400, 100, 'Call already pre-accepted'));
    expect((await act(client(), 'pre_accept')).type).toBe('graph.ok');
  });

  it('is refused when the first one is told so', async () => {
    graph.answers(error(400, 100, 'Call already pre-accepted'));
    expect((await act(client(), 'pre_accept')).type).toBe('graph.failed');
  });
});

describe('accept', () => {
  it.each([
    ['the connection is reset after it was sent', 'reset'],
    ['no answer comes in time', 'hang'],
    ['Graph is down', UNAVAILABLE],
    ['Graph had a connection error', error(500, 138004, 'Connection error')],
  ] as const)('is never repeated, and unknown, when %s', async (_, answer) => {
    graph.answers(answer, OK);
    expect(await act(client({ budgetsMs: { accept: 400 } }), 'accept')).toMatchObject({ error: { kind: 'unknown' } });
    expect(graph.requests).toHaveLength(1);
  });

  it('may take longer than an attempt that could be repeated', async () => {
    graph.answers({ ...OK, afterMs: 300 });
    expect((await act(client({ timeoutMs: 100 }), 'accept')).type).toBe('graph.ok');
  });

  it('is repeated while nobody takes the connection, because nothing was sent', async () => {
    const port = client({ baseUrl: await deadUrl(), budgetsMs: { accept: 700 } });
    expect(await act(port, 'accept')).toEqual({
      type: 'graph.failed',
      action: 'accept',
      error: { code: null, httpStatus: null, kind: 'unknown', message: 'no answer from Graph: ECONNREFUSED' },
    });
    expect(reports[0]?.attempts).toBeGreaterThan(1);
  });

  it('that gave up waiting for a free connection is not sent afterwards', async () => {
    const { Agent } = await import('undici');
    const dispatcher = new Agent({ connections: 1 });
    graph.answers({ ...OK, afterMs: 400 }, OK);
    const port = client({ dispatcher, timeoutMs: 2000, budgetsMs: { accept: 150 } });
    const slow = act(port, 'terminate');
    // Behind the slow one on the only connection; its time is over before it gets there.
    expect(await act(port, 'accept')).toMatchObject({ error: { kind: 'unknown' } });
    await slow;
    await act(port, 'reject');
    expect(graph.requests.map(({ body }) => body['action'])).toEqual(['terminate', 'reject']);
    await dispatcher.close();
  });
});
