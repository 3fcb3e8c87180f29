import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CallReport,
  type NetworkProfileName,
  type SimulatedCall,
  type SimulatedWhatsApp,
  startSimulatedWhatsApp,
} from '../../../src/simulator/index.ts';
import { apiOf, bridgeEnvironment, type CallDetail, endedRecord, PHONE_NUMBER_ID } from '../../support/bridge.ts';
import { BridgeProcess } from './bridge-process.ts';
import { RATE } from './pulse.ts';

/** From one call's ringing to the next one's. */
const STAGGER_MS = 40;

/** What came of calls that talked at once. */
export interface LoadRun {
  readonly reports: readonly CallReport[];
  readonly records: readonly CallDetail[];
  /** Of the bridge, while all of them talked. */
  readonly cpuMs: number;
  readonly callSeconds: number;
  readonly peakMb: number;
}

/** A simulated WhatsApp, and the folder and secrets of the bridges that are put under load. */
export class LoadDesk {
  readonly #whatsapp: SimulatedWhatsApp;
  readonly #folder: string;
  readonly #secrets: { readonly app: string; readonly token: string };
  readonly #port: number;

  private constructor(
    whatsapp: SimulatedWhatsApp,
    folder: string,
    secrets: { app: string; token: string },
    port: number,
  ) {
    this.#whatsapp = whatsapp;
    this.#folder = folder;
    this.#secrets = secrets;
    this.#port = port;
  }

  /** `port` is the one that bridges will listen on. */
  static async open(port: number, profile: NetworkProfileName | null): Promise<LoadDesk> {
    const folder = mkdtempSync(join(tmpdir(), 'talkwire-bench-'));
    const secrets = { app: randomBytes(16).toString('hex'), token: randomBytes(16).toString('hex') };
    const whatsapp = await startSimulatedWhatsApp({
      bridgeWebhookUrl: `http://127.0.0.1:${port}/webhooks/whatsapp`,
      appSecret: secrets.app,
      phoneNumberId: PHONE_NUMBER_ID,
      displayPhoneNumber: '15550001111',
      token: secrets.token,
      profile,
    });
    return new LoadDesk(whatsapp, folder, secrets, port);
  }

  get whatsapp(): SimulatedWhatsApp {
    return this.#whatsapp;
  }

  /** What webhooks must be signed with. */
  get appSecret(): string {
    return this.#secrets.app;
  }

  /**
   * A bridge in a process of its own, with a database of its own: memory of a run before must not be counted in. `prepare`
   * fills its file before; `flags` are for node.
   */
  async startBridge(
    agentUrl: string,
    more: Readonly<Record<string, string>> = {},
    { prepare, flags }: { prepare?: (path: string) => Promise<void>; flags?: readonly string[] } = {},
  ): Promise<BridgeProcess> {
    const folder = mkdtempSync(join(this.#folder, 'bridge-'));
    await prepare?.(join(folder, 'talkwire.db'));
    const environment = bridgeEnvironment({
      folder,
      ...this.#secrets,
      graphUrl: this.#whatsapp.graphUrl,
      agentUrl,
      more: { TALKWIRE_LOG_LEVEL: 'error', TALKWIRE_LOG_FILE: '', ...more },
    });
    return await BridgeProcess.start(environment, this.#port, flags);
  }

  /** Rings, lets all phones speak `audio` (16 kHz) while `meanwhile` goes on, measures CPU so long, hangs up. */
  async run(
    bridge: BridgeProcess,
    calls: number,
    audio: Int16Array,
    meanwhile = () => new Promise<void>((wake) => setTimeout(wake, (audio.length / RATE) * 1_000)),
  ): Promise<LoadRun> {
    const placed: SimulatedCall[] = [];
    for (let index = 0; index < calls; index += 1) {
      placed.push(await this.#whatsapp.call({ audio, loop: true }));
      await new Promise((wake) => setTimeout(wake, STAGGER_MS));
    }
    await Promise.all(placed.map((call) => call.waitFor('heard', 30_000)));
    const before = { cpu: bridge.cpuMs(), at: performance.now() };
    await meanwhile();
    const cpuMs = bridge.cpuMs() - before.cpu;
    const callSeconds = (calls * (performance.now() - before.at)) / 1_000;
    const peakMb = bridge.rssMb();
    for (const call of placed) call.hangUp();
    await Promise.all(placed.map((call) => call.waitFor('closed', 30_000)));
    const get = apiOf(bridge.url);
    const records = await Promise.all(placed.map((call) => endedRecord(get, call.callId)));
    const reports = await Promise.all(placed.map((call) => call.report()));
    return { reports, records, cpuMs, callSeconds, peakMb };
  }

  async close(): Promise<void> {
    await this.#whatsapp.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
