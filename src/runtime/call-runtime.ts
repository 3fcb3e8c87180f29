import { randomUUID } from 'node:crypto';
import {
  type AgentTarget,
  type CallIdentity,
  type CallPlan,
  type CallPolicy,
  type Direction,
  isNamed,
  keyInCallbackData,
  type Refusal,
} from '../call/index.ts';
import { CallControl } from './call-control.ts';
import { CallRunner, type RunnerPorts } from './call-runner.ts';
import { DialEvents } from './dial-events.ts';
import { EarlyEvents } from './early-events.ts';
import type { IncomingCallEvent } from './incoming.ts';
import { writeLateTerminate } from './late-terminate.ts';
import { LiveCalls } from './live-calls.ts';
import type { PolicySource, RuntimeMediaReport } from './ports.ts';
import { recoverCalls } from './recover-calls.ts';

export interface RuntimeOptions extends RunnerPorts {
  readonly policies: PolicySource;
  /** New calls are refused while this many are live. */
  readonly maxCalls: number;
  /** A debt was written for a call that is not live: the DebtCollector should look. */
  readonly onOwed?: () => void;
}

/** A call that goes on, as a program asks that drives the call of its agent from outside. */
export interface LiveCall {
  readonly identity: CallIdentity;
  /** The agent that has it; null while nobody has, or a prompt is played. */
  readonly agent: AgentTarget | null;
  /** Unix milliseconds; null before, and where a runtime answers. */
  readonly answeredAt: number | null;
  /** A runtime or a client has its media. */
  readonly elsewhere: boolean;
}

/**
 * All calls that are live in this process: lets new ones in, hands every input to the runner it belongs to, and drains.
 */
export class CallRuntime {
  readonly #options: RuntimeOptions;
  readonly #live = new LiveCalls();
  readonly #early: EarlyEvents;
  readonly #dialEvents: DialEvents;
  /** What may be done to a call while an agent has it. */
  readonly control: CallControl;
  #draining = false;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    const { log, debts, onOwed = () => {} } = options;
    const onIgnored = ({ identity, input }: IncomingCallEvent, why: string) =>
      this.#ignore(identity.callId, input.type, why);
    this.#early = new EarlyEvents({ onDropped: onIgnored });
    this.#dialEvents = new DialEvents({ live: this.#live, early: this.#early, log, debts, onOwed, onIgnored });
    this.control = new CallControl(this.#live, options);
    options.media.onReport((report) => this.#onReport(report));
  }

  get liveCalls(): number {
    return this.#live.size;
  }

  /** Calls that are live, those that runtimes and clients have included. */
  liveByDirection(): Readonly<Record<Direction, number>> {
    const count = { inbound: 0, outbound: 0 };
    for (const { identity } of this.#live.all()) count[identity.direction] += 1;
    return count;
  }

  isLive(callId: string): boolean {
    return this.#live.byCallId(callId) !== undefined;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Takes one event. Resolves when it is in the hands of its call or in the log, not when the call is over. */
  async handle(event: IncomingCallEvent): Promise<void> {
    const { identity, input } = event;
    const at = this.#options.clock.now();
    const running = this.#live.byCallId(identity.callId);
    if (running !== undefined) return await running.deliver({ ...input, at });
    // Webhooks may leave the direction out; our callback data is told with none but a dial.
    const placed = identity.direction === 'outbound' || keyInCallbackData(identity.bizOpaqueCallbackData) !== null;
    if (placed) return await this.#dialEvents.handle(event, at);
    if (input.type === 'meta.connect') return await this.#onConnect(event, at);
    const { log } = this.#options;
    const key = await log.keyOf(identity.callId);
    if (key !== null && input.type === 'meta.terminate') {
      return await writeLateTerminate(log, key, { ...input, at });
    }
    if (key !== null) return this.#ignore(identity.callId, input.type, 'call is over');
    if (input.type === 'meta.terminate') await log.bury(identity.callId, at);
    this.#ignore(identity.callId, input.type, 'no such call here');
  }

  /**
   * Resolves when what was said of a call so far is in the log, or was ignored. What is kept for a call without a name counts
   * as said once that has it.
   */
  async written(callId: string): Promise<void> {
    await this.#early.left(callId);
    // One that is over is forgotten when everything is written.
    await this.#live.byCallId(callId)?.written;
  }

  /** Why no call can be placed now; null if one can. Asked before a place is reserved for it. */
  dialRefusal(): Extract<Refusal, 'draining' | 'at_capacity'> | null {
    if (this.#draining) return 'draining';
    return this.liveCalls >= this.#options.maxCalls ? 'at_capacity' : null;
  }

  /**
   * Places a call whose record is written: `identity.callId` is our own id. Resolves when the call is in the hands of its
   * machine. A drain that began since `dialRefusal` was asked ends it before Graph hears of it; the last place for a call
   * is not kept between the two, so a burst may overstep `maxCalls` by as many dials as are reserved at that moment.
   *
   * @throws Error if a call with that id is live already: nothing is dialled twice
   */
  async dial(identity: CallIdentity, policy: CallPolicy): Promise<void> {
    await this.#begin(identity, policy, this.#draining ? 'service.drained' : 'api.dial');
  }

  /**
   * Writes down what Meta says of a call that a client placed through Graph and has the media of. It is neither waited for
   * nor ended by a drain. One without a name, because Graph's answer was lost, is watched for a webhook that names it.
   *
   * @throws Error if a call with that id is live already
   */
  async follow(identity: CallIdentity, policy: CallPolicy): Promise<void> {
    await this.#begin(identity, policy, 'api.follow');
  }

  /**
   * To be called before Graph is asked to place a call for a client: what Meta says of it before `follow` is kept for it.
   * Returns what is to be called once the call is followed, or does not come to be.
   */
  expectName(phoneNumberId: string): () => void {
    const over = this.#live.expect(phoneNumberId);
    return () => {
      over();
      // Something that was said may have been kept for this one, and is about another that waits for its name.
      if (this.#early.size > 0)
        for (const runner of this.#live.clientsUnnamedOn(phoneNumberId)) this.#nameByEarly(runner);
      this.#dropEarly(phoneNumberId);
    };
  }

  /** Ends one call by its own id, a dial that Meta has not named yet included. False if no such call is live. */
  hangUp(key: string): boolean {
    const runner = this.#live.byKey(key);
    runner?.feed({ type: 'api.hangup', at: this.#options.clock.now() });
    return runner !== undefined;
  }

  /** Null if no such call is live, or it is ending. */
  liveCall(key: string): LiveCall | null {
    const runner = this.#live.byKey(key);
    const standing = runner?.standing ?? null;
    if (runner === undefined || standing === null) return null;
    const { holder, answeredAt, elsewhere } = standing;
    return { identity: runner.identity, agent: holder?.agent ?? null, answeredAt, elsewhere };
  }

  /**
   * Closes the calls that were live when the process died: a typed ending in the log, and Graph is told. Those that a
   * runtime or a client has it takes back into its registry. A dial without a name is never placed again: it is watched for
   * a webhook that names it. Resolves to the number of those that are being closed; Graph may take its time, and callers
   * ring now.
   */
  async recover(): Promise<number> {
    return await recoverCalls(this.#options, (identity, policy) => this.#admit(identity, policy));
  }

  /**
   * Lets nobody in any more and places nothing, waits for the calls to end, and after `graceMs` ends them. What rings goes
   * on ringing meanwhile, in either direction, and may be picked up. A call that a runtime or a client has is not waited for
   * and not ended: its record stays open, and the next start takes it back.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const { clock } = this.#options;
    const cancel = clock.at(clock.now() + graceMs, () => this.endAll());
    const runners = this.#live.all();
    await Promise.all(runners.map((runner) => runner.released()));
    for (const runner of runners) runner.leave();
    cancel();
  }

  /** Ends every live call now, but those that runtimes or clients have. */
  endAll(): void {
    for (const runner of this.#live.all()) {
      runner.feed({ type: 'service.drained', at: this.#options.clock.now() });
      runner.hurry();
    }
  }

  async #onConnect(event: IncomingCallEvent, at: number): Promise<void> {
    const { log, policies, maxCalls } = this.#options;
    const { identity, input, webhook } = event;
    const { callId } = identity;
    if ((await log.keyOf(callId)) !== null) return this.#ignore(callId, 'meta.connect', 'call is over');
    const buried = await log.buried(callId);
    let plan: CallPlan | null;
    let liveOnNumber: number;
    // The plan must hold for the calls that are live now: two at once must not both have a number's last place.
    do {
      liveOnNumber = this.#live.countOn(identity.phoneNumberId);
      plan = await policies.planFor({ identity, at, liveOnNumber });
      if (plan === null) return this.#ignore(callId, 'meta.connect', 'number is not ours');
    } while (liveOnNumber !== this.#live.countOn(identity.phoneNumberId));
    // Another copy of this webhook may have passed the same questions meanwhile.
    const running = this.#live.byCallId(callId);
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

  async #begin(identity: CallIdentity, policy: CallPolicy, type: 'api.dial' | 'api.follow' | 'service.drained') {
    if (this.#live.byKey(identity.id) !== undefined) throw new Error('a call with that id is live already');
    const runner = this.#admit(identity, policy);
    await runner.open(async () => {});
    runner.feed({ type, at: this.#options.clock.now() });
    if (isNamed(identity)) this.#replay(runner);
    else if (type === 'api.follow') this.#nameByEarly(runner);
  }

  /** A webhook of a client's call may have been here before it was known that Graph's answer is lost. */
  #nameByEarly(runner: CallRunner): void {
    const callId = this.#early.idOf((identity) => this.#live.clientsUnnamed(identity) === runner);
    if (callId !== null) runner.feed({ type: 'dial.named', callId, at: this.#options.clock.now() });
  }

  #admit(identity: CallIdentity, policy: CallPolicy, webhook?: unknown): CallRunner {
    const onNamed = (runner: CallRunner) => this.#onNamed(runner);
    const runner = new CallRunner(identity, policy, this.#options, { webhook, onNamed });
    this.#live.add(runner);
    void runner.finished.then(() => this.#forget(runner));
    return runner;
  }

  #onNamed(runner: CallRunner): void {
    this.#live.named(runner);
    this.#replay(runner);
    this.#dropEarly(runner.identity.phoneNumberId);
  }

  /** What Meta said of a call before it was known whose it is. */
  #replay(runner: CallRunner): void {
    const at = this.#options.clock.now();
    for (const input of this.#early.take(runner.identity.callId)) runner.feed({ ...input, at });
  }

  #forget(runner: CallRunner): void {
    this.#live.remove(runner);
    this.#dropEarly(runner.identity.phoneNumberId);
  }

  #dropEarly(phoneNumberId: string): void {
    if (this.#early.size > 0 && !this.#live.awaitsName(phoneNumberId)) this.#early.dropOf(phoneNumberId);
  }

  #onReport(report: RuntimeMediaReport): void {
    const runner = this.#live.byKey(report.key);
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
