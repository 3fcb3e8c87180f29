import { randomUUID } from 'node:crypto';
import {
  type AgentInstruction,
  type AgentTarget,
  type CallIdentity,
  type CallPlan,
  type CallPolicy,
  DEFAULT_POLICY,
  type Input,
  type MetaInput,
  terminateAfterEnd,
} from '../call/index.ts';
import { CallRunner, type RunnerPorts } from './call-runner.ts';
import type { PolicySource, RuntimeMediaReport } from './ports.ts';

export interface RuntimeOptions extends RunnerPorts {
  readonly policies: PolicySource;
  /** New calls are refused while this many are live. */
  readonly maxCalls: number;
}

/** One thing Meta said about one call; `identity` as the webhook gave it, without our own id. */
export interface IncomingCallEvent {
  readonly identity: Omit<CallIdentity, 'id'>;
  readonly input: MetaInput;
  /** Of a connect: Meta's body with this call alone, for a runtime that answers it itself. */
  readonly webhook?: unknown;
}

/** A call that goes on, as a program asks that drives the call of its agent from outside. */
export interface LiveCall {
  readonly identity: CallIdentity;
  /** The agent that has it; null while nobody has, or a prompt is played. */
  readonly agent: AgentTarget | null;
  /** Unix milliseconds; null before, and where a runtime answers. */
  readonly answeredAt: number | null;
}

/**
 * All calls that are live in this process: lets new ones in, hands every input to the runner it belongs to, and drains.
 */
export class CallRuntime {
  readonly #options: RuntimeOptions;
  readonly #byCallId = new Map<string, CallRunner>();
  readonly #byKey = new Map<string, CallRunner>();
  #draining = false;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    options.media.onReport((report) => this.#onReport(report));
  }

  get liveCalls(): number {
    return this.#byKey.size;
  }

  isLive(callId: string): boolean {
    return this.#byCallId.has(callId);
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Takes one event. Resolves when it is in the hands of its call or in the log, not when the call is over. */
  async handle(event: IncomingCallEvent): Promise<void> {
    const { identity, input } = event;
    const at = this.#options.clock.now();
    const running = this.#byCallId.get(identity.callId);
    if (running !== undefined) return await running.deliver({ ...input, at });
    if (input.type === 'meta.connect') return await this.#onConnect(event, at);
    const key = await this.#options.log.keyOf(identity.callId);
    if (key !== null && input.type === 'meta.terminate') return await this.#onLateTerminate(key, { ...input, at });
    if (key !== null) return this.#ignore(identity.callId, input.type, 'call is over');
    if (input.type === 'meta.terminate') await this.#options.log.bury(identity.callId, at);
    this.#ignore(identity.callId, input.type, 'no such call here');
  }

  /** Ends one call by its own id. False if no such call is live. */
  hangUp(key: string): boolean {
    const runner = this.#byKey.get(key);
    runner?.feed({ type: 'api.hangup', at: this.#options.clock.now() });
    return runner !== undefined;
  }

  /** Hands a word from outside to the agent of a call. False if none of ours speaks there. */
  instruct(key: string, instruction: AgentInstruction): boolean {
    const holder = this.#byKey.get(key)?.standing?.holder ?? null;
    if (holder === null || holder.agent.wire === 'runtime') return false;
    this.#options.media.instruct(key, instruction);
    return true;
  }

  /** Hangs up as the agent that has the call. With `drain`, what it said is played first. False if none of ours has it. */
  hangUpForAgent(key: string, drain: boolean, reason: string | null): boolean {
    const runner = this.#byKey.get(key);
    const holder = runner?.standing?.holder ?? null;
    if (runner === undefined || holder === null || holder.agent.wire === 'runtime') return false;
    runner.feed({ type: 'agent.hangup', seat: holder.seat, drain, reason, at: this.#options.clock.now() });
    return true;
  }

  /** Null if no such call is live, or it is ending. */
  liveCall(key: string): LiveCall | null {
    const runner = this.#byKey.get(key);
    const standing = runner?.standing ?? null;
    if (runner === undefined || standing === null) return null;
    const { holder, answeredAt } = standing;
    return { identity: runner.identity, agent: holder?.agent ?? null, answeredAt };
  }

  /**
   * Closes the calls that were live when the process died: a typed ending in the log, and Graph is told. Those that a
   * runtime has it takes back into its registry. Resolves to the number of those that are being closed; Graph may take its
   * time, and callers ring now.
   */
  async recover(): Promise<number> {
    const { log, policies, clock } = this.#options;
    const unfinished = await log.unfinished();
    for (const { identity, answered, launched } of unfinished) {
      const plan = await policies.planFor({ identity, at: clock.now(), liveOnNumber: 0 });
      const runner = this.#admit(identity, plan?.policy ?? { ...DEFAULT_POLICY, agents: [] });
      await runner.open(async () => {});
      runner.feed({ type: 'service.restarted', answered, launched, at: clock.now() });
    }
    return unfinished.filter(({ launched }) => !launched).length;
  }

  /**
   * Lets nobody in any more, waits for the calls to end, and after `graceMs` ends them. A call that a runtime has is not
   * waited for and not ended: its record stays open, and the next start takes it back.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const { clock } = this.#options;
    const cancel = clock.at(clock.now() + graceMs, () => this.endAll());
    const runners = [...this.#byKey.values()];
    await Promise.all(runners.map((runner) => runner.released()));
    for (const runner of runners) runner.leave();
    cancel();
  }

  /** Ends every live call now, but those that runtimes have. */
  endAll(): void {
    for (const runner of this.#byKey.values()) runner.feed({ type: 'service.drained', at: this.#options.clock.now() });
  }

  async #onConnect(event: IncomingCallEvent, at: number): Promise<void> {
    const { log, policies, maxCalls } = this.#options;
    const { identity, input, webhook } = event;
    const { callId } = identity;
    // Every app of the account hears of every call (meta-calling.md §3.2); calls of others leave no record here.
    if (identity.direction === 'outbound') return this.#ignore(callId, 'meta.connect', 'not dialled here');
    if ((await log.keyOf(callId)) !== null) return this.#ignore(callId, 'meta.connect', 'call is over');
    const buried = await log.buried(callId);
    let plan: CallPlan | null;
    let liveOnNumber: number;
    // The plan must hold for the calls that are live now: two at once must not both have a number's last place.
    do {
      liveOnNumber = this.#liveOn(identity.phoneNumberId);
      plan = await policies.planFor({ identity, at, liveOnNumber });
      if (plan === null) return this.#ignore(callId, 'meta.connect', 'number is not ours');
    } while (liveOnNumber !== this.#liveOn(identity.phoneNumberId));
    // Another copy of this webhook may have passed the same questions meanwhile.
    const running = this.#byCallId.get(callId);
    if (running !== undefined) return await running.deliver({ ...input, at });

    const { policy } = plan;
    const refusal = this.#draining ? 'draining' : this.liveCalls >= maxCalls ? 'at_capacity' : plan.refusal;
    const runner = this.#admit({ ...identity, id: randomUUID() }, policy, webhook);
    if (buried) runner.feed({ ...GONE, at, timestamp: at });
    if (refusal !== null) runner.feed({ type: 'service.refused', why: refusal, at });
    runner.feed({ ...input, at });
    const first = policy.agents[0]?.agent;
    const agent = first === undefined ? null : { id: first.id, name: first.name };
    await runner.open(() => log.create(runner.identity, 'ringing', at, agent));
  }

  #liveOn(phoneNumberId: string): number {
    let live = 0;
    for (const { identity } of this.#byKey.values()) if (identity.phoneNumberId === phoneNumberId) live += 1;
    return live;
  }

  /** Of a call that is over and forgotten here, maybe since before a restart. */
  async #onLateTerminate(key: string, input: Extract<Input, { type: 'meta.terminate' }>): Promise<void> {
    const { log } = this.#options;
    for (const effect of terminateAfterEnd(input)) {
      if (effect.type === 'log.append') await log.append(key, effect.event);
      else await log.update(key, effect.patch, input.at);
    }
  }

  #admit(identity: CallIdentity, policy: CallPolicy, webhook?: unknown): CallRunner {
    const runner = new CallRunner(identity, policy, this.#options, webhook);
    this.#byCallId.set(identity.callId, runner);
    this.#byKey.set(identity.id, runner);
    void runner.finished.then(() => this.#forget(runner));
    return runner;
  }

  #forget(runner: CallRunner): void {
    this.#byCallId.delete(runner.identity.callId);
    this.#byKey.delete(runner.identity.id);
  }

  #onReport(report: RuntimeMediaReport): void {
    const runner = this.#byKey.get(report.key);
    if (runner === undefined) return;
    if (report.type === 'input') runner.feed({ ...report.input, at: report.at });
    else runner.note(report.event);
  }

  #ignore(callId: string, what: string, why: string): void {
    this.#options.observer.onIgnored?.(callId, what, why);
  }
}

/** What a terminate said that came before its connect. */
const GONE = {
  type: 'meta.terminate',
  status: null,
  startTime: null,
  endTime: null,
  durationSeconds: null,
  errors: [],
} as const;
