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
  /** By call: the agent that is to take over from the one that has it. */
  readonly #beside = new Map<string, Held>();
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
    switch (effect.type) {
      case 'agent.connect': {
        const { agent, seat, last } = effect;
        this.#giveUp(key);
        const refusal = this.#refusal(agent, last);
        if (refusal !== null) return this.#refuse(key, seat, refusal);
        this.#take(this.#held, key, agent, seat);
        break;
      }
      case 'agent.prepare': {
        const { agent, seat } = effect;
        const refusal = this.#refusal(agent, false);
        if (refusal !== null) return this.#refuse(key, seat, refusal);
        this.#take(this.#beside, key, agent, seat);
        break;
      }
      case 'agent.switch':
        this.#switch(key);
        break;
      case 'agent.drop':
        this.#giveUp(key, this.#beside);
        break;
      case 'agent.close':
        this.#giveUp(key);
        break;
      case 'media.close':
        this.release(key);
        break;
      case 'agent.start':
      case 'media.open':
      case 'media.offer':
      case 'media.answer':
      case 'media.ungate':
      case 'media.play':
      case 'media.announce':
      case 'media.drain':
        break;
      default:
        effect satisfies never;
    }
    this.#media.perform(identity, effect);
  }

  /** Launches through `launcher`, by the same rules. The call is counted until `release`. */
  async launch(launcher: Launcher, identity: CallIdentity, launch: Launch, webhook: unknown): Promise<LaunchOutcome> {
    const { agent, last } = launch;
    this.#giveUp(identity.id);
    const refusal = this.#refusal(agent, last);
    if (refusal !== null) return { type: 'failed', code: refusal, detail: '' };
    const held = this.#take(this.#held, identity.id, agent, null);
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
    this.#letGo(key, this.#held);
    this.#letGo(key, this.#beside);
  }

  #letGo(key: string, among: Map<string, Held>): void {
    const held = among.get(key);
    if (held === undefined) return;
    among.delete(key);
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
  #giveUp(key: string, among = this.#held): void {
    const held = among.get(key);
    if (held !== undefined && !held.ready) this.#breaker(held.agentId).failed(this.#now());
    this.#letGo(key, among);
  }

  /** The one that was to take over has the call. One that is not ready yet may still fail. */
  #switch(key: string): void {
    this.#giveUp(key);
    const held = this.#beside.get(key);
    if (held === undefined) return;
    this.#beside.delete(key);
    this.#held.set(key, held);
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
    if (input.type === 'media.closed') return this.release(key);
    if (!('seat' in input)) return;
    const among = this.#beside.get(key)?.seat === input.seat ? this.#beside : this.#held;
    const held = among.get(key);
    if (held?.seat !== input.seat) return;
    switch (input.type) {
      case 'agent.ready':
        held.ready = true;
        return this.#breaker(held.agentId).succeeded();
      case 'agent.reconnecting':
        return this.#breaker(held.agentId).failed(this.#now());
      case 'agent.failed':
        // An agent that dials us and is not there costs no time, and its line tells when it is back.
        if (input.code !== 'not_connected') {
          this.#breaker(held.agentId).failed(this.#now());
          held.ready = true;
        }
        return this.#letGo(key, among);
      default:
        return;
    }
  }

  #take(among: Map<string, Held>, key: string, agent: AgentTarget, seat: number | null): Held {
    const held = { agentId: agent.id, seat, ready: false };
    among.set(key, held);
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
