import type {
  AgentFailure,
  AgentInstruction,
  CallIdentity,
  CallPatch,
  CallPolicy,
  CallStatus,
  GraphResult,
  MediaEffect,
  MediaInput,
  TimelineEvent,
} from '../../src/call/index.ts';
import {
  type AgentName,
  type CallLog,
  CallRuntime,
  type Clock,
  type ConnectRequest,
  type ConnectResult,
  type Debt,
  type DebtBook,
  DebtCollector,
  type GraphPort,
  type GraphRequest,
  type Launch,
  type LaunchPort,
  type LaunchResult,
  type MediaPort,
  type PolicySource,
  type RecordedCall,
  type RuntimeMediaReport,
  type RuntimeOptions,
  type UnfinishedCall,
} from '../../src/runtime/index.ts';
import { identity } from './call.ts';
import { DialledPhones, type DialScript, PICKED_UP } from './dialled-phones.ts';
import { VirtualClock } from './virtual-clock.ts';

/** How the parts around the runtime behave for one call. Times in milliseconds. */
export interface Script {
  readonly graphMs: number;
  readonly graph: Partial<Record<GraphRequest['action'], GraphResult>>;
  /** From our answer reaching Meta to ICE and DTLS up; null: never. */
  readonly mediaConnectMs: number | null;
  /** By seat. */
  readonly agents: readonly AgentScript[];
  /** Of a call that we place. */
  readonly dial: DialScript;
}

/** One agent, or one runtime. */
export interface AgentScript {
  /** From dialling to ready, or from the launch to its answer; null: never. */
  readonly readyMs: number | null;
  /** What it says then in place of being ready. */
  readonly refuses?: AgentFailure;
  /** From ready to being lost for good; missing: never. */
  readonly lostAfterMs?: number;
}

export const SMOOTH: Script = {
  graphMs: 80,
  graph: {},
  mediaConnectMs: 150,
  agents: Array(3).fill({ readyMs: 60 }),
  dial: PICKED_UP,
};

export interface WorldOptions {
  readonly maxCalls?: number;
  /** What an earlier world wrote, to begin with. */
  readonly log?: MemoryLog;
  /** In place of a scripted port. */
  readonly ports?: Partial<Pick<RuntimeOptions, 'graph' | 'media' | 'observer' | 'launcher'>>;
  /** In place of letting everybody in. */
  readonly planFor?: PolicySource['planFor'];
}

/** Behaviour by name: of an inbound call Meta's id, of a dial our own. */
export type ScriptOf = (name: string) => Script;

/** A whole bridge without sockets: the real runtime and call machines among scripted ports, on a virtual clock. */
export class World {
  readonly clock = new VirtualClock();
  readonly log: MemoryLog;
  readonly debts = new MemoryDebts();
  readonly graph: ScriptedGraph;
  readonly media: ScriptedMedia;
  readonly launcher: ScriptedLauncher;
  readonly faults: unknown[] = [];
  readonly ignored: string[] = [];
  readonly runtime: CallRuntime;
  /** Not started by itself. */
  readonly collector: DebtCollector;
  readonly #policy: CallPolicy;

  constructor(policy: CallPolicy, script: ScriptOf = () => SMOOTH, options: WorldOptions = {}) {
    this.#policy = policy;
    this.log = options.log ?? new MemoryLog();
    this.graph = new ScriptedGraph(this.clock, script);
    this.media = new ScriptedMedia(this.clock, script, this.graph);
    this.launcher = new ScriptedLauncher(this.clock, script, policy);
    const everybody: PolicySource['planFor'] = async ({ identity: { phoneNumberId } }) =>
      phoneNumberId === '0' ? null : { policy, refusal: null };
    this.runtime = new CallRuntime({
      clock: this.clock,
      graph: this.graph,
      media: this.media,
      log: this.log,
      debts: this.debts,
      launcher: this.launcher,
      policies: { planFor: options.planFor ?? everybody },
      observer: { onIgnored: (_callId, what, why) => this.ignored.push(`${what}: ${why}`) },
      onFault: (fault) => this.faults.push(fault),
      maxCalls: options.maxCalls ?? 100_000,
      onOwed: () => this.collector.wake(),
      ...options.ports,
    });
    this.graph.phones.deliver = (event) => this.runtime.handle(event);
    this.collector = new DebtCollector({
      clock: this.clock,
      graph: this.graph,
      debts: this.debts,
      isLive: (callId) => this.runtime.isLive(callId),
      onFault: (fault) => this.faults.push(fault),
    });
  }

  /** Writes the record, as the reservation of a permitted dial does, and hands the call over. `key`: our id of it. */
  async dial(key: string, policy: CallPolicy = this.#policy): Promise<void> {
    const dialled = dialIdentity(key, this.clock.now());
    await this.log.create(dialled, 'initiated', this.clock.now(), null);
    await this.runtime.dial(dialled, policy);
  }
}

/** A dial that Meta has not named. */
export function dialIdentity(key: string, at: number): CallIdentity {
  return identity({ id: key, callId: key, direction: 'outbound', startedAt: at });
}

export interface MemoryRecord {
  identity: CallIdentity;
  patch: CallPatch;
  readonly events: TimelineEvent[];
}

export class MemoryLog implements CallLog {
  readonly records = new Map<string, MemoryRecord>();
  readonly tombstones = new Set<string>();
  /** Our ids of calls that clients have the media of. */
  readonly followed = new Set<string>();
  readonly #byCallId = new Map<string, string>();
  endings = 0;
  /** Called before a record is written; may wait, and may fail. */
  beforeCreate: () => Promise<void> = async () => {};

  async create(identity: CallIdentity, status: CallStatus, _at: number, agent: AgentName | null): Promise<void> {
    await this.beforeCreate();
    this.#byCallId.set(identity.callId, identity.id);
    const patch = agent === null ? { status } : { status, agent };
    this.records.set(identity.id, { identity, patch, events: [] });
  }

  async update(id: string, patch: CallPatch): Promise<void> {
    const record = this.#get(id);
    if (patch.ending !== undefined) this.endings += 1;
    record.patch = { ...record.patch, ...patch };
    if (patch.callId === undefined) return;
    record.identity = { ...record.identity, callId: patch.callId };
    this.#byCallId.set(patch.callId, id);
  }

  async append(id: string, event: TimelineEvent): Promise<void> {
    this.#get(id).events.push(event);
  }

  async keyOf(callId: string): Promise<string | null> {
    return this.#byCallId.get(callId) ?? null;
  }

  async recorded(key: string): Promise<RecordedCall | null> {
    const record = this.records.get(key);
    return record === undefined ? null : { identity: record.identity, over: record.patch.ending !== undefined };
  }

  async unfinished(): Promise<readonly UnfinishedCall[]> {
    return [...this.records.values()]
      .filter((each) => each.patch.ending === undefined)
      .map(({ identity, patch }) => ({
        identity,
        answered: patch.sessionStartedAt !== undefined,
        launched: patch.launched === true,
        followed: this.followed.has(identity.id),
      }));
  }

  async bury(callId: string): Promise<void> {
    this.tombstones.add(callId);
  }

  async buried(callId: string): Promise<boolean> {
    return this.tombstones.has(callId);
  }

  byCallId(callId: string) {
    return this.records.get(this.#byCallId.get(callId) ?? '');
  }

  #get(id: string) {
    const record = this.records.get(id);
    if (record === undefined) throw new Error('written before it was created');
    return record;
  }
}

export class MemoryDebts implements DebtBook {
  readonly rows = new Map<string, Debt>();

  async owe(debt: Debt): Promise<void> {
    this.rows.set(`${debt.callId} ${debt.action}`, debt);
  }

  async settle(callId: string, action: string): Promise<void> {
    this.rows.delete(`${callId} ${action}`);
  }

  async open(): Promise<readonly Debt[]> {
    return [...this.rows.values()];
  }
}

/** Graph with a memory: what it believes of each call, as Meta would. */
export class ScriptedGraph implements GraphPort {
  readonly requests: GraphRequest[] = [];
  /** Calls that Meta believes alive. */
  readonly alive = new Set<string>();
  readonly phones: DialledPhones;
  onAnswer: (callId: string) => void = () => {};
  readonly #clock: VirtualClock;
  readonly #script: ScriptOf;

  constructor(clock: VirtualClock, script: ScriptOf) {
    this.#clock = clock;
    this.#script = script;
    this.phones = new DialledPhones(clock, this.alive);
  }

  connect(request: ConnectRequest): Promise<ConnectResult> {
    return this.phones.connect(request, this.#script(request.key).dial);
  }

  async act(request: GraphRequest): Promise<GraphResult> {
    this.requests.push(request);
    const script = this.#script(request.callId);
    await this.#clock.wait(script.graphMs);
    const scripted = script.graph[request.action];
    if (scripted !== undefined) return scripted;
    if (request.action === 'pre_accept') this.onAnswer(request.callId);
    if (request.action === 'reject' || request.action === 'terminate') {
      this.phones.end(request.callId);
      this.alive.delete(request.callId);
    }
    return { type: 'graph.ok', action: request.action, tookMs: script.graphMs };
  }

  actionsOf(callId: string): string[] {
    return this.requests.filter((request) => request.callId === callId).map((request) => request.action);
  }
}

/** Tells media that our answer has reached Meta, and that a phone was picked up. */
export interface AnsweredGraph {
  onAnswer: (callId: string) => void;
  readonly phones: Pick<DialledPhones, 'onPickedUp'>;
}

/** Media that keeps what it was told and reports as scripted. */
export class ScriptedMedia implements MediaPort {
  readonly #keys = new Map<string, string>();
  readonly open = new Map<string, { identity: CallIdentity; effects: MediaEffect['type'][] }>();
  readonly instructions: [key: string, instruction: AgentInstruction][] = [];
  #listener: (report: RuntimeMediaReport) => void = () => {};
  readonly #clock: Clock;
  readonly #script: ScriptOf;

  constructor(clock: Clock, script: ScriptOf, graph: AnsweredGraph) {
    this.#clock = clock;
    this.#script = script;
    graph.onAnswer = (callId) => this.#negotiate(this.keyOf(callId), callId);
    graph.phones.onPickedUp = (key) => this.report(key, 60, { type: 'media.heard' });
  }

  onReport(listener: (report: RuntimeMediaReport) => void): void {
    this.#listener = listener;
  }

  async close(): Promise<void> {}

  instruct(key: string, instruction: AgentInstruction): void {
    this.instructions.push([key, instruction]);
  }

  perform(identity: CallIdentity, effect: MediaEffect): void {
    const key = identity.id;
    this.open.get(key)?.effects.push(effect.type);
    switch (effect.type) {
      case 'media.open':
        this.#keys.set(identity.callId, key);
        this.open.set(key, { identity, effects: [effect.type] });
        return this.report(key, 2, { type: 'media.opened', sdp: `answer of ${identity.callId}` });
      case 'media.offer':
        this.open.set(key, { identity, effects: [effect.type] });
        return this.report(key, 2, { type: 'media.opened', sdp: `offer of ${key}` });
      case 'media.answer':
        return this.#negotiate(key, key);
      case 'agent.connect':
      case 'agent.prepare':
        return this.#dial(key, effect.seat, this.#script(nameOf(identity)).agents[effect.seat] ?? { readyMs: 60 });
      case 'media.drain':
        return this.report(key, 400, { type: 'media.drained' });
      case 'media.play':
        return this.report(key, 3_000, { type: 'media.prompt_done', prompt: effect.prompt, played: true });
      case 'media.announce':
        return this.report(key, 1_000, { type: 'media.announced', id: effect.id, played: true });
      case 'media.close':
        this.open.delete(key);
        return this.report(key, 5, { type: 'media.closed', quality: null });
      default:
    }
  }

  /** Reports after `ms`, if the leg is still there (media.closed comes regardless). */
  report(key: string, ms: number, input: Extract<RuntimeMediaReport, { type: 'input' }>['input']): void {
    this.#clock.at(this.#clock.now() + ms, () => {
      if (!this.open.has(key) && input.type !== 'media.closed') return;
      this.#listener({ type: 'input', key, at: this.#clock.now(), input });
    });
  }

  /** Our own id of the call. */
  keyOf(callId: string): string {
    const key = this.#keys.get(callId);
    if (key === undefined) throw new Error('no leg was opened for that call');
    return key;
  }

  #dial(key: string, seat: number, { readyMs, refuses, lostAfterMs }: AgentScript): void {
    if (readyMs === null) return;
    const failed = (code: AgentFailure) => ({ type: 'agent.failed', seat, code, detail: '' }) as const;
    if (refuses !== undefined) return this.report(key, readyMs, failed(refuses));
    this.report(key, readyMs, { type: 'agent.ready', seat, connectMs: readyMs });
    if (lostAfterMs !== undefined) this.report(key, readyMs + lostAfterMs, failed('socket_lost'));
  }

  #negotiate(key: string, name: string): void {
    const { mediaConnectMs } = this.#script(name);
    if (mediaConnectMs === null) return;
    const connected: MediaInput = { type: 'media.connected', setupMs: mediaConnectMs };
    this.report(key, mediaConnectMs, connected);
  }
}

function nameOf({ direction, id, callId }: CallIdentity): string {
  return direction === 'inbound' ? callId : id;
}

/** Runtimes that do as scripted for their seat, and keep what they were given. */
export class ScriptedLauncher implements LaunchPort {
  readonly launches: { readonly callId: string; readonly agentId: string; readonly webhook: unknown }[] = [];
  readonly #clock: VirtualClock;
  readonly #script: ScriptOf;
  readonly #policy: CallPolicy;

  constructor(clock: VirtualClock, script: ScriptOf, policy: CallPolicy) {
    this.#clock = clock;
    this.#script = script;
    this.#policy = policy;
  }

  async launch({ callId }: CallIdentity, { agent, timeoutMs }: Launch, webhook: unknown): Promise<LaunchResult> {
    this.launches.push({ callId, agentId: agent.id, webhook });
    const seat = this.#policy.agents.findIndex((choice) => choice.agent.id === agent.id);
    const { readyMs, refuses } = this.#script(callId).agents[seat]!;
    // A launch that hangs is given up by the port itself in the end.
    await this.#clock.wait(Math.min(readyMs ?? Infinity, timeoutMs));
    if (readyMs === null || readyMs > timeoutMs) return { type: 'failed', code: 'connect_timeout', detail: '' };
    if (refuses !== undefined) return { type: 'failed', code: refuses, detail: '' };
    return { type: 'launched', tookMs: readyMs };
  }
}
