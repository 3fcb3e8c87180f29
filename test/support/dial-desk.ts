import { type CallPolicy, type Effect, type Input, isNamed } from '../../src/call/index.ts';
import { closed, mediaConnected, mediaFailed, no, ok, opened, TestCall, terminate } from './call.ts';
import { answer, dial, dialIdentity, heard, NAME, named, notPlaced, placed, status } from './dial-call.ts';
import { type Fate, ScriptedDesk, type Whim } from './scripted-desk.ts';

/** After so long Meta gives up by itself. */
const META_RINGS_MS = 60_000;

/** What the user does, `afterMs` from when the phone begins to ring. */
export interface Reaction {
  readonly what: 'picks_up' | 'rejects' | 'nothing';
  readonly afterMs: number;
}

/**
 * A world around one dial, on a virtual clock: a Graph that places a call at most once, names it in its answer and in its
 * webhooks, each of which arrives in its own time; a phone, a leg, agents. Requests meet their fates in order; terminate is
 * spared, so that what Graph holds at the end tells whether the machine said what it had to.
 */
export class DialDesk extends ScriptedDesk {
  graph: 'idle' | 'ringing' | 'accepted' | 'over' = 'idle';
  /** How often Graph was asked to place a call. */
  connects = 0;
  /** Sound that was let through before the phone was picked up and the media up, words to Graph without a name. */
  readonly wrong: string[] = [];
  #pickedUpAt: number | null = null;
  #mediaUp = false;
  readonly #webhookDelays: number[];
  readonly #reaction: Reaction;

  constructor(
    rules: CallPolicy,
    fates: readonly Fate[],
    whims: readonly Whim[],
    reaction: Reaction,
    webhookDelays: readonly number[],
  ) {
    super(new TestCall(rules, dialIdentity()), fates, whims, dial);
    this.#reaction = reaction;
    this.#webhookDelays = [...webhookDelays];
    // A conversation that nobody else ends, the user does.
    this.agenda.in(200_000, () => this.end());
  }

  /** As the runtime does it: whoever does not know the name is told it before what the webhook says. */
  #webhook(make: (at: number) => Input): void {
    this.agenda.in(this.#webhookDelays.shift() ?? 20, () => {
      if (!isNamed(this.call.call.identity)) this.feed(named(this.now));
      this.feed(make(this.now));
    });
  }

  protected override perform(effect: Effect): void {
    switch (effect.type) {
      case 'media.offer':
        this.#offer(this.nextFate());
        return;
      case 'graph.connect':
        this.#connect(this.nextFate());
        return;
      case 'media.answer':
        if (this.nextFate().outcome !== 'never') {
          this.later(250, (at) => {
            this.#mediaUp = true;
            return mediaConnected(at);
          });
        }
        return;
      case 'graph.terminate':
        this.#terminate();
        return;
      case 'agent.connect':
        this.dialAgent(effect.seat);
        return;
      case 'media.ungate':
      case 'agent.start':
        if (this.#pickedUpAt === null || !this.#mediaUp) this.wrong.push(`${effect.type} too early`);
        return;
      case 'media.play':
        if (this.#pickedUpAt === null || !this.#mediaUp) this.wrong.push('media.play too early');
        this.later(2_000, (at) => ({ type: 'media.prompt_done', prompt: effect.prompt, played: true, at }));
        return;
      case 'media.announce':
        if (this.#pickedUpAt === null || !this.#mediaUp) this.wrong.push('media.announce too early');
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
      case 'agent.close':
      case 'agent.switch':
      case 'agent.drop':
      case 'transfer.over':
      case 'log.append':
      case 'log.update':
        return;
      case 'graph.pre_accept':
      case 'graph.accept':
      case 'graph.reject':
      case 'media.open':
      case 'agent.launch':
        this.wrong.push(`${effect.type} of a dial`);
        return;
      default:
        effect satisfies never;
    }
  }

  #offer({ delayMs, outcome }: Fate): void {
    if (outcome === 'fails') this.later(delayMs, (at) => mediaFailed(at, 'no_port'));
    else if (outcome !== 'lost') this.later(delayMs, opened);
  }

  #connect({ delayMs, outcome }: Fate): void {
    this.connects += 1;
    if (outcome === 'fails') this.later(delayMs, (at) => notPlaced(at, 'refused'));
    if (outcome === 'lost') this.later(delayMs, (at) => notPlaced(at, 'unknown', null));
    if (outcome === 'fails' || outcome === 'lost') return;
    this.agenda.in(delayMs / 2, () => this.#ring());
    if (outcome === 'works') this.later(delayMs, (at) => placed(at));
    if (outcome === 'lost_but_done') this.later(delayMs, (at) => notPlaced(at, 'unknown', null));
  }

  #ring(): void {
    this.graph = 'ringing';
    this.#webhook(answer);
    this.#webhook((at) => status(at, 'RINGING'));
    const { what, afterMs } = this.#reaction;
    if (what === 'picks_up') this.agenda.in(afterMs, () => this.#pickUp());
    if (what === 'rejects') this.agenda.in(afterMs, () => this.#reject());
    this.agenda.in(META_RINGS_MS, () => {
      if (this.graph === 'ringing') this.end();
    });
  }

  #pickUp(): void {
    if (this.graph !== 'ringing') return;
    this.graph = 'accepted';
    this.#pickedUpAt = this.now;
    if (this.#mediaUp) this.later(40, heard);
    this.#webhook((at) => status(at, 'ACCEPTED'));
  }

  #reject(): void {
    if (this.graph !== 'ringing') return;
    this.#webhook((at) => status(at, 'REJECTED'));
    this.end();
  }

  #terminate(): void {
    if (this.call.call.identity.callId !== NAME) this.wrong.push('graph.terminate without the name');
    this.agenda.in(60, () => {
      const gone = this.graph === 'over';
      this.end();
      this.later(0, (at) => (gone ? no(at, 'terminate', 'gone') : ok(at, 'terminate')));
    });
  }

  protected override end(): void {
    if (this.graph !== 'ringing' && this.graph !== 'accepted') return;
    this.graph = 'over';
    const startTime = this.#pickedUpAt;
    const endTime = startTime === null ? null : this.now;
    this.#webhook((at) => terminate(at, { startTime, endTime }));
  }
}
