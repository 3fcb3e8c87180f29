import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PhoneReport, SimulatedCall } from '../../../src/simulator/index.ts';
import { type Bridge, type CallDetail, startBridge } from '../bridge.ts';
import type { ScriptedAgent } from './scripted-agent.ts';
import type { ScriptedCall } from './scripted-call.ts';

/** One call: the phone at its one end, the agent's script at the other. */
export interface Line {
  readonly phone: SimulatedCall;
  readonly call: ScriptedCall;
}

export interface PlaceOptions {
  /** What the phone says, 16 kHz. */
  readonly audio?: Int16Array;
  /** Called as soon as the agent is connected, while the phone still rings. */
  readonly onConnected?: (call: ScriptedCall) => void;
}

/** What came of a call. */
export interface Outcome {
  readonly phone: PhoneReport;
  readonly record: CallDetail;
}

/** A bridge with one scripted agent, and phones on a path without delays. */
export class WireHouse {
  readonly agent: ScriptedAgent;
  readonly #bridge: Bridge;
  readonly #folder: string;
  /** One at a time: an agent knows its connections by their order. */
  #dialling: Promise<unknown> = Promise.resolve();

  private constructor(agent: ScriptedAgent, bridge: Bridge, folder: string) {
    this.agent = agent;
    this.#bridge = bridge;
    this.#folder = folder;
  }

  static async open(agent: ScriptedAgent): Promise<WireHouse> {
    const folder = mkdtempSync(join(tmpdir(), 'talkwire-wire-'));
    const file = join(folder, 'agent.json');
    writeFileSync(file, JSON.stringify({ name: agent.name, provider: agent.provider }));
    const bridge = await startBridge({
      agentUrl: '',
      environment: { TALKWIRE_AGENT_FILE: file, TALKWIRE_AGENT_RECONNECT_ATTEMPTS: '1' },
      whatsapp: { profile: null },
    });
    await agent.meet(bridge.service.url);
    return new WireHouse(agent, bridge, folder);
  }

  /** Rings, and waits until the person is on the line with the agent. */
  async place({ audio, onConnected }: PlaceOptions = {}): Promise<Line> {
    const { phone, call } = await this.#inTurn(async () => {
      const next = this.agent.nextCall();
      const phone = await this.#bridge.whatsapp.call({ audio: audio ?? null });
      return { phone, call: await next };
    });
    onConnected?.(call);
    await Promise.all([phone.waitFor('accepted', 10_000), call.answered]);
    return { phone, call };
  }

  /** Does what makes the bridge dial again, which gets through only after `awayMs`; resolves to the new connection. */
  redial(lose: () => void, awayMs = 0): Promise<ScriptedCall> {
    return this.#inTurn(async () => {
      const next = this.agent.nextCall();
      const release = this.agent.hold();
      lose();
      await sleep(awayMs);
      release();
      return next;
    });
  }

  /** The person hangs up, unless the call is over. */
  async end({ phone }: Line): Promise<void> {
    phone.hangUp();
    await phone.waitFor('closed', 20_000);
  }

  /** Of a call that has ended. Decodes all that the phone heard, which takes a while. */
  async outcomeOf({ phone }: Line): Promise<Outcome> {
    const report = await phone.report();
    if (report.phone === null) throw new Error('no phone');
    return { phone: report.phone, record: await this.#bridge.recordOf(phone) };
  }

  async close(): Promise<void> {
    await this.#bridge.close();
    await this.agent.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #inTurn<T>(dial: () => Promise<T>): Promise<T> {
    const turn = this.#dialling.then(dial);
    this.#dialling = turn.catch(() => {});
    return turn;
  }
}
