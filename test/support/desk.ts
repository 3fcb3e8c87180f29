import type { CallPolicy, Effect, GraphAction, Input } from '../../src/call/index.ts';
import { Agenda } from './agenda.ts';
import {
  agentFailed,
  agentHangup,
  agentLaunched,
  agentReady,
  agentReconnecting,
  closed,
  connect,
  mediaConnected,
  mediaFailed,
  no,
  ok,
  opened,
  T0,
  TestCall,
  terminate,
} from './call.ts';

/**
 * How one request goes. `lost`: never arrived; `lost_but_done`: done, but the answer was lost; `never`: the other side
 * never says anything (a leg that does not connect, an agent that hangs).
 */
export interface Fate {
  readonly delayMs: number;
  readonly outcome: 'works' | 'fails' | 'lost' | 'lost_but_done' | 'never';
}

/** Something somebody does unasked, `at` milliseconds after the offer. */
export interface Whim {
  readonly at: number;
  readonly what:
    | 'caller_hangup'
    | 'agent_hangup'
    | 'agent_drain'
    | 'agent_lost'
    | 'agent_reconnects'
    | 'api_hangup'
    | 'leg_lost';
}

type GraphState = 'ringing' | 'pre_accepted' | 'accepted' | 'over';

const GOES_WELL: Fate = { delayMs: 60, outcome: 'works' };

/**
 * A world around one call machine, on a virtual clock: a Graph with a state of its own that refuses two actions at a
 * time, a leg, an agent, a caller. Requests meet their fates in order; reject and terminate are spared, so that what
 * Graph holds at the end tells whether the machine said what it had to.
 */
export class Desk {
  readonly call: TestCall;
  graph: GraphState = 'ringing';
  /** Sound that was let through before Graph had accepted. */
  readonly early: string[] = [];
  #answered: number | null = null;
  #busy = false;
  /** The agent that was dialled last. */
  #seat = 0;
  readonly #fates: Fate[];
  readonly #agenda = new Agenda(T0);

  constructor(rules: CallPolicy, fates: readonly Fate[], whims: readonly Whim[]) {
    this.call = new TestCall(rules);
    this.#fates = [...fates];
    this.#in(0, () => this.#feed(connect(this.#now)));
    for (const whim of whims) this.#in(whim.at, () => this.#follow(whim.what));
    // A conversation that nobody else ends, the caller does.
    this.#in(100_000, () => {
      if (!this.call.isOver) this.#end();
    });
  }

  run(): void {
    this.#agenda.run(this.call, (at) => this.#feed({ type: 'timer', at }));
  }

  get #now(): number {
    return this.#agenda.now;
  }

  #in(delayMs: number, run: () => void): void {
    this.#agenda.in(delayMs, run);
  }

  #feed(input: Input): void {
    for (const effect of this.call.feed(input)) this.#perform(effect);
  }

  #later(delayMs: number, make: (at: number) => Input): void {
    this.#in(delayMs, () => this.#feed(make(this.#now)));
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'graph.pre_accept':
      case 'graph.accept':
        this.#request(effect.type === 'graph.accept' ? 'accept' : 'pre_accept', this.#fate());
        return;
      case 'graph.reject':
      case 'graph.terminate':
        this.#request(effect.type === 'graph.reject' ? 'reject' : 'terminate', GOES_WELL);
        return;
      case 'media.open':
        this.#leg(this.#fate());
        return;
      case 'agent.connect':
        this.#seat = effect.seat;
        this.#agent(effect.seat, this.#fate());
        return;
      case 'agent.launch':
        this.#runtime(effect.seat, this.#fate());
        return;
      case 'media.ungate':
        if (this.graph !== 'accepted' && this.#answered === null) this.early.push('media.ungate');
        return;
      case 'media.play':
        this.#later(2_000, (at) => ({ type: 'media.prompt_done', prompt: effect.prompt, played: true, at }));
        return;
      case 'media.drain':
        this.#later(700, (at) => ({ type: 'media.drained', at }));
        return;
      case 'media.close':
        this.#later(20, (at) => closed(at));
        return;
      case 'graph.connect':
      case 'media.offer':
      case 'media.answer':
        throw new Error(`${effect.type} is of a dial`);
      case 'agent.start':
      case 'agent.close':
      case 'log.append':
      case 'log.update':
        return;
      default:
        effect satisfies never;
    }
  }

  #fate(): Fate {
    return this.#fates.shift() ?? GOES_WELL;
  }

  #request(action: GraphAction, { delayMs, outcome }: Fate): void {
    if (outcome === 'lost') {
      this.#later(delayMs, (at) => no(at, action, 'unknown', null));
      return;
    }
    if (this.#busy) {
      this.#later(delayMs, (at) => no(at, action, 'refused'));
      return;
    }
    this.#busy = true;
    this.#in(delayMs / 2, () => {
      this.#busy = false;
      const result = outcome === 'fails' ? 'refused' : this.#apply(action);
      const half = delayMs / 2;
      // A Graph port always answers; a request that never gets one becomes `unknown`.
      if (outcome === 'lost_but_done' || outcome === 'never')
        this.#later(half, (at) => no(at, action, 'unknown', null));
      else this.#later(half, (at) => (result === 'done' ? ok(at, action) : no(at, action, result)));
    });
  }

  #apply(action: GraphAction): 'done' | 'refused' | 'gone' {
    if (this.graph === 'over') return 'gone';
    switch (action) {
      case 'pre_accept':
        if (this.graph !== 'ringing') return 'refused';
        this.graph = 'pre_accepted';
        return 'done';
      case 'accept':
        if (this.graph !== 'pre_accepted') return 'refused';
        this.graph = 'accepted';
        this.#answered = this.#now;
        return 'done';
      case 'reject':
        if (this.graph !== 'ringing') return 'refused';
        this.#end();
        return 'done';
      case 'terminate':
        this.#end();
        return 'done';
      default:
        return action satisfies never;
    }
  }

  #end(): void {
    if (this.graph === 'over') return;
    this.graph = 'over';
    const startTime = this.#answered;
    const endTime = startTime === null ? null : this.#now;
    this.#later(300, (at) => terminate(at, { startTime, endTime }));
  }

  #leg({ delayMs, outcome }: Fate): void {
    if (outcome === 'fails') {
      this.#later(delayMs, (at) => mediaFailed(at, 'bad_offer'));
      return;
    }
    if (outcome === 'lost') return;
    this.#later(delayMs, opened);
    if (outcome !== 'never') this.#later(delayMs + 250, mediaConnected);
  }

  #agent(seat: number, { delayMs, outcome }: Fate): void {
    if (outcome === 'fails') this.#later(delayMs, (at) => agentFailed(at, 'connect_refused', seat));
    else if (outcome !== 'never' && outcome !== 'lost') this.#later(delayMs, (at) => agentReady(at, seat));
  }

  /** A runtime that got the call answers it itself, whether it tells us or not. */
  #runtime(seat: number, { delayMs, outcome }: Fate): void {
    if (outcome === 'fails') this.#later(delayMs, (at) => agentFailed(at, 'connect_refused', seat));
    if (outcome === 'works') this.#later(delayMs, (at) => agentLaunched(at, seat));
    if (outcome !== 'works' && outcome !== 'lost_but_done') return;
    this.#in(delayMs / 2, () => this.#apply('pre_accept'));
    this.#in(delayMs + 500, () => this.#apply('accept'));
  }

  #follow(what: Whim['what']): void {
    const at = this.#now;
    switch (what) {
      case 'caller_hangup':
        this.#end();
        return;
      case 'agent_hangup':
        this.#feed(agentHangup(at, false, null, this.#seat));
        return;
      case 'agent_drain':
        this.#feed(agentHangup(at, true, null, this.#seat));
        return;
      case 'agent_lost':
        this.#feed(agentFailed(at, 'socket_lost', this.#seat));
        return;
      case 'agent_reconnects':
        this.#feed(agentReconnecting(at, this.#seat));
        return;
      case 'api_hangup':
        this.#feed({ type: 'api.hangup', at });
        return;
      case 'leg_lost':
        this.#feed(mediaFailed(at, 'media_lost'));
        return;
      default:
        what satisfies never;
    }
  }
}
