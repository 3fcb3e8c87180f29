import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startEchoAgent } from '../../examples/echo-agent.ts';
import type { CallPolicy } from '../../src/call/index.ts';
import { DEFAULT_PROJECT_ID } from '../../src/call/index.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { type Service, type ServiceObserver, startService } from '../../src/main.ts';
import type { ThreadLoad } from '../../src/media/index.ts';
import { DEFAULT_DIAL_RULES, type DialRules } from '../../src/permissions/index.ts';
import {
  type SimulatedWhatsApp,
  type SimulatedWhatsAppOptions,
  startSimulatedWhatsApp,
} from '../../src/simulator/index.ts';
import { openDatabase } from '../../src/storage/index.ts';
import { createLogger } from '../../src/telemetry/index.ts';
import { metaHeaders } from './webhook.ts';

export const PHONE_NUMBER_ID = '106540352242922';
export const API_KEY = 'test-api-key-0123456789';

export interface BridgeOptions {
  readonly whatsapp?: Partial<SimulatedWhatsAppOptions>;
  /** More environment for the bridge. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: the echo agent. */
  readonly agentUrl?: string;
  /** Rules of the number that the environment has no variable for. */
  readonly policy?: Partial<Omit<CallPolicy, 'agents'>>;
  /** How the number calls people, with times that its API does not allow. */
  readonly dialRules?: Partial<DialRules>;
  readonly observer?: ServiceObserver;
}

/** The whole house on this machine: bridge, simulated WhatsApp, echo agent, a database in a temporary folder. */
export interface Bridge {
  readonly service: Service;
  readonly whatsapp: SimulatedWhatsApp;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What each media thread said last of its load; may be emptied to see what comes next. */
  readonly loads: Map<number, ThreadLoad>;
  /** The call's record with timeline, once it has an ending. Of a bridge that was stopped, it is read from the file. */
  recordOf(call: { readonly callId: string }): Promise<CallDetail>;
  /** The call's record as soon as `type` is in its timeline. */
  reached(call: { readonly callId: string }, type: string): Promise<CallDetail>;
  /** What Graph was asked to do with a call, in the order it answered: `accept`, `accept refused`, `accept unanswered`. */
  graphActions(call: { readonly callId: string }): string[];
  /** Posts a webhook signed as Meta's; resolves to the HTTP status. */
  post(webhook: unknown): Promise<number>;
  unfinishedRows(): UnfinishedRows;
  get(path: string): Promise<{ status: number; body: unknown }>;
  /** Stops the service and leaves its database where it is. */
  stop(graceMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** Rows of the database that wait for something. */
export interface UnfinishedRows {
  readonly webhooks: number;
  readonly calls: number;
  readonly debts: number;
}

export interface CallDetail {
  readonly id: string;
  /** Null of a dial that Meta has not named. */
  readonly call_id: string | null;
  readonly status: string;
  readonly duration_seconds: number | null;
  readonly ending: Readonly<Record<'class' | 'reason' | 'ended_by', string>> | null;
  readonly quality: Readonly<Record<string, number | null>> | null;
  /** Of a dial that is not placed yet. */
  readonly waiting: Readonly<Record<string, string | null>> | null;
  readonly timeline: readonly { readonly at: string; readonly type: string; readonly data: unknown }[];
}

export async function startBridge(options: BridgeOptions = {}): Promise<Bridge> {
  const folder = mkdtempSync(join(tmpdir(), 'talkwire-test-'));
  const secrets = { app: randomBytes(16).toString('hex'), token: randomBytes(16).toString('hex') };
  const agent = options.agentUrl === undefined ? await startEchoAgent({ host: '127.0.0.1', port: 0 }) : null;
  let service: Service | null = null;
  const whatsapp = await startSimulatedWhatsApp({
    bridgeWebhookUrl: () => `${service?.url ?? ''}/webhooks/whatsapp`,
    appSecret: secrets.app,
    phoneNumberId: PHONE_NUMBER_ID,
    displayPhoneNumber: '15550001111',
    token: secrets.token,
    ...options.whatsapp,
  });
  const environment = bridgeEnvironment({
    folder,
    ...secrets,
    graphUrl: whatsapp.graphUrl,
    agentUrl: options.agentUrl ?? agent?.url ?? '',
    more: options.environment ?? {},
  });
  const config = withPolicy(loadConfig(environment), options.policy ?? {});
  if (options.dialRules !== undefined) await writeDialRules(config, options.dialRules);
  const logger = createLogger({ level: 'debug', destination: { write: () => {} }, secrets: config.secrets });
  const loads = new Map<number, ThreadLoad>();
  const onLoad = (thread: number, load: ThreadLoad) => loads.set(thread, load);
  service = await startService(config, logger, { onLoad, ...options.observer });
  const { url } = service;
  let stopped = false;
  const stop = async (graceMs = 0) => {
    if (stopped) return;
    await service?.stop(graceMs);
    stopped = true;
  };

  const get = apiOf(url);
  return {
    service,
    whatsapp,
    folder,
    environment,
    stop,
    loads,
    get,
    recordOf: (call) => (stopped ? recordInFile(config, call.callId) : endedRecord(get, call.callId)),
    reached: (call, type) =>
      recordWhen(get, call.callId, ({ timeline }) => timeline.some((line) => line.type === type)),
    graphActions: ({ callId }) => graphActions(whatsapp, callId),
    async post(webhook) {
      const body = Buffer.from(JSON.stringify(webhook));
      const headers = { 'content-type': 'application/json', ...metaHeaders(body, secrets.app) };
      return (await fetch(`${url}/webhooks/whatsapp`, { method: 'POST', headers, body })).status;
    },
    unfinishedRows: () => unfinishedRows(join(folder, 'talkwire.db')),
    async close() {
      await stop();
      await whatsapp.close();
      await agent?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Setting {
  readonly folder: string;
  readonly app: string;
  readonly token: string;
  readonly graphUrl: string;
  readonly agentUrl: string;
  readonly more: Readonly<Record<string, string>>;
}

/** What an operator would put into the environment for this setting. */
export function bridgeEnvironment(setting: Setting): Record<string, string> {
  return {
    TALKWIRE_HOST: '127.0.0.1',
    TALKWIRE_PORT: '0',
    TALKWIRE_DATABASE: join(setting.folder, 'talkwire.db'),
    TALKWIRE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    TALKWIRE_API_KEYS: API_KEY,
    // Tests that wait for something ask for it all the time.
    TALKWIRE_RATE_LIMIT: '0',
    TALKWIRE_APP_SECRETS: setting.app,
    TALKWIRE_VERIFY_TOKEN: 'verify-me',
    TALKWIRE_GRAPH_URL: setting.graphUrl,
    TALKWIRE_PHONE_NUMBER_ID: PHONE_NUMBER_ID,
    TALKWIRE_ACCESS_TOKEN: setting.token,
    TALKWIRE_AGENT_URL: setting.agentUrl,
    TALKWIRE_MEDIA_THREADS: '1',
    TALKWIRE_BIND_ADDRESSES: '127.0.0.1',
    TALKWIRE_LOG_LEVEL: 'debug',
    ...setting.more,
  };
}

function withPolicy(config: Config, policy: Partial<Omit<CallPolicy, 'agents'>>): Config {
  const { firstNumber } = config;
  if (firstNumber === null) return config;
  return { ...config, firstNumber: { ...firstNumber, policy: { ...firstNumber.policy, ...policy } } };
}

/** Before the service starts. */
async function writeDialRules(config: Config, rules: Partial<DialRules>): Promise<void> {
  const { place, masterKey } = config.database;
  if (config.firstNumber === null) throw new Error('no number to give rules to');
  const { numbers, close } = await openDatabase({ ...place, masterKey });
  await numbers.upsert(config.firstNumber, Date.now());
  await numbers.setDialRules(PHONE_NUMBER_ID, { ...DEFAULT_DIAL_RULES, ...rules }, Date.now());
  await close();
}

export function graphActions(whatsapp: SimulatedWhatsApp, callId: string): string[] {
  return whatsapp.graphRequests
    .filter((request) => request.callId === callId)
    .map(({ action, httpStatus, error }) => {
      if (httpStatus === null) return `${action} unanswered`;
      return error === null ? `${action}` : `${action} refused`;
    });
}

/** Looks into the database of a bridge, running or dead. */
export function unfinishedRows(path: string): UnfinishedRows {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const count = (sql: string) => Number(database.prepare(`select count(*) as n from ${sql}`).get()?.['n']);
    return {
      webhooks: count('webhook_inbox where done_at is null'),
      calls: count('calls where ending_class is null'),
      debts: count('graph_debts'),
    };
  } finally {
    database.close();
  }
}

async function recordInFile({ database: { place, masterKey } }: Config, callId: string): Promise<CallDetail> {
  const database = await openDatabase({ ...place, masterKey });
  try {
    const record = await database.calls.find(DEFAULT_PROJECT_ID, callId);
    if (record === null) throw new Error('the call is not in the log');
    return { ...record, timeline: await database.calls.timeline(callId) } as unknown as CallDetail;
  } finally {
    await database.close();
  }
}

type Get = (path: string) => Promise<{ status: number; body: unknown }>;

/** Asks the HTTP API at `url` as a client with a key does. */
export function apiOf(url: string): Get {
  return async (path) => {
    const response = await fetch(`${url}${path}`, { headers: { 'x-api-key': API_KEY } });
    return { status: response.status, body: await response.json() };
  };
}

/** The record is complete a moment after the phone knows that the call is over. */
export function endedRecord(get: Get, callId: string, timeoutMs = 20_000): Promise<CallDetail> {
  return recordWhen(get, callId, ({ ending }) => ending !== null, timeoutMs);
}

async function recordWhen(
  get: Get,
  callId: string,
  wanted: (record: CallDetail) => boolean,
  timeoutMs = 20_000,
): Promise<CallDetail> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const { status, body } = await get(`/platform/v1/whatsapp/calls/${encodeURIComponent(callId)}`);
    const data = status === 200 ? (body as { data: CallDetail }).data : null;
    if (data !== null && wanted(data)) return data;
    if (Date.now() > until) {
      const so = data === null ? `is not in the log (${status})` : `only has ${data.timeline.map((line) => line.type)}`;
      throw new Error(`after ${timeoutMs} ms the call ${so}`);
    }
    await new Promise((wake) => setTimeout(wake, 25));
  }
}
