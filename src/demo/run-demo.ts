import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../config.ts';
import { type Service, startService } from '../main.ts';
import {
  measureEcho,
  type NetworkProfileName,
  type PhoneReport,
  type SimulatedCall,
  type SimulatedWhatsApp,
  startBrowserPhone,
  startSimulatedWhatsApp,
} from '../simulator/index.ts';
import { createLogger } from '../telemetry/index.ts';
import { Narrator } from './narrator.ts';

export interface DemoOptions {
  /** End after the first call. */
  readonly once: boolean;
  /** Keeps the database here; a temporary folder otherwise. */
  readonly folder?: string;
  /** ws:// address of an agent that speaks the raw wire; the echo agent otherwise. */
  readonly agent?: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly phonePort: number;
  readonly audio: string;
  readonly profile: NetworkProfileName;
}

const NUMBER = '106540352242922';
/** How long the phone listens on after its last word, so that the echo of it can come back. */
const LISTEN_MS = 1_500;
/** Below this, what came back is not what was spoken (waveform correlation of an Opus round trip is about 0.8 to 0.95). */
const GOOD_ECHO = 0.5;

/** Undoes one step; what it gives is awaited. */
type Close = () => unknown;

/** Runs the demo. Resolves to the exit code: 0 if the first call went through and was heard. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const narrator = new Narrator((text) => process.stdout.write(text));
  const open: Close[] = [];
  try {
    return await stage(options, narrator, open);
  } catch (error) {
    process.stderr.write(`\nThe demo cannot go on: ${explain(error)}\n`);
    return 1;
  } finally {
    for (const close of open.reverse()) await close();
  }
}

async function stage(options: DemoOptions, narrator: Narrator, open: Close[]) {
  const folder = options.folder === undefined ? mkdtempSync(join(tmpdir(), 'talkwire-demo-')) : resolve(options.folder);
  if (options.folder === undefined) open.push(() => rmSync(folder, { recursive: true, force: true }));
  const secrets = { app: randomBytes(16).toString('hex'), token: randomBytes(16).toString('hex') };

  let agentUrl = options.agent;
  if (agentUrl === undefined) {
    const agent = await startEchoAgent();
    open.push(() => agent.close());
    agentUrl = agent.url;
  }

  let service: Service | null = null;
  const whatsapp = await startSimulatedWhatsApp({
    bridgeWebhookUrl: () => `${service?.url ?? ''}/webhooks/whatsapp`,
    appSecret: secrets.app,
    phoneNumberId: NUMBER,
    displayPhoneNumber: '15550001111',
    token: secrets.token,
    profile: options.profile,
  });
  open.push(() => whatsapp.close());

  const config = configure(options, { folder, agentUrl, graphUrl: whatsapp.graphUrl, ...secrets });
  const logger = createLogger({
    level: config.logLevel,
    file: config.logFile,
    destination: process.stderr,
    secrets: config.secrets,
  });
  service = await startService(config, logger, {
    onTimeline: (_identity, event) => narrator.bridge(event),
    onLevels: ({ at, callerDb, agentDb }) => narrator.levels(at, callerDb, agentDb),
  });
  open.push(() => service?.stop());

  narrator.heading('talkwire demo');
  narrator.fact('bridge', service.url);
  narrator.fact('simulated WhatsApp', whatsapp.graphUrl);
  narrator.fact('agent', agentUrl);
  narrator.fact('network', options.profile);
  narrator.fact('database', join(folder, 'talkwire.db'));

  const passed = await placeCall(options, narrator, whatsapp, service, config);
  if (options.once) return passed ? 0 : 1;

  const phone = await startBrowserPhone({
    whatsapp,
    host: '127.0.0.1',
    port: options.phonePort,
    pageFolder: fileURLToPath(new URL('../../web/phone', import.meta.url)),
  });
  open.push(() => phone.close());
  narrator.heading('Your turn');
  narrator.fact('browser phone', phone.url);
  narrator.fact('', 'Open it, press Call and talk to the agent. Ctrl-C ends the demo.');
  await interrupted();
  return passed ? 0 : 1;
}

async function placeCall(
  options: DemoOptions,
  narrator: Narrator,
  whatsapp: SimulatedWhatsApp,
  service: Service,
  config: Config,
): Promise<boolean> {
  narrator.heading('A call');
  const call = await whatsapp.call({ audio: options.audio });
  const began = call.timeline[0]?.at ?? Date.now();
  narrator.begin(began);
  narrator.phone(began, 'ringing');
  call.onEntry(({ at, type }) => narrator.phone(at, type));
  const answered = await call.waitFor('accepted', 30_000).then(
    () => true,
    () => false,
  );
  if (answered) {
    await call.waitFor('spoken', 120_000);
    await new Promise((wake) => setTimeout(wake, LISTEN_MS));
  }
  call.hangUp();
  await call.waitFor('closed', 10_000);
  const record = await recordOf(call, service, config);
  tellRecord(narrator, record);
  if (!answered) {
    const why = record.ending?.reason ?? 'unknown';
    const hint =
      why === 'agent_unavailable' ? ` The agent at ${config.firstNumber?.policy.agent?.url} is missing.` : '';
    throw new Error(`the call was not answered (${why}).${hint}`);
  }
  const { phone } = await call.report();
  return phone !== null && tellEcho(narrator, phone);
}

interface Detail {
  readonly ending: { readonly class: string; readonly reason: string; readonly ended_by?: string } | null;
  readonly quality: Readonly<Record<string, unknown>> | null;
  readonly [key: string]: unknown;
}

/** The log entry as any client gets it. It is written a moment after the phone knows that the call is over. */
async function recordOf(call: SimulatedCall, service: Service, config: Config): Promise<Detail> {
  const headers = { 'x-api-key': config.http.apiKeys[0] ?? '' };
  for (let attempt = 0; ; attempt += 1) {
    const response = await fetch(`${service.url}/platform/v1/whatsapp/calls/${encodeURIComponent(call.callId)}`, {
      headers,
    });
    if (response.ok) {
      const { data } = (await response.json()) as { data: Detail };
      if (data.ending !== null || attempt === 50) return data;
    } else if (attempt === 50) {
      throw new Error(`the call is not in the log (HTTP ${response.status})`);
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

const RECORD_FIELDS = ['id', 'direction', 'status', 'duration_seconds', 'session_started_at', 'ended_at'] as const;

function tellRecord(narrator: Narrator, record: Detail): void {
  narrator.heading('Its entry in the call log');
  for (const field of RECORD_FIELDS) narrator.fact(field, String(record[field]));
  narrator.fact('ending', `${record.ending?.class ?? 'none'}: ${record.ending?.reason ?? ''}`);
  if (record.quality === null) return;
  narrator.heading('Quality');
  for (const [name, value] of Object.entries(record.quality)) {
    narrator.fact(name, typeof value === 'number' ? String(Math.round(value * 100) / 100) : String(value));
  }
}

function tellEcho(narrator: Narrator, phone: PhoneReport): boolean {
  narrator.heading('What the phone heard');
  const match = measureEcho(phone);
  if (match === null) {
    narrator.fact('echo', 'none: nothing was heard');
    return false;
  }
  narrator.fact('echo delay', `${Math.round(match.delayMs)} ms from mouth to ear, without the phone's own buffer`);
  narrator.fact('match with the words', `${match.waveform.toFixed(3)} waveform, ${match.envelope.toFixed(3)} loudness`);
  narrator.fact('gaps of 40 ms or more', String(phone.gaps));
  narrator.fact('media before accept', String(phone.mediaBeforeAccept));
  const good = match.waveform >= GOOD_ECHO && phone.mediaBeforeAccept === 0;
  narrator.fact('verdict', good ? 'the call works' : 'what came back is not what was spoken');
  return good;
}

interface Setting {
  readonly folder: string;
  readonly agentUrl: string;
  readonly graphUrl: string;
  readonly app: string;
  readonly token: string;
}

/** The demo is configured as any installation is: through the environment. */
function configure(options: DemoOptions, setting: Setting): Config {
  return loadConfig({
    TALKWIRE_HOST: '127.0.0.1',
    TALKWIRE_PORT: String(options.port),
    TALKWIRE_DATABASE: join(setting.folder, 'talkwire.db'),
    TALKWIRE_MASTER_KEY_FILE: masterKeyFile(setting.folder),
    TALKWIRE_API_KEYS: randomBytes(16).toString('hex'),
    TALKWIRE_APP_SECRETS: setting.app,
    TALKWIRE_VERIFY_TOKEN: randomBytes(8).toString('hex'),
    TALKWIRE_GRAPH_URL: setting.graphUrl,
    TALKWIRE_PHONE_NUMBER_ID: NUMBER,
    TALKWIRE_ACCESS_TOKEN: setting.token,
    TALKWIRE_AGENT_URL: setting.agentUrl,
    TALKWIRE_MEDIA_THREADS: '1',
    // Loopback for the simulated phone; the others because a browser's candidates are on them.
    TALKWIRE_BIND_ADDRESSES: ['127.0.0.1', ...lanAddresses()].join(','),
    TALKWIRE_LOG_LEVEL: 'error',
  });
}

/** A folder that is kept needs its key again the next time. */
function masterKeyFile(folder: string): string {
  const file = join(folder, 'master.key');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600 });
  return file;
}

function lanAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter((each) => each.family === 'IPv4' && !each.internal).map((each) => each.address);
}

/** The example is run as it stands, compiled or not. */
async function startEchoAgent(): Promise<{ url: string; close: () => Promise<void> }> {
  const entry = import.meta.url.endsWith('.ts') ? '../../examples/echo-agent.ts' : '../examples/echo-agent.js';
  const module: unknown = await import(new URL(entry, import.meta.url).href);
  return await (module as EchoAgentModule).startEchoAgent({ host: '127.0.0.1', port: 0 });
}

interface EchoAgentModule {
  startEchoAgent(options: { host: string; port: number }): Promise<{ url: string; close: () => Promise<void> }>;
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE')
    return `port ${port} is taken by another program; choose another with --port or --phone-port.`;
  if (code === 'ENOENT') return `a file is missing: ${error.message}`;
  return error.message;
}
