import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { parseWav } from '../../src/audio/index.ts';
import type { ThreadLoad } from '../../src/media/index.ts';
import type { CallManners, CallOptions, SimulatedCall } from '../../src/simulator/index.ts';
import { type Bridge, type BridgeOptions, startBridge } from './bridge.ts';
import { type ClosingRow, dialledIn, farewellsOf, isLaunched } from './closing-table.ts';
import { type Dialled, Dialler } from './dialler.ts';
import { liveTimers, openThings, settles, timersAtRest } from './open-things.ts';
import { RawAgent, type RawAgentConnection } from './raw-agent.ts';
import { RuntimeBot } from './runtime-bot.ts';
import { Switchboard } from './switchboard.ts';

/** What a walk down one row of docs/closing.md leaves to be held against the row. */
export interface Walked {
  /** Meta's id of it; of a dial our own. */
  readonly callId: string;
  /** Everything that Graph was asked, as `Bridge.graphActions` or `Dialler.graphActions` tells it. */
  readonly graph: readonly string[];
  /** Of a call that we placed. */
  readonly dialled?: Dialled;
}

export interface AgentManners {
  /** Default true: the agent is ready at once. */
  readonly ready?: boolean;
  /** Answer the upgrade with this HTTP status. */
  readonly refuseWith?: number;
}

/** Anything that a call could leave behind, before there was one. */
export type Before = Readonly<{ timers: number; udpSockets: number; files: readonly string[] }>;

/** A bridge, and agents that do what the test says. */
export class House {
  readonly bridge: Bridge;
  /** The operator's way to the bridge. */
  readonly board: Switchboard;
  /** A client's way to it. */
  readonly dialler: Dialler;
  /** The environment's. */
  readonly agent: RawAgent;
  /** Whom the number has only if the operator adds them. */
  readonly second: RawAgent;
  readonly runtime: RuntimeBot;

  private constructor(bridge: Bridge, agent: RawAgent, second: RawAgent, runtime: RuntimeBot) {
    this.bridge = bridge;
    this.board = new Switchboard(bridge);
    this.dialler = new Dialler(bridge);
    this.agent = agent;
    this.second = second;
    this.runtime = runtime;
  }

  static async start(options: BridgeOptions = {}): Promise<House> {
    const [agent, second] = await Promise.all([RawAgent.start(), RawAgent.start()]);
    const environment = {
      TALKWIRE_PROMPTS_FOLDER: 'assets/prompts',
      TALKWIRE_AGENT_RECONNECT_ATTEMPTS: '0',
      ...options.environment,
    };
    const bridge = await startBridge({ agentUrl: agent.url, ...options, environment });
    const runtime = await RuntimeBot.start(bridge.whatsapp.graphUrl);
    await timersAtRest();
    // A second connection of this process to the database leaves a descriptor that SQLite uses again; it is not a call's.
    bridge.unfinishedRows();
    return new House(bridge, agent, second, runtime);
  }

  /** Places a call to which the agent behaves as told. */
  async call(options: CallOptions = {}, manners: AgentManners = {}): Promise<SimulatedCall> {
    this.#instructAgent(manners);
    return await this.bridge.whatsapp.call(options);
  }

  /** Has a call placed to somebody who has allowed it and takes it so, and to which the agent behaves as told. */
  async dial(manners: CallManners = {}, ofAgent: AgentManners = {}): Promise<Dialled> {
    this.#instructAgent(ofAgent);
    return await this.dialler.dialFriend(manners);
  }

  /** A call that we placed, whose phone rings and whose agent is connected. */
  async ring(manners: CallManners = {}, ofAgent: AgentManners = {}) {
    const dialled = await this.dial(manners, ofAgent);
    const phone = await this.dialler.phoneOf(dialled);
    const agent = await this.agent.connectionOf(phone.callId);
    await this.dialler.reached(dialled, 'ringing');
    return { dialled, phone, agent };
  }

  /** A call in which phone and agent are on the line with each other. */
  async talk(options: CallOptions = {}): Promise<{ call: SimulatedCall; agent: RawAgentConnection }> {
    const call = await this.call(options);
    const agent = await this.agent.connectionOf(call.callId);
    await agent.hear('answered');
    await call.waitFor('heard', 10_000);
    return { call, agent };
  }

  /** A call that is pre-accepted and connected, and waits for its agent. */
  async waiting(options: CallOptions = {}): Promise<{ call: SimulatedCall; agent: RawAgentConnection }> {
    const call = await this.call(options, { ready: false });
    const agent = await this.agent.connectionOf(call.callId);
    await this.bridge.reached(call, 'pre_accepted');
    await this.bridge.reached(call, 'media_connected');
    return { call, agent };
  }

  /** Has our own API end the call once it has come so far. */
  async hangUp(call: SimulatedCall, far = 'media_opened'): Promise<void> {
    const { id } = await this.bridge.reached(call, far);
    expect(this.bridge.service.hangUp(id)).toBe(true);
  }

  #instructAgent({ ready = true, refuseWith }: AgentManners): void {
    this.agent.options.ready = ready;
    if (refuseWith === undefined) delete this.agent.options.refuseWith;
    else this.agent.options.refuseWith = refuseWith;
  }

  before(): Before {
    return { timers: liveTimers(), ...openThings() };
  }

  /** Record, Graph and agent are as the row says. */
  async check(row: ClosingRow, { callId, graph, dialled }: Walked): Promise<void> {
    const { bridge, dialler } = this;
    const asked = () => (dialled === undefined ? bridge.graphActions({ callId }) : dialler.graphActions(dialled));
    await bridge.recordOf({ callId });
    await settles('Graph was asked', asked, ({ length }) => length >= graph.length, 2_000);
    // Meta's terminate follows every call and may still bring a duration.
    await settles('webhooks wait', () => bridge.unfinishedRows().webhooks, isZero, 2_000);
    const { ending, status, duration_seconds: duration, timeline, call_id: name } = await bridge.recordOf({ callId });
    expect(`${ending?.class}/${ending?.reason}/${ending?.ended_by}`).toBe(row.record);
    expect(status).toBe(/^(failed|dropped)/.test(row.record) ? 'failed' : 'completed');
    expect(timeline.filter((line) => line.type === 'ended')).toHaveLength(1);
    expect(asked()).toEqual(graph);
    expect(graph.map((action) => action.split(' ')[0]).filter(isFarewell)).toEqual(farewellsOf(row.graph));
    const wasAnswered = dialled === undefined ? isAccepted(row, graph) : /^(completed|dropped)/.test(row.record);
    expect(duration).toEqual(wasAnswered ? expect.any(Number) : null);
    const types = timeline.map((line) => line.type);
    if (row.media === 'never opened') expect(types).not.toContain('media_opened');
    expect(types.filter(isDialled)).toHaveLength(dialledIn(row.agent));
    expect(types.includes('agent_launched')).toBe(row.agent === 'has the call');
    expect(this.runtime.launchesOf(name ?? '')).toHaveLength(isLaunched(row.agent) ? 1 : 0);
    const connections = [this.agent, this.second].flatMap((agent) => agent.connectionsOf(name ?? ''));
    expect(connections.length).toBeLessThanOrEqual(dialledIn(row.agent) + types.filter(isReconnecting).length);
    for (const { closed } of connections) await closed;
  }

  /** Nothing of any call is left in the kernel, in the main thread or in the database. */
  async nothingOpen(before: Before): Promise<void> {
    const { bridge } = this;
    await settles('more UDP sockets are open', () => openThings().udpSockets - before.udpSockets, isZero, 1_000);
    const { agent, second, runtime } = this;
    const ofAgents = () => agent.openCount + second.openCount + runtime.openCount;
    await settles('agents have something open', ofAgents, isZero, 1_000);
    await settles('calls are live', () => bridge.service.liveCalls, isZero, 1_000);
    await settles('rows wait', () => bridge.unfinishedRows(), allZero, 1_000);
    await settles('more files are open', () => extra(openThings().files, before.files), isEmpty, 1_000);
    await settles(
      'timers run',
      () => liveTimers() - before.timers,
      (more) => more <= 0,
      1_000,
    );
  }

  /** The media threads hold no session, and their clocks stand still: one that ticks is never exactly in time. */
  async threadsIdle(): Promise<void> {
    const { loads } = this.bridge;
    loads.clear();
    await settles('media threads', () => [...loads.values()], someAndAllIdle, 10_000);
  }

  async close(): Promise<void> {
    await this.bridge.close();
    await Promise.all([this.agent.stop(), this.second.stop(), this.runtime.stop()]);
  }
}

const RATE = 16_000;
const hello = parseWav(readFileSync('assets/audio/hello.wav')).samples;

/** The first `ms` of what is spoken in assets/audio/hello.wav, 16 kHz. */
export function words(ms: number): Int16Array {
  return hello.slice(0, (ms * RATE) / 1_000);
}

function isAccepted({ name }: ClosingRow, graph: readonly string[]): boolean {
  return graph.includes('accept') || name === 'overtaken';
}

function isDialled(type: string): boolean {
  return type === 'agent_connecting' || type === 'transfer_started';
}

function isReconnecting(type: string): boolean {
  return type === 'agent_reconnecting';
}

function isFarewell(action: string | undefined): boolean {
  return action === 'reject' || action === 'terminate';
}

function isZero(count: number): boolean {
  return count === 0;
}

function allZero(counts: object): boolean {
  return Object.values(counts).every(isZero);
}

function isEmpty(list: readonly unknown[]): boolean {
  return list.length === 0;
}

function someAndAllIdle(loads: readonly ThreadLoad[]): boolean {
  return loads.length > 0 && loads.every(({ calls, clockLagMs }) => calls === 0 && clockLagMs === 0);
}

function extra(now: readonly string[], before: readonly string[]): string[] {
  const left = [...before];
  return now.filter((path) => {
    const known = left.indexOf(path);
    if (known >= 0) left.splice(known, 1);
    return known < 0;
  });
}
