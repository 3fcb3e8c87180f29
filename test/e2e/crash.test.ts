import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../src/call/index.ts';
import { createWebhookReceiver } from '../../src/signaling/index.ts';
import {
  type FaultInput,
  type SimulatedCall,
  type SimulatedWhatsApp,
  startSimulatedWhatsApp,
} from '../../src/simulator/index.ts';
import { openDatabase } from '../../src/storage/index.ts';
import {
  API_KEY,
  bridgeEnvironment,
  type CallDetail,
  endedRecord,
  graphActions,
  PHONE_NUMBER_ID,
  unfinishedRows,
} from '../support/bridge.ts';
import { freePort } from '../support/free-port.ts';
import { settles } from '../support/open-things.ts';
import { RawAgent, type RawAgentConnection } from '../support/raw-agent.ts';
import { sdpAnswer } from '../support/sdp-answer.ts';
import { ServiceProcess } from '../support/service-process.ts';

const NOTHING = { webhooks: 0, calls: 0, debts: 0 };
const CALLS = '/platform/v1/whatsapp/calls';
const USER = '4915150000001';
const ANSWERED = ['pre_accept', 'accept'];

describe('The service as a process', () => {
  const started: ServiceProcess[] = [];
  let folder: string;
  let port: number;
  let app: string;
  let agent: RawAgent;
  let whatsapp: SimulatedWhatsApp;
  let environment: Record<string, string>;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'talkwire-crash-'));
    port = await freePort();
    app = randomBytes(16).toString('hex');
    agent = await RawAgent.start();
    const token = randomBytes(16).toString('hex');
    whatsapp = await startSimulatedWhatsApp({
      bridgeWebhookUrl: () => `${url()}/webhooks/whatsapp`,
      appSecret: app,
      phoneNumberId: PHONE_NUMBER_ID,
      displayPhoneNumber: '493012345678',
      token,
      // Meta tries again after an answer that did not come.
      webhookRetryDelaysMs: [250, 250, 500, 500, 1_000, 1_000, 1_000],
    });
    const more = { TALKWIRE_PORT: String(port), TALKWIRE_AGENT_RECONNECT_ATTEMPTS: '0' };
    const { graphUrl } = whatsapp;
    environment = bridgeEnvironment({ folder, app, token, graphUrl, agentUrl: agent.url, more });
  });
  afterEach(async () => {
    for (const service of started.splice(0)) await service.kill();
    await whatsapp.close();
    await agent.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const url = () => `http://127.0.0.1:${port}`;
  const rows = () => unfinishedRows(join(folder, 'talkwire.db'));
  const actions = (call: SimulatedCall) => graphActions(whatsapp, call.callId);

  function launch(changes: Readonly<Record<string, string>> = {}): ServiceProcess {
    const service = new ServiceProcess({ ...environment, ...changes });
    started.push(service);
    return service;
  }

  async function start(changes: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const service = launch(changes);
    await service.ready(url());
    return service;
  }

  async function get(path: string): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${url()}${path}`, { headers: { 'x-api-key': API_KEY } });
    return { status: response.status, body: await response.json() };
  }

  async function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(`${url()}${path}`, {
      method: 'POST',
      headers: { 'x-api-key': API_KEY, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  /** A call in which phone and agent are on the line with each other, and the log knows it. */
  async function talk(faults: FaultInput[] = []): Promise<{ call: SimulatedCall; connection: RawAgentConnection }> {
    agent.options.ready = true;
    const call = await whatsapp.call({ faults });
    const connection = await agent.connectionOf(call.callId);
    await connection.hear('answered');
    await call.waitFor('heard', 5_000);
    while ((await recordOf(call)).status !== 'answered') await new Promise((wake) => setTimeout(wake, 10));
    return { call, connection };
  }

  async function recordOf({ callId }: SimulatedCall): Promise<CallDetail> {
    const { body } = await get(`/platform/v1/whatsapp/calls/${callId}`);
    return (body as { data: CallDetail }).data;
  }

  async function waiting(): Promise<SimulatedCall> {
    agent.options.ready = false;
    const call = await whatsapp.call();
    await agent.connectionOf(call.callId);
    await call.waitFor('connected', 5_000);
    return call;
  }

  function endingOf({ ending }: CallDetail): string {
    return `${ending?.class}/${ending?.reason}/${ending?.ended_by}`;
  }

  /** Of a service that has ended. */
  async function endingInFile(call: SimulatedCall): Promise<string> {
    const database = await openDatabase({
      path: join(folder, 'talkwire.db'),
      masterKey: Buffer.from(environment['TALKWIRE_MASTER_KEY'] ?? '', 'base64'),
    });
    try {
      const record = await database.calls.find(DEFAULT_PROJECT_ID, call.callId);
      return record === null ? 'not in the log' : endingOf(record as unknown as CallDetail);
    } finally {
      await database.close();
    }
  }

  it('is killed in mid-call; the next start closes its calls with a typed reason and tells Graph', async () => {
    const service = await start();
    const { call: talking, connection } = await talk();
    const ringing = await waiting();
    await service.kill();
    await connection.closed;
    expect(rows().calls).toBe(2);

    await start();
    expect(endingOf(await endedRecord(get, talking.callId))).toBe('dropped/service_restarted/bridge');
    expect(endingOf(await endedRecord(get, ringing.callId))).toBe('failed/service_restarted/bridge');
    for (const call of [talking, ringing]) await call.waitFor('closed', 5_000);
    expect(actions(talking)).toEqual([...ANSWERED, 'terminate']);
    expect(actions(ringing)).toEqual(['pre_accept', 'terminate']);
    await settles('rows', rows, (left) => expect.objectContaining(NOTHING).asymmetricMatch(left), 2_000);

    const { call: next } = await talk();
    next.hangUp();
    expect(endingOf(await endedRecord(get, next.callId))).toBe('completed/user_hangup/user');
  });

  it('is up at once after a crash although Graph does not answer', async () => {
    const service = await start();
    const { call } = await talk([{ type: 'graph.timeout', action: 'terminate' }]);
    await service.kill();

    await start();
    expect(actions(call)).toEqual([...ANSWERED, 'terminate unanswered']);
    expect(rows().calls).toBe(1);
    const { call: next } = await talk();
    next.hangUp();
    expect(endingOf(await endedRecord(get, next.callId))).toBe('completed/user_hangup/user');
    call.hangUp();
    expect(endingOf(await endedRecord(get, call.callId))).toBe('dropped/service_restarted/bridge');
  });

  it('is killed while it owes Graph a terminate; the next start pays', async () => {
    const service = await start();
    const { call, connection } = await talk([{ type: 'graph.timeout', action: 'terminate', nth: 1 }]);
    connection.say({ type: 'hangup', drain: false });
    await settles(
      'Graph was asked',
      () => actions(call),
      (asked) => asked.length === 3,
      5_000,
    );
    expect(rows().debts).toBe(1);
    await service.kill();

    await start();
    await call.waitFor('closed', 10_000);
    expect(actions(call)).toEqual([...ANSWERED, 'terminate unanswered', 'terminate']);
    await settles('rows', rows, ({ debts, calls }) => debts + calls === 0, 5_000);
  });

  it('is killed when Graph has just taken its dial; the next start ends the call and places no other', async () => {
    const first = await start();
    await whatsapp.grant(USER, 'permanent');
    whatsapp.answerCalls(USER, {
      reply: 'ignore',
      // Its offer is a real one, and its death comes before Graph's answer.
      handset: async () => {
        first.signal('SIGKILL');
        return { answer: sdpAnswer(), pickedUp: () => {}, close: async () => {} };
      },
    });
    const dial = { phone_number_id: PHONE_NUMBER_ID, to: USER };
    expect((await post(CALLS, dial, { 'idempotency-key': 'once' })).status).toBe(202);
    await first.exited;
    expect(rows().calls).toBe(1);

    await start();
    const call = await whatsapp.nextReceived(1_000);
    await call.waitFor('closed', 10_000);
    const record = await endedRecord(get, call.callId);
    expect(endingOf(record)).toBe('failed/service_restarted/bridge');
    expect(actions(call)).toEqual(['connect', 'terminate']);
    const again = await post(CALLS, dial, { 'idempotency-key': 'once' });
    expect(again).toMatchObject({ status: 202, body: { data: { id: record.id } } });
    expect(whatsapp.received).toHaveLength(1);
    await settles('rows', rows, (left) => expect.objectContaining(NOTHING).asymmetricMatch(left), 2_000);
  });

  it('dies between the 200 to a webhook and its handling; the next start rings, or says that it is too late', async () => {
    // The first start puts the number into the database.
    const first = await start();
    first.signal('SIGTERM');
    expect(await first.exited).toEqual({ code: 0, signal: null });

    const answering = await answerOnly();
    const [fresh, stale] = [await whatsapp.call(), await whatsapp.call({ connectAgeMs: 46_000 })];
    for (const call of [fresh, stale]) await call.waitFor('webhook_answered', 5_000);
    await answering.close();
    expect(rows()).toEqual({ webhooks: 2, calls: 0, debts: 0 });

    await start();
    await fresh.waitFor('heard', 10_000);
    expect(endingOf(await endedRecord(get, stale.callId))).toBe('rejected/stale_offer/bridge');
    fresh.hangUp();
    expect(endingOf(await endedRecord(get, fresh.callId))).toBe('completed/user_hangup/user');
    expect(actions(stale)).toEqual(['reject']);
    await settles('rows', rows, ({ webhooks }) => webhooks === 0, 2_000);
  });

  /** As much of the service as answers a webhook, and nothing that handles one. */
  async function answerOnly(): Promise<{ close(): Promise<void> }> {
    const masterKey = Buffer.from(environment['TALKWIRE_MASTER_KEY'] ?? '', 'base64');
    const { inbox, numbers, close } = await openDatabase({ path: join(folder, 'talkwire.db'), masterKey });
    const receiver = createWebhookReceiver({
      appSecrets: [app],
      kapsoSecrets: [],
      verifyToken: '',
      inbox,
      directory: numbers,
      onStored: () => {},
      clock: { now: () => Date.now() },
    });
    const server = createServer(async (request: IncomingMessage, response) => {
      const { status } = await receiver.receive(request.headers, await buffer(request));
      response.writeHead(status).end();
    });
    await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
    return {
      async close() {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
        await close();
      },
    };
  }

  /** The first signal was understood. */
  async function drains(): Promise<void> {
    while ((await fetch(`${url()}/readyz`)).status !== 503) await new Promise((wake) => setTimeout(wake, 10));
  }

  it('drains at SIGTERM: calls go on, new ones are refused, and when the time is over they end and it exits with 0', async () => {
    const service = await start({ TALKWIRE_DRAIN_SECONDS: '2' });
    const { call, connection } = await talk();
    const began = performance.now();
    service.signal('SIGTERM');
    await drains();
    const late = await whatsapp.call();
    await late.waitFor('closed', 2_000);
    expect(actions(late)).toEqual(['reject']);
    const heardBefore = connection.soundsWaiting;
    expect(await connection.hear('end')).toMatchObject({ reason: 'service_drained' });
    expect(connection.soundsWaiting - heardBefore).toBeGreaterThan(50);
    expect(await service.exited).toEqual({ code: 0, signal: null });
    const tookMs = performance.now() - began;
    expect(tookMs).toBeGreaterThan(1_900);
    expect(tookMs).toBeLessThan(4_000);
    await call.waitFor('closed', 2_000);
    expect(actions(call)).toEqual([...ANSWERED, 'terminate']);
    expect(await endingInFile(call)).toBe('completed/service_drained/bridge');
    expect(await endingInFile(late)).toBe('rejected/draining/bridge');
    expect(rows()).toEqual(NOTHING);
  });

  it('does not wait for the rest of the time when the last call has ended', async () => {
    const service = await start({ TALKWIRE_DRAIN_SECONDS: '60' });
    const { call } = await talk();
    service.signal('SIGTERM');
    call.hangUp();
    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(await endingInFile(call)).toBe('completed/user_hangup/user');
  });

  it('ends every call at once at the second SIGTERM', async () => {
    const service = await start({ TALKWIRE_DRAIN_SECONDS: '60' });
    const { call } = await talk();
    service.signal('SIGTERM');
    await drains();
    service.signal('SIGTERM');
    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(await endingInFile(call)).toBe('completed/service_drained/bridge');
    expect(rows()).toEqual(NOTHING);
  });

  it('says in one sentence that its port is taken', async () => {
    const squatter = createTcpServer().listen(port, '127.0.0.1');
    const service = launch();
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.complaint).toBe(`talkwire cannot start: port ${port} is taken by another program.\n`);
    squatter.close();
  });

  it('names everything that is missing in the environment at once', async () => {
    const service = new ServiceProcess({ TALKWIRE_PORT: 'eighty' });
    expect(await service.exited).toEqual({ code: 1, signal: null });
    for (const name of ['TALKWIRE_API_KEYS', 'TALKWIRE_MASTER_KEY', 'TALKWIRE_APP_SECRETS']) {
      expect(service.complaint).toContain(`${name} is missing`);
    }
    expect(service.complaint).toContain('TALKWIRE_PORT is wrong: must be a whole number from 0 to 65535.');
    expect(service.complaint).not.toContain('    at ');
  });
});
