import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEchoAgent } from '../../examples/echo-agent.ts';
import { loadConfig } from '../../src/config.ts';
import { type Service, type ServiceObserver, startService } from '../../src/main.ts';
import {
  type SimulatedCall,
  type SimulatedWhatsApp,
  type SimulatedWhatsAppOptions,
  startSimulatedWhatsApp,
} from '../../src/simulator/index.ts';
import { createLogger } from '../../src/telemetry/index.ts';

export const PHONE_NUMBER_ID = '106540352242922';
export const API_KEY = 'test-api-key-0123456789';

export interface BridgeOptions {
  readonly whatsapp?: Partial<SimulatedWhatsAppOptions>;
  /** More environment for the bridge. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: the echo agent. */
  readonly agentUrl?: string;
  readonly observer?: ServiceObserver;
}

/** The whole house on this machine: bridge, simulated WhatsApp, echo agent, a database in a temporary folder. */
export interface Bridge {
  readonly service: Service;
  readonly whatsapp: SimulatedWhatsApp;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The call's record with timeline, once it has an ending. */
  recordOf(call: SimulatedCall): Promise<CallDetail>;
  get(path: string): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
}

export interface CallDetail {
  readonly id: string;
  readonly status: string;
  readonly duration_seconds: number | null;
  readonly ending: { readonly class: string; readonly reason: string } | null;
  readonly quality: Readonly<Record<string, number | null>> | null;
  readonly timeline: readonly { readonly at: string; readonly type: string }[];
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
  const config = loadConfig(environment);
  const logger = createLogger({ level: 'debug', destination: { write: () => {} }, secrets: config.secrets });
  service = await startService(config, logger, options.observer);
  const { url } = service;

  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`, { headers: { 'x-api-key': API_KEY } });
    return { status: response.status, body: (await response.json()) as unknown };
  };
  return {
    service,
    whatsapp,
    folder,
    environment,
    get,
    recordOf: (call) => endedRecord(get, call.callId),
    async close() {
      await service?.stop();
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

type Get = (path: string) => Promise<{ status: number; body: unknown }>;

/** The record is complete a moment after the phone knows that the call is over. */
export async function endedRecord(get: Get, callId: string, timeoutMs = 20_000): Promise<CallDetail> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const { status, body } = await get(`/platform/v1/whatsapp/calls/${encodeURIComponent(callId)}`);
    const data = status === 200 ? (body as { data: CallDetail }).data : null;
    if (data?.ending != null) return data;
    if (Date.now() > until) throw new Error(`the call has no ending in the log after ${timeoutMs} ms`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}
