import {
  beginCall,
  type Call,
  type CallIdentity,
  type CallPatch,
  type CallPolicy,
  type Effect,
  type GraphAction,
  type Input,
  isOver,
  step,
} from '../call/index.ts';
import type { CallLog, Clock, DebtBook, GraphPort, MediaPort, RuntimeObserver } from './ports.ts';

export interface RunnerPorts {
  readonly clock: Clock;
  readonly graph: GraphPort;
  readonly media: MediaPort;
  readonly log: CallLog;
  readonly debts: DebtBook;
  readonly observer: RuntimeObserver;
  /** A port broke its promise not to reject. Told, so that it is logged; the call goes on. */
  readonly onFault: (fault: unknown, identity: CallIdentity) => void;
}

/**
 * Runs the machine of one call: feeds it inputs one at a time, performs its effects, feeds results back, and wakes it at
 * its deadline. Log writes happen in order; nothing that a webhook waits for depends on them but the call's own record.
 */
export class CallRunner {
  readonly identity: CallIdentity;
  /** Resolves when the call is over and its log is written. */
  readonly finished: Promise<void>;
  readonly #ports: RunnerPorts;
  #call: Call;
  #cancelTimer: (() => void) | null = null;
  #writes: Promise<void> = Promise.resolve();
  #finish: () => void = () => {};
  #over = false;
  /** Inputs that came before the record was written; null once it is. */
  #waiting: Input[] | null = [];

  constructor(identity: CallIdentity, policy: CallPolicy, ports: RunnerPorts) {
    this.identity = identity;
    this.#ports = ports;
    this.#call = beginCall(identity, policy);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /**
   * Writes the record first: nothing is answered for a call that a crash could forget. Inputs that come meanwhile wait.
   * Rejects if the record could not be written; the runner is then dead and must be forgotten.
   */
  async open(createRecord: () => Promise<void>): Promise<void> {
    await createRecord();
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const input of waiting) this.feed(input);
  }

  feed(input: Input): void {
    if (this.#waiting !== null) {
      this.#waiting.push(input);
      return;
    }
    const result = step(this.#call, input);
    this.#call = result.call;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (result.deadline !== null) {
      this.#cancelTimer = this.#ports.clock.at(result.deadline, () =>
        this.feed({ type: 'timer', at: this.#ports.clock.now() }),
      );
    }
    for (const effect of result.effects) this.#perform(effect, input.at);
    if (!this.#over && isOver(this.#call)) {
      this.#over = true;
      void this.#writes.then(this.#finish);
    }
  }

  /** Puts a note of something that the machine need not know into the timeline. */
  note(event: Extract<Effect, { type: 'log.append' }>['event']): void {
    this.#perform({ type: 'log.append', event }, event.at);
  }

  #perform(effect: Effect, at: number): void {
    const { media, observer, log } = this.#ports;
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
      case 'log.append':
        observer.onTimeline?.(this.identity, effect.event);
        this.#write(() => log.append(this.identity.id, effect.event));
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
        media.perform(this.identity, effect);
        return;
      default:
        effect satisfies never;
    }
  }

  #update(patch: CallPatch, at: number): void {
    this.#write(() => this.#ports.log.update(this.identity.id, patch, at));
    this.#ports.observer.onUpdated?.(this.identity, patch);
  }

  async #act(action: GraphAction, sdp: string | null): Promise<void> {
    const { graph, clock } = this.#ports;
    const { phoneNumberId, callId } = this.identity;
    const result = await graph.act({ phoneNumberId, callId, action, sdp });
    this.feed({ ...result, at: clock.now() });
  }

  /** A row before it is an attempt: if the process dies in between, the next start tells Graph. */
  async #actOwed(action: 'reject' | 'terminate'): Promise<void> {
    const { graph, clock, debts } = this.#ports;
    const { phoneNumberId, callId } = this.identity;
    await this.#guard(() => debts.owe({ phoneNumberId, callId, action, since: clock.now() }));
    const result = await graph.act({ phoneNumberId, callId, action, sdp: null });
    const unsettled = result.type === 'graph.failed' && result.error.kind === 'unknown';
    if (!unsettled) await this.#guard(() => debts.settle(callId, action));
    this.feed({ ...result, at: clock.now() });
  }

  #write(write: () => Promise<void>): void {
    this.#writes = this.#writes.then(() => this.#guard(write));
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (fault) {
      this.#ports.onFault(fault, this.identity);
    }
  }
}
