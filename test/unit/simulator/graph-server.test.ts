import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultScript } from '../../../src/simulator/fault-script.ts';
import { type FaultInput, parseFaults } from '../../../src/simulator/faults.ts';
import type { GraphCallView } from '../../../src/simulator/graph-rules.ts';
import {
  type GraphOutcome,
  type GraphRequest,
  type GraphServer,
  startGraphServer,
} from '../../../src/simulator/graph-server.ts';
import { sdpAnswer } from '../../support/sdp-answer.ts';

const SDP = sdpAnswer();
const OTHER_SDP = sdpAnswer({ 'o=': 'o=- 1 2 IN IP4 0.0.0.0' });

function view(phase: GraphCallView['phase'], answer: string | null = null): GraphCallView {
  return { direction: 'inbound', phase, answer };
}

/** A Graph with some calls and a way to talk to it. */
class GraphHarness {
  readonly calls = new Map<string, GraphCallView>([
    ['wacid.ringing', view('ringing', null)],
    ['wacid.pre', view('pre_accepted', SDP)],
    ['wacid.live', view('accepted', SDP)],
    ['wacid.over', view('ended', SDP)],
    ['wacid.late', view('late', null)],
  ]);
  readonly performed: GraphRequest[] = [];
  outcome: GraphOutcome = { ok: true, body: { messaging_product: 'whatsapp', success: true } };
  script = new FaultScript([]);
  onAsked: () => void = () => {};
  #server: GraphServer | null = null;

  get server(): GraphServer {
    if (this.#server === null) throw new Error('not started');
    return this.#server;
  }

  async start(): Promise<void> {
    this.#server = await startGraphServer(
      { host: '127.0.0.1', port: 0, phoneNumberIds: ['111'], token: 'secret', rules: { g711: false }, latencyMs: 0 },
      {
        find: (callId) => this.calls.get(callId) ?? null,
        fate: ({ action }) => {
          this.onAsked();
          return this.script.graph(action);
        },
        perform: (request) => {
          this.performed.push(request);
          return this.outcome;
        },
      },
    );
  }

  faults(...faults: FaultInput[]): void {
    this.script = new FaultScript(parseFaults(faults));
  }

  async post(
    body: unknown,
    options: { path?: string; token?: string | null; timeoutMs?: number } = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const { path = '/v24.0/111/calls', token = 'secret', timeoutMs = 5_000 } = options;
    const response = await request(this.server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.statusCode, body: (await response.body.json()) as Record<string, unknown> };
  }
}

function action(name: string, callId: string, sdp: string | null = null): Record<string, unknown> {
  return {
    messaging_product: 'whatsapp',
    call_id: callId,
    action: name,
    ...(sdp === null ? {} : { session: { sdp_type: 'answer', sdp } }),
  };
}

function errorOf(body: Record<string, unknown>): {
  code: number;
  error_subcode?: number;
  error_data: { details: string };
} {
  return body['error'] as { code: number; error_subcode?: number; error_data: { details: string } };
}

describe('the Graph stand-in', () => {
  let graph: GraphHarness;

  beforeEach(async () => {
    graph = new GraphHarness();
    await graph.start();
  });
  afterEach(() => graph.server.close());

  it.each<[string, string, string | null]>([
    ['pre_accept', 'wacid.ringing', SDP],
    ['pre_accept', 'wacid.pre', SDP],
    ['accept', 'wacid.ringing', SDP],
    ['accept', 'wacid.pre', SDP],
    ['reject', 'wacid.ringing', null],
    ['reject', 'wacid.pre', null],
    ['terminate', 'wacid.ringing', null],
    ['terminate', 'wacid.pre', null],
    ['terminate', 'wacid.live', null],
  ])('performs %s on %s', async (name, callId, sdp) => {
    const { status, body } = await graph.post(action(name, callId, sdp));
    expect({ status, body }).toEqual({ status: 200, body: { messaging_product: 'whatsapp', success: true } });
    expect(graph.performed).toEqual([{ callId, action: name, sdp, opaque: null }]);
  });

  it.each<[string, Record<string, unknown>, number, number, RegExp]>([
    [
      'another product',
      { ...action('reject', 'wacid.ringing'), messaging_product: 'sms' },
      400,
      100,
      /messaging_product/,
    ],
    ['no action', { messaging_product: 'whatsapp', call_id: 'wacid.ringing' }, 400, 100, /action must be/],
    ['an unknown action', action('hold', 'wacid.ringing'), 400, 100, /action must be/],
    ['no call id', { messaging_product: 'whatsapp', action: 'reject' }, 400, 100, /call_id is required/],
    ['an unknown call', action('reject', 'wacid.nobody'), 400, 100, /Invalid call id/],
    ['accept without a session', action('accept', 'wacid.ringing'), 400, 100, /session is required/],
    [
      'sdp_type offer',
      { ...action('accept', 'wacid.ringing'), session: { sdp_type: 'offer', sdp: SDP } },
      400,
      100,
      /sdp_type must be answer/,
    ],
    ['a bad SDP', action('pre_accept', 'wacid.ringing', sdpAnswer({ 'a=setup': null })), 400, 100, /setup/],
    ['accept with another SDP than pre_accept', action('accept', 'wacid.pre', OTHER_SDP), 400, 100, /differs/],
    ['pre_accept again with another SDP', action('pre_accept', 'wacid.pre', OTHER_SDP), 400, 100, /differs/],
    ['accept twice', action('accept', 'wacid.live', SDP), 400, 100, /already accepted/],
    ['pre_accept after accept', action('pre_accept', 'wacid.live', SDP), 400, 100, /already in progress/],
    ['reject after accept', action('reject', 'wacid.live'), 400, 100, /use terminate/],
    ['terminate after the end', action('terminate', 'wacid.over'), 400, 100, /already ended/],
    ['accept after the end', action('accept', 'wacid.over', SDP), 400, 100, /already ended/],
    ['accept that comes too late', action('accept', 'wacid.late', SDP), 500, 138007, /in time/],
    ['terminate of a call that timed out', action('terminate', 'wacid.late'), 400, 100, /already ended/],
    [
      'an oversized opaque text',
      { ...action('accept', 'wacid.ringing', SDP), biz_opaque_callback_data: 'x'.repeat(513) },
      400,
      100,
      /512/,
    ],
    ['a call to nobody', { messaging_product: 'whatsapp', action: 'connect' }, 400, 100, /to or recipient/],
  ])('refuses %s', async (_what, body, status, code, details) => {
    const answer = await graph.post(body);
    expect(answer.status).toBe(status);
    expect(errorOf(answer.body).code).toBe(code);
    expect(errorOf(answer.body).error_data.details).toMatch(details);
    expect(graph.performed).toEqual([]);
  });

  it('words a fingerprint error as Meta does', async () => {
    const sdp = sdpAnswer({
      'a=fingerprint': `a=fingerprint:sha-384 ${Array.from({ length: 48 }, () => 'AB').join(':')}`,
    });
    const { status, body } = await graph.post(action('pre_accept', 'wacid.ringing', sdp));
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        message: 'Invalid parameter',
        type: 'OAuthException',
        code: 100,
        error_subcode: 2494010,
        is_transient: false,
        error_data: { messaging_product: 'whatsapp', details: 'Fingerprint algo is not SHA256' },
        fbtrace_id: expect.any(String),
      },
    });
  });

  it.each([null, 'wrong'])('answers 401 and code 190 to the token %s', async (token) => {
    const { status, body } = await graph.post(action('reject', 'wacid.ringing'), { token });
    expect(status).toBe(401);
    expect(errorOf(body).code).toBe(190);
    expect(graph.performed).toEqual([]);
  });

  it.each(['/v24.0/222/calls', '/latest/111/calls', '/v24.0/111/media'])('refuses the path %s', async (path) => {
    const { status, body } = await graph.post(action('reject', 'wacid.ringing'), { path });
    expect(status).toBe(400);
    expect(errorOf(body).code).toBe(100);
  });

  it('answers a body that is not JSON in its own envelope', async () => {
    const { status, body } = await graph.post('{');
    expect(status).toBe(400);
    expect(errorOf(body).error_data.details).toMatch(/JSON/);
  });

  it('answers a fault of its own with a code that is not blamed on the client', async () => {
    graph.onAsked = () => {
      throw new Error('broken');
    };
    const { status, body } = await graph.post(action('reject', 'wacid.ringing'));
    expect(status).toBe(500);
    expect(errorOf(body).code).toBe(131000);
  });

  it('records what it was asked, without the token', async () => {
    await graph.post(action('accept', 'wacid.ringing', sdpAnswer({ 'a=ptime': null })));
    await graph.post(action('reject', 'wacid.over'));
    expect(graph.server.requests).toMatchObject([
      {
        action: 'accept',
        callId: 'wacid.ringing',
        httpStatus: 200,
        performed: true,
        warnings: ['no_ptime'],
        error: null,
      },
      { action: 'reject', callId: 'wacid.over', httpStatus: 400, performed: false, error: { code: 100 } },
    ]);
    expect(JSON.stringify(graph.server.requests)).not.toContain('secret');
  });

  it('refuses the second accept with the code of the script, and performs the others', async () => {
    graph.faults({ type: 'graph.refuse', action: 'pre_accept', nth: 2, code: 138004 });
    const statuses: number[] = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await graph.post(action('pre_accept', 'wacid.ringing', SDP))).status);
    expect(statuses).toEqual([200, 500, 200]);
    expect(graph.performed).toHaveLength(2);
  });

  it('looks at the state of a call when a delay is over, not when it was asked', async () => {
    graph.faults({ type: 'graph.delay', action: 'reject', delayMs: 80 });
    graph.onAsked = () => graph.calls.set('wacid.ringing', view('ended'));
    const asked = performance.now();
    const { status } = await graph.post(action('reject', 'wacid.ringing'));
    expect(performance.now() - asked).toBeGreaterThanOrEqual(79);
    expect(status).toBe(400);
    expect(graph.performed).toEqual([]);
  });

  it.each([true, false])('stays silent on a scripted timeout, with the action performed: %s', async (performed) => {
    graph.faults({ type: 'graph.timeout', action: 'terminate', performed });
    await expect(graph.post(action('terminate', 'wacid.live'), { timeoutMs: 150 })).rejects.toThrow();
    expect(graph.performed).toHaveLength(performed ? 1 : 0);
    expect(graph.server.requests).toMatchObject([{ action: 'terminate', httpStatus: null, performed }]);
  });

  it('says that the port is taken', async () => {
    const port = Number(new URL(graph.server.url).port);
    const options = {
      host: '127.0.0.1',
      port,
      phoneNumberIds: ['1'],
      token: 't',
      rules: { g711: false },
      latencyMs: 0,
    };
    const backend = {
      find: () => null,
      fate: () => new FaultScript([]).graph('reject'),
      perform: () => new GraphHarness().outcome,
    };
    await expect(startGraphServer(options, backend)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
