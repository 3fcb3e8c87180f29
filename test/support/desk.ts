import type { CallPolicy, Effect, GraphAction } from '../../src/call/index.ts';
import {
  agentFailed,
  agentLaunched,
  closed,
  connect,
  mediaConnected,
  mediaFailed,
  no,
  ok,
  opened,
  TestCall,
  terminate,
} from './call.ts';
import { type Fate, GOES_WELL, ScriptedDesk, type Whim } from './scripted-desk.ts';

type GraphState = 'ringing' | 'pre_accepted' | 'accepted' | 'over';

/**
 * A world around one call machine, on a virtual clock: a Graph with a state of its own that refuses two actions at a
 * time, a leg, an agent, a caller. Requests meet their fates in order; reject and terminate are spared, so that what
 * Graph holds at the end tells whether the machine said what it had to.
 */
export class Desk extends ScriptedDesk {
  graph: GraphState = 'ringing';
  /** Sound that was let through before Graph had accepted. */
  readonly early: string[] = [];
  #answered: number | null = null;
  #busy = false;

  constructor(rules: CallPolicy, fates: readonly Fate[], whims: readonly Whim[]) {
    super(new TestCall(rules), fates, whims, connect);
    // A conversation that nobody else ends, the caller does.
    this.agenda.in(100_000, () => {
      if (!this.call.isOver) this.end();
    });
  }

  protected override perform(effect: Effect): void {
    switch (effect.type) {
      case 'graph.pre_accept':
      case 'graph.accept':
        this.#request(effect.type === 'graph.accept' ? 'accept' : 'pre_accept', this.nextFate());
        return;
      case 'graph.reject':
      case 'graph.terminate':
        this.#request(effect.type === 'graph.reject' ? 'reject' : 'terminate', GOES_WELL);
        return;
      case 'media.open':
        this.#leg(this.nextFate());
        return;
      case 'agent.connect':
        this.dialAgent(effect.seat);
        return;
      case 'agent.launch':
        this.#runtime(effect.seat, this.nextFate());
        return;
      case 'media.ungate':
        if (this.graph !== 'accepted' && this.#answered === null) this.early.push('media.ungate');
        return;
      case 'media.play':
        this.later(2_000, (at) => ({ type: 'media.prompt_done', prompt: effect.prompt, played: true, at }));
        return;
      case 'media.announce':
        this.later(1_500, (at) => ({ type: 'media.announced', id: effect.id, played: true, at }));
        return;
      case 'agent.prepare':
        this.dialAgent(effect.seat);
        return;
      case 'media.drain':
        this.later(700, (at) => ({ type: 'media.drained', at }));
        return;
      case 'media.close':
        this.later(20, (at) => closed(at));
        return;
      case 'graph.connect':
      case 'media.offer':
      case 'media.answer':
        throw new Error(`${effect.type} is of a dial`);
      case 'agent.start':
      case 'agent.close':
      case 'agent.switch':
      case 'agent.drop':
      case 'transfer.over':
      case 'log.append':
      case 'log.update':
        return;
      default:
        effect satisfies never;
    }
  }

  #request(action: GraphAction, { delayMs, outcome }: Fate): void {
    if (outcome === 'lost') {
      this.later(delayMs, (at) => no(at, action, 'unknown', null));
      return;
    }
    if (this.#busy) {
      this.later(delayMs, (at) => no(at, action, 'refused'));
      return;
    }
    this.#busy = true;
    this.agenda.in(delayMs / 2, () => {
      this.#busy = false;
      const result = outcome === 'fails' ? 'refused' : this.#apply(action);
      const half = delayMs / 2;
      // A Graph port always answers; a request that never gets one becomes `unknown`.
      if (outcome === 'lost_but_done' || outcome === 'never') this.later(half, (at) => no(at, action, 'unknown', null));
      else this.later(half, (at) => (result === 'done' ? ok(at, action) : no(at, action, result)));
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
        this.#answered = this.now;
        return 'done';
      case 'reject':
        if (this.graph !== 'ringing') return 'refused';
        this.end();
        return 'done';
      case 'terminate':
        this.end();
        return 'done';
      default:
        return action satisfies never;
    }
  }

  protected override end(): void {
    if (this.graph === 'over') return;
    this.graph = 'over';
    const startTime = this.#answered;
    const endTime = startTime === null ? null : this.now;
    this.later(300, (at) => terminate(at, { startTime, endTime }));
  }

  #leg({ delayMs, outcome }: Fate): void {
    if (outcome === 'fails') {
      this.later(delayMs, (at) => mediaFailed(at, 'bad_offer'));
      return;
    }
    if (outcome === 'lost') return;
    this.later(delayMs, opened);
    if (outcome !== 'never') this.later(delayMs + 250, mediaConnected);
  }

  /** A runtime that got the call answers it itself, whether it tells us or not. */
  #runtime(seat: number, { delayMs, outcome }: Fate): void {
    if (outcome === 'fails') this.later(delayMs, (at) => agentFailed(at, 'connect_refused', seat));
    if (outcome === 'works') this.later(delayMs, (at) => agentLaunched(at, seat));
    if (outcome !== 'works' && outcome !== 'lost_but_done') return;
    this.agenda.in(delayMs / 2, () => this.#apply('pre_accept'));
    this.agenda.in(delayMs + 500, () => this.#apply('accept'));
  }
}
