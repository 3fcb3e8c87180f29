import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseWav, toMono } from '../audio/index.ts';
import type { Config } from '../config.ts';
import { type Service, startService } from '../main.ts';
import {
  type BrowserPhone,
  type SimulatedWhatsApp,
  startBrowserPhone,
  startSimulatedWhatsApp,
} from '../simulator/index.ts';
import { createLogger } from '../telemetry/index.ts';
import { apiOf } from './call-log.ts';
import { configure, demoUser, NUMBER } from './configure.ts';
import { placeFirstCall } from './first-call.ts';
import { type Greeting, startGreetingAgent } from './greeting-agent.ts';
import { Narrator } from './narrator.ts';
import type { DemoOptions } from './options.ts';
import { placeOutboundCall } from './outbound-call.ts';

/** As a shell has it for a program that SIGINT ended. */
const INTERRUPTED = 130;

/** Undoes one step; what it gives is awaited. */
type Close = () => unknown;

/**
 * Runs the demo. Resolves to the exit code: 0 if the first call went through and was heard. SIGINT and SIGTERM end it with
 * everything closed; a second one is left to the system.
 */
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

async function stage(options: DemoOptions, narrator: Narrator, open: Close[]): Promise<number> {
  const interrupted = interruption();
  const folder = options.folder === undefined ? mkdtempSync(join(tmpdir(), 'talkwire-demo-')) : resolve(options.folder);
  if (options.folder === undefined) open.push(() => rmSync(folder, { recursive: true, force: true }));
  const secrets = { app: randomBytes(16).toString('hex'), token: randomBytes(16).toString('hex') };

  let agentUrl = options.agent;
  let greeting: Greeting | null = null;
  if (agentUrl === undefined) {
    if (options.outbound) greeting = greetingIn(options.audio);
    const agent = await (greeting === null ? startEchoAgent() : startGreetingAgent(greeting));
    open.push(() => agent.close());
    agentUrl = agent.url;
  }

  let service: Service | null = null;
  const whatsapp = await startSimulatedWhatsApp({
    bridgeWebhookUrl: () => `${service?.url ?? ''}/webhooks/whatsapp`,
    appSecret: secrets.app,
    phoneNumberId: NUMBER.id,
    displayPhoneNumber: NUMBER.display,
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
  let yourTurn = false;
  service = await startService(config, logger, {
    onTimeline({ direction }, event) {
      if (yourTurn && (event.type === 'offer_received' || event.type === 'dial_begun')) {
        narrator.heading('Your call');
        narrator.begin(event.at);
      }
      narrator.bridge(event, direction);
    },
    onLevels: ({ at, callerDb, agentDb }) => narrator.levels(at, callerDb, agentDb),
  });
  open.push(() => service?.stop());
  const phone = options.once ? null : await servePhone(whatsapp, options);
  open.push(() => phone?.close());

  narrator.heading('talkwire demo');
  narrator.fact('bridge', service.url);
  narrator.fact('simulated WhatsApp', whatsapp.graphUrl);
  narrator.fact('agent', agentUrl);
  narrator.fact('network', options.profile);
  narrator.fact('database', join(folder, 'talkwire.db'));

  const play = options.outbound ? placeOutboundCall : placeFirstCall;
  const api = apiOf(service, config);
  const passed = await Promise.race([
    play({ options, narrator, whatsapp, api, greeting }),
    interrupted.then(() => null),
  ]);
  if (passed === null) return INTERRUPTED;
  if (phone !== null) {
    if (options.outbound) await whatsapp.message(phone.user);
    inviteToTheirTurn(narrator, options, phone, curlOf(service, config, phone));
    yourTurn = true;
    await interrupted;
  }
  return passed ? 0 : 1;
}

function inviteToTheirTurn(narrator: Narrator, { outbound }: DemoOptions, phone: BrowserPhone, curl: string): void {
  narrator.heading('Your turn');
  narrator.fact('browser phone', phone.url);
  if (outbound) {
    narrator.fact('', 'Open it: it is the phone of a user. Then have the business call it, from another terminal:');
    narrator.fact('', curl);
    narrator.fact('', 'Ctrl-C ends the demo.');
  } else {
    narrator.fact('', 'Open it, press Call and talk to the agent. Ctrl-C ends the demo.');
  }
}

/** What a client sends for a call to the page; to be pasted into a shell. */
function curlOf(service: Service, config: Config, phone: BrowserPhone): string {
  const body = JSON.stringify({ phone_number_id: NUMBER.id, to: phone.user, permission: 'ask' });
  const url = `${service.url}/platform/v1/whatsapp/calls`;
  return `curl ${url} -H 'x-api-key: ${config.http.apiKeys[0]}' -H 'content-type: application/json' -d '${body}'`;
}

function servePhone(whatsapp: SimulatedWhatsApp, options: DemoOptions): Promise<BrowserPhone> {
  const pageFolder = fileURLToPath(new URL('../../web/phone', import.meta.url));
  const user = demoUser(options, '14155550142');
  return startBrowserPhone({ whatsapp, host: '127.0.0.1', port: options.phonePort, pageFolder, user });
}

function greetingIn(file: string): Greeting {
  const wav = parseWav(readFileSync(file));
  return { samples: toMono(wav), rate: wav.rate };
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

function interruption(): Promise<void> {
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
