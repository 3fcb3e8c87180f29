import {
  beginCall,
  type Call,
  type CallIdentity,
  type CallPatch,
  type CallPolicy,
  type Effect,
  type GraphAction,
  type GraphResult,
  type Input,
  isLaunched,
  isOver,
  type Standing,
  standingOf,
  step,
  type TimelineEvent,
} from '../call/index.ts';
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

/** Lines from outside the machine (transcripts, messages of the agent) per call: an agent must not fill the disk. */
const MAX_NOTES = 5_000;

/**
 * Runs the machine of one call: feeds it inputs one at a time, performs its effects, feeds results back, and wakes it at
 * its deadline. Log writes happen in order; nothing that a webhook waits for depends on them but the call's own record.
 */
export class CallRunner {
  readonly identity: CallIdentity;
  /** Resolves when the call is over and its log is written, or when it could not be recorded at all. */
  readonly finished: Promise<void>;
  readonly #ports: RunnerPorts;
  readonly #webhook: unknown;
  #call: Call;
  #cancelTimer: (() => void) | null = null;
  #writes: Promise<void> = Promise.resolve();
  #finish: () => void = () => {};
  readonly #launched: Promise<void>;
  #onLaunched: () => void = () => {};
  #over = false;
  #left = false;
  #notes = 0;
  /** What came before the record was written, or while an input is being taken. */
  readonly #inputs: Input[] = [];
  #opening: Promise<void> = Promise.resolve();
  #idle = false;

  /** `webhook`: what Meta said of the call, for a runtime that answers it itself. */
  constructor(identity: CallIdentity, policy: CallPolicy, ports: RunnerPorts, webhook?: unknown) {
    this.identity = identity;
    this.#ports = ports;
    this.#webhook = webhook;
    this.#call = beginCall(identity, policy);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#launched = new Promise((resolve) => {
      this.#onLaunched = resolve;
    });
  }

  /** Null once the call is ending. */
  get standing(): Standing | null {
    return standingOf(this.#call);
  }

  /** Resolves when the call does not need this process any more: it is finished, or a runtime has it and the log says so. */
  async released(): Promise<void> {
    await Promise.race([this.finished, this.#launched]);
    await (isLaunched(this.#call) ? this.#writes : this.finished);
  }

  /** The process stops, and if a runtime has the call it goes on without it: no timer of it may keep the process up. */
  leave(): void {
    this.#left = true;
    if (isLaunched(this.#call)) this.#setTimer(null);
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
    const result = step(this.#call, input);
    this.#call = result.call;
    this.#setTimer(this.#left && isLaunched(this.#call) ? null : result.deadline);
    for (const effect of result.effects) this.#perform(effect, input.at);
    if (isLaunched(this.#call)) this.#onLaunched();
    if (!this.#over && isOver(this.#call)) {
      this.#over = true;
      void this.#writes.then(this.#finish);
    }
  }

  #setTimer(deadline: number | null): void {
    const { clock } = this.#ports;
    this.#cancelTimer?.();
    this.#cancelTimer =
      deadline === null ? null : clock.at(deadline, () => this.feed({ type: 'timer', at: clock.now() }));
  }

  /** Puts a note of something that the machine need not know into the timeline. */
  note(event: TimelineEvent): void {
    this.#notes += 1;
    if (this.#notes > MAX_NOTES) return;
    const last = this.#notes === MAX_NOTES;
    this.#append(last ? { at: event.at, type: 'notes_cut_off', data: { limit: MAX_NOTES } } : event);
  }

  #perform(effect: Effect, at: number): void {
    switch (effect.type) {
      case 'graph.pre_accept':
      case 'graph.accept':
        void this.#act(effect.type === 'graph.accept' ? 'accept' : 'pre_accept', effect.sdp);
        return;
      case 'graph.reject':
        void this.#actOwed('reject');
        return;
      case 'graph.terminate':
        void this.#actOwed('terminate');
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
      case 'media.open':
      case 'media.ungate':
      case 'media.play':
      case 'media.drain':
      case 'media.close':
      case 'agent.connect':
      case 'agent.start':
      case 'agent.close':
        this.#tell(() => this.#ports.media.perform(this.identity, effect));
        return;
      default:
        effect satisfies never;
    }
  }

  #append(event: TimelineEvent): void {
    const { observer, log } = this.#ports;
    this.#tell(() => observer.onTimeline?.(this.identity, event));
    this.#write(() => log.append(this.identity.id, event));
  }

  #update(patch: CallPatch, at: number): void {
    const { observer, log } = this.#ports;
    this.#write(() => log.update(this.identity.id, patch, at));
    this.#tell(() => observer.onUpdated?.(this.identity, patch));
  }

  async #launch(effect: Extract<Effect, { type: 'agent.launch' }>): Promise<void> {
    const { seat } = effect;
    const { clock, launcher, onFault } = this.#ports;
    let result: LaunchResult;
    try {
      result = await launcher.launch(this.identity, effect, this.#webhook);
    } catch (fault) {
      onFault(fault, this.identity);
      result = { type: 'failed', code: 'agent_error', detail: '' };
    }
    const at = clock.now();
    if (result.type === 'launched') this.feed({ type: 'agent.launched', seat, tookMs: result.tookMs, at });
    else this.feed({ type: 'agent.failed', seat, code: result.code, detail: result.detail, at });
  }

  async #act(action: 'pre_accept' | 'accept', sdp: string): Promise<void> {
    const result = await this.#ask(action, sdp);
    this.feed({ ...result, at: this.#ports.clock.now() });
  }

  /** A row before it is an attempt: if the process dies in between, the next start tells Graph. */
  async #actOwed(action: 'reject' | 'terminate'): Promise<void> {
    const { clock, debts } = this.#ports;
    const { phoneNumberId, callId } = this.identity;
    await this.#guard(() => debts.owe({ phoneNumberId, callId, action, since: clock.now() }));
    const result = await this.#ask(action, null);
    const unsettled = result.type === 'graph.failed' && result.error.kind === 'unknown';
    if (!unsettled) await this.#guard(() => debts.settle(callId, action));
    this.feed({ ...result, at: clock.now() });
  }

  async #ask(action: GraphAction, sdp: string | null): Promise<GraphResult> {
    const { phoneNumberId, callId } = this.identity;
    try {
      return await this.#ports.graph.act({ phoneNumberId, callId, action, sdp });
    } catch (fault) {
      this.#ports.onFault(fault, this.identity);
      const message = 'the Graph port failed';
      return { type: 'graph.failed', action, error: { code: null, httpStatus: null, kind: 'unknown', message } };
    }
  }

  #write(write: () => Promise<void>): void {
    this.#writes = this.#writes.then(() => this.#guard(write));
  }

  #tell(work: () => void): void {
    try {
      work();
    } catch (fault) {
      this.#ports.onFault(fault, this.identity);
    }
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (fault) {
      this.#ports.onFault(fault, this.identity);
    }
  }
}
