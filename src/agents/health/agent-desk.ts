import type { AgentFailure, AgentInput, AgentTarget, CallIdentity, MediaEffect, MediaInput } from '../../call/index.ts';
import type { Launch, Launcher, LaunchOutcome } from '../launch/launch-runtime.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

/** A media port as the desk sees it (runtime's MediaPort and its reports). */
interface Media<Report> {
  perform(identity: CallIdentity, effect: MediaEffect): void;
  onReport(listener: (report: Report) => void): void;
}

interface InputReport {
  readonly type: 'input';
  readonly key: string;
  readonly at: number;
  readonly input: MediaInput | AgentInput;
}

/** Who a call is with. */
interface Held {
  readonly agentId: string;
  readonly seat: number | null;
  ready: boolean;
}

/**
 * Stands before the media port in the main thread and keeps count of the agents: how many calls each has, and whether it is
 * worth trying. An agent that is full or whose circuit is open is refused at once, as any other failure of it, so that the
 * call goes on to the next of its chain and the log says why.
 */
export class AgentDesk<Report extends { readonly type: string }> {
  readonly #media: Media<Report | InputReport>;
  readonly #now: () => number;
  readonly #held = new Map<string, Held>();
  readonly #calls = new Map<string, number>();
  readonly #breakers = new Map<string, CircuitBreaker>();
  #listener: (report: Report | InputReport) => void = () => {};

  /** `now`: Unix milliseconds. */
  constructor(media: Media<Report | InputReport>, now: () => number) {
    this.#media = media;
    this.#now = now;
    media.onReport((report) => {
      if (isInput(report)) this.#observe(report);
      this.#listener(report);
    });
  }

  onReport(listener: (report: Report | InputReport) => void): void {
    this.#listener = listener;
  }

  perform(identity: CallIdentity, effect: MediaEffect): void {
    const key = identity.id;
    if (effect.type === 'agent.connect') {
      const { agent, seat, last } = effect;
      this.#giveUp(key);
      const refusal = this.#refusal(agent, last);
      if (refusal !== null) return this.#refuse(key, seat, refusal);
      this.#take(key, agent, seat);
    } else if (effect.type === 'agent.close') {
      this.#giveUp(key);
    } else if (effect.type === 'media.close') {
      this.release(key);
    }
    this.#media.perform(identity, effect);
  }

  /** Launches through `launcher`, by the same rules. The call is counted until `release`. */
  async launch(launcher: Launcher, identity: CallIdentity, launch: Launch, webhook: unknown): Promise<LaunchOutcome> {
    const { agent, last } = launch;
    this.#giveUp(identity.id);
    const refusal = this.#refusal(agent, last);
    if (refusal !== null) return { type: 'failed', code: refusal, detail: '' };
    const held = this.#take(identity.id, agent, null);
    const result = await launcher.launch(identity, launch, webhook);
    // The call gave it up meanwhile, which counted as its failure, and is over or with another agent.
    if (this.#held.get(identity.id) !== held) return result;
    const breaker = this.#breaker(agent.id);
    if (result.type === 'launched') {
      breaker.succeeded();
    } else {
      breaker.failed(this.#now());
      this.release(identity.id);
    }
    return result;
  }

  /** The call is over, or has no agent any more. */
  release(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    if (!held.ready) this.#breaker(held.agentId).abandoned();
    const left = (this.#calls.get(held.agentId) ?? 1) - 1;
    if (left === 0) this.#calls.delete(held.agentId);
    else this.#calls.set(held.agentId, left);
  }

  /** Of an agent that was neither called nor looked at nothing is known. */
  healthOf(agentId: string): 'ok' | 'failing' | 'unknown' {
    const proof = this.#breakers.get(agentId)?.proof ?? null;
    if (proof === null) return 'unknown';
    return proof ? 'ok' : 'failing';
  }

  /**
   * What a probe found. Only an agent that says itself that it is well closes its circuit; an open port or a line lets the
   * next call try.
   */
  probed(agentId: string, finding: 'well' | 'reachable' | 'unreachable'): void {
    const breaker = this.#breaker(agentId);
    if (finding === 'well') breaker.succeeded();
    else if (finding === 'reachable') breaker.encouraged(this.#now());
    else breaker.failed(this.#now());
  }

  /** The call goes on without the agent it has; one that was never ready has failed. */
  #giveUp(key: string): void {
    const held = this.#held.get(key);
    if (held !== undefined && !held.ready) this.#breaker(held.agentId).failed(this.#now());
    this.release(key);
  }

  #refusal({ id, maxConcurrentCalls }: AgentTarget, last: boolean): AgentFailure | null {
    if (maxConcurrentCalls !== null && (this.#calls.get(id) ?? 0) >= maxConcurrentCalls) return 'at_capacity';
    // Trying the last one costs nothing but the time in which the caller would be refused anyway.
    return this.#breaker(id).admits(this.#now()) || last ? null : 'circuit_open';
  }

  #refuse(key: string, seat: number, code: AgentFailure): void {
    const input = { type: 'agent.failed', seat, code, detail: '' } as const;
    // Not from within: the machine is still performing the step that this effect is of.
    queueMicrotask(() => this.#listener({ type: 'input', key, at: this.#now(), input }));
  }

  #observe({ key, input }: InputReport): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    switch (input.type) {
      case 'agent.ready':
        if (held.seat !== input.seat) return;
        held.ready = true;
        return this.#breaker(held.agentId).succeeded();
      case 'agent.reconnecting':
        if (held.seat !== input.seat) return;
        return this.#breaker(held.agentId).failed(this.#now());
      case 'agent.failed':
        if (held.seat !== input.seat) return;
        // An agent that dials us and is not there costs no time, and its line tells when it is back.
        if (input.code !== 'not_connected') {
          this.#breaker(held.agentId).failed(this.#now());
          held.ready = true;
        }
        return this.release(key);
      case 'media.closed':
        return this.release(key);
      default:
        return;
    }
  }

  #take(key: string, agent: AgentTarget, seat: number | null): Held {
    const held = { agentId: agent.id, seat, ready: false };
    this.#held.set(key, held);
    this.#calls.set(agent.id, (this.#calls.get(agent.id) ?? 0) + 1);
    return held;
  }

  #breaker(agentId: string): CircuitBreaker {
    let breaker = this.#breakers.get(agentId);
    if (breaker === undefined) {
      breaker = new CircuitBreaker();
      this.#breakers.set(agentId, breaker);
    }
    return breaker;
  }
}

function isInput(report: { readonly type: string }): report is InputReport {
  return report.type === 'input';
}
