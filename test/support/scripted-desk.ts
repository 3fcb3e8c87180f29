import type { Effect, Input } from '../../src/call/index.ts';
import { Agenda } from './agenda.ts';
import {
  agentFailed,
  agentHangup,
  agentReady,
  agentReconnecting,
  announce,
  mediaFailed,
  T0,
  type TestCall,
  transfer,
} from './call.ts';

/**
 * How one request goes. `lost`: never arrived; `lost_but_done`: done, but the answer was lost; `never`: the other side
 * never says anything (a leg that does not connect, an agent that hangs).
 */
export interface Fate {
  readonly delayMs: number;
  readonly outcome: 'works' | 'fails' | 'lost' | 'lost_but_done' | 'never';
}

/** Something somebody does unasked, `at` milliseconds after the call began. */
export interface Whim {
  readonly at: number;
  readonly what:
    | 'caller_hangup'
    | 'agent_hangup'
    | 'agent_drain'
    | 'agent_lost'
    | 'agent_reconnects'
    | 'api_hangup'
    | 'api_prompt'
    | 'api_transfer'
    | 'leg_lost';
}

export const GOES_WELL: Fate = { delayMs: 60, outcome: 'works' };

/**
 * What worlds around one call machine have in common: a virtual clock, requests that meet their fates in order, agents,
 * whims.
 */
export abstract class ScriptedDesk {
  readonly call: TestCall;
  protected readonly agenda = new Agenda(T0);
  /** The agent that was dialled last. */
  #seat = 0;
  readonly #fates: Fate[];

  protected constructor(call: TestCall, fates: readonly Fate[], whims: readonly Whim[], first: (at: number) => Input) {
    this.call = call;
    this.#fates = [...fates];
    this.later(0, first);
    for (const whim of whims) this.agenda.in(whim.at, () => this.#follow(whim.what));
  }

  run(): void {
    this.agenda.run(this.call, (at) => this.feed({ type: 'timer', at }));
  }

  /** Does what the machine asks for. */
  protected abstract perform(effect: Effect): void;

  /** The person on the phone hangs up. */
  protected abstract end(): void;

  protected get now(): number {
    return this.agenda.now;
  }

  protected feed(input: Input): void {
    for (const effect of this.call.feed(input)) this.perform(effect);
  }

  protected later(delayMs: number, make: (at: number) => Input): void {
    this.agenda.in(delayMs, () => this.feed(make(this.now)));
  }

  protected nextFate(): Fate {
    return this.#fates.shift() ?? GOES_WELL;
  }

  protected dialAgent(seat: number): void {
    this.#seat = seat;
    const { delayMs, outcome } = this.nextFate();
    if (outcome === 'fails') this.later(delayMs, (at) => agentFailed(at, 'connect_refused', seat));
    else if (outcome !== 'never' && outcome !== 'lost') this.later(delayMs, (at) => agentReady(at, seat));
  }

  #follow(what: Whim['what']): void {
    if (what === 'caller_hangup') this.end();
    else this.feed(this.#inputOf(what));
  }

  #inputOf(what: Exclude<Whim['what'], 'caller_hangup'>): Input {
    const at = this.now;
    switch (what) {
      case 'agent_hangup':
        return agentHangup(at, false, null, this.#seat);
      case 'agent_drain':
        return agentHangup(at, true, null, this.#seat);
      case 'agent_lost':
        return agentFailed(at, 'socket_lost', this.#seat);
      case 'agent_reconnects':
        return agentReconnecting(at, this.#seat);
      case 'api_hangup':
        return { type: 'api.hangup', at };
      case 'api_prompt':
        return announce(at);
      case 'api_transfer':
        return transfer(at);
      case 'leg_lost':
        return mediaFailed(at, 'media_lost');
      default:
        return what satisfies never;
    }
  }
}
