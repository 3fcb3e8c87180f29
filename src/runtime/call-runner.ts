import {
  beginCall,
  type Call,
  type CallIdentity,
  type CallPatch,
  type CallPolicy,
  type Effect,
  type Input,
  isLaunched,
  isNamed,
  isOver,
  lacksOnlyName,
  type Standing,
  standingOf,
  step,
  type TimelineEvent,
  type TransferOutcome,
} from '../call/index.ts';
import { insist } from './insist.ts';
import { NoteLimit } from './note-limit.ts';
import type {
  CallLog,
  Clock,
  DebtBook,
  GraphPort,
  LaunchPort,
  LaunchResult,
  MediaPort,
  RuntimeObserver,
} from './ports.ts';
import { type GraphEffect, tellGraph } from './tell-graph.ts';
import { TransferWaiters } from './transfer-waiters.ts';
import { WriteQueue } from './write-queue.ts';

export interface RunnerPorts {
  readonly clock: Clock;
  readonly graph: GraphPort;
  readonly media: MediaPort;
  readonly launcher: LaunchPort;
  readonly log: CallLog;
  readonly debts: DebtBook;
  readonly observer: RuntimeObserver;
  /** A port or the observer failed where it must not. Told, so that it is logged; the call goes on. */
  readonly onFault: (fault: unknown, identity: CallIdentity) => void;
}

export interface RunnerOptions {
  /** What Meta said of the call, for a runtime that answers it itself. */
  readonly webhook?: unknown;
  /** Meta's id of a dial is known from now on; `runner.identity` has it. */
  readonly onNamed?: (runner: CallRunner) => void;
}

/**
 * Runs the machine of one call: feeds it inputs one at a time, performs its effects, feeds results back, and wakes it at
 * its deadline. Log writes happen in order; nothing that a webhook waits for depends on them but the call's own record.
 */
export class CallRunner {
  /** Resolves when the call is over and its log is written, or when it could not be recorded at all. */
  readonly finished: Promise<void>;
  readonly #ports: RunnerPorts;
  readonly #options: RunnerOptions;
  #call: Call;
  #cancelTimer: (() => void) | null = null;
  readonly #writes: WriteQueue;
  #finish: () => void = () => {};
  /** Resolves when the call can go on, or end, without this process. */
  readonly #free: Promise<void>;
  #setFree: () => void = () => {};
  #over = false;
  #hurried = false;
  #left = false;
  /** Graph was asked to place the call and has not answered. */
  #placing = false;
  readonly #notes = new NoteLimit();
  /** What came before the record was written, or while an input is being taken. */
  readonly #inputs: Input[] = [];
  #opening: Promise<void> = Promise.resolve();
  #idle = false;
  readonly #transfers = new TransferWaiters();

  constructor(identity: CallIdentity, policy: CallPolicy, ports: RunnerPorts, options: RunnerOptions = {}) {
    this.#ports = ports;
    this.#writes = new WriteQueue((fault) => ports.onFault(fault, this.identity));
    this.#options = options;
    this.#call = beginCall(identity, policy);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#free = new Promise((resolve) => {
      this.#setFree = resolve;
    });
  }

  /** As the machine knows it: a dial gets Meta's id in its course. */
  get identity(): CallIdentity {
    return this.#call.identity;
  }

  /** A client's call to which Graph's answer was lost: it has no name, and its webhooks do not carry our data. */
  get isClientsUnnamed(): boolean {
    return this.standing?.elsewhere === true && !isNamed(this.identity);
  }

  /** Null once the call is ending. */
  get standing(): Standing | null {
    return standingOf(this.#call);
  }

  /** Resolves when the call does not need this process any more: it is finished, or the next start takes it over. */
  async released(): Promise<void> {
    await Promise.race([this.finished, this.#free]);
    await (this.#isFree() ? this.#writes.settled : this.finished);
  }

  /** The process stops: it does not wait for a name that may never come, which the next start can wait for as well. */
  hurry(): void {
    this.#hurried = true;
    if (this.#isFree()) this.#setFree();
  }

  /** The process stops, and a call that does not need it goes on without it: no timer of it may keep the process up. */
  leave(): void {
    this.#left = true;
    if (this.#isFree()) this.#setTimer(null);
  }

  /**
   * Writes the record first: nothing is answered for a call that a crash could forget. Inputs that come meanwhile wait.
   * Rejects if the record could not be written; the runner is then dead.
   */
  open(createRecord: () => Promise<void>): Promise<void> {
    this.#opening = this.#open(createRecord);
    return this.#opening;
  }

  /** Takes an input at once, or after the one that is being taken: a port may report while it is told to do something. */
  feed(input: Input): void {
    this.#inputs.push(input);
    if (this.#idle) this.#takeAll();
  }

  /** Feeds an input that nobody will bring again: resolves once the call has it, rejects if the call could not be recorded. */
  async deliver(input: Input): Promise<void> {
    this.feed(input);
    await this.#opening;
  }

  /** Resolves when what came of all inputs so far is in the log, or could not be written. */
  get written(): Promise<void> {
    return this.#writes.settled;
  }

  async #open(createRecord: () => Promise<void>): Promise<void> {
    try {
      await createRecord();
    } catch (fault) {
      this.#finish();
      throw fault;
    }
    this.#takeAll();
  }

  #takeAll(): void {
    this.#idle = false;
    for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) this.#take(input);
    this.#idle = true;
  }

  #take(input: Input): void {
    const { callId } = this.identity;
    const result = step(this.#call, input);
    this.#call = result.call;
    // Before its effects are performed: what comes of them must find the call by its name.
    if (this.identity.callId !== callId) this.#options.onNamed?.(this);
    this.#setTimer(this.#left && this.#isFree() ? null : result.deadline);
    this.#writes.together(() => {
      for (const effect of result.effects) this.#perform(effect, input.at);
    });
    if (this.#isFree()) this.#setFree();
    if (!this.#over && isOver(this.#call)) {
      this.#over = true;
      void this.#writes.settled.then(this.#finish);
    }
  }

  #isFree(): boolean {
    return isLaunched(this.#call) || (this.#hurried && !this.#placing && lacksOnlyName(this.#call));
  }

  #setTimer(deadline: number | null): void {
    const { clock } = this.#ports;
    this.#cancelTimer?.();
    this.#cancelTimer =
      deadline === null ? null : clock.at(deadline, () => this.feed({ type: 'timer', at: clock.now() }));
  }

  /** Resolves to what becomes of the transfer to this seat, which is under way; the record tells of it by then. */
  transferred(seat: number): Promise<TransferOutcome> {
    return this.#transfers.wait(seat);
  }

  /** Puts a note of something that the machine need not know into the timeline. */
  note(event: TimelineEvent): void {
    const taken = this.#notes.take(event);
    if (taken !== null) this.#append(taken);
  }

  #perform(effect: Effect, at: number): void {
    switch (effect.type) {
      case 'graph.pre_accept':
      case 'graph.accept':
      case 'graph.reject':
      case 'graph.terminate':
      case 'graph.connect':
        void this.#tellGraph(effect);
        return;
      case 'agent.launch':
        void this.#launch(effect);
        return;
      case 'log.append':
        this.#append(effect.event);
        return;
      case 'log.update':
        this.#update(effect.patch, at);
        return;
      case 'transfer.over':
        void this.#transfers.tell(effect.seat, effect.outcome, () => this.#writes.settled);
        return;
      case 'media.open':
      case 'media.offer':
      case 'media.answer':
      case 'media.ungate':
      case 'media.play':
      case 'media.announce':
      case 'media.drain':
      case 'media.close':
      case 'agent.connect':
      case 'agent.start':
      case 'agent.close':
      case 'agent.prepare':
      case 'agent.switch':
      case 'agent.drop':
        this.#tell(() => this.#ports.media.perform(this.identity, effect));
        return;
      default:
        effect satisfies never;
    }
  }

  #append(event: TimelineEvent): void {
    const { observer, log } = this.#ports;
    this.#tell(() => observer.onTimeline?.(this.identity, event));
    this.#writes.add(() => log.append(this.identity.id, event));
  }

  #update(patch: CallPatch, at: number): void {
    const { observer, log, clock, onFault } = this.#ports;
    const write = () => log.update(this.identity.id, patch, at);
    // A record without its ending counts as a live call, against the limits of its number and its user.
    const again = () => insist(write, clock, (fault) => onFault(fault, this.identity));
    this.#writes.add(patch.ending === undefined ? write : again);
    this.#tell(() => observer.onUpdated?.(this.identity, patch));
  }

  async #launch(effect: Extract<Effect, { type: 'agent.launch' }>): Promise<void> {
    const { seat } = effect;
    const { clock, launcher, onFault } = this.#ports;
    let result: LaunchResult;
    try {
      result = await launcher.launch(this.identity, effect, this.#options.webhook);
    } catch (fault) {
      onFault(fault, this.identity);
      result = { type: 'failed', code: 'agent_error', detail: '' };
    }
    const at = clock.now();
    if (result.type === 'launched') this.feed({ type: 'agent.launched', seat, tookMs: result.tookMs, at });
    else this.feed({ type: 'agent.failed', seat, code: result.code, detail: result.detail, at });
  }

  async #tellGraph(effect: GraphEffect): Promise<void> {
    const places = effect.type === 'graph.connect';
    if (places) this.#placing = true;
    const word = await tellGraph(this.identity, effect, this.#ports);
    if (places) this.#placing = false;
    this.feed({ ...word, at: this.#ports.clock.now() });
  }

  #tell(work: () => void): void {
    try {
      work();
    } catch (fault) {
      this.#ports.onFault(fault, this.identity);
    }
  }
}
