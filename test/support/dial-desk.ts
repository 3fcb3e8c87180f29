import { type CallPolicy, type Effect, type Input, isNamed } from '../../src/call/index.ts';
import { Agenda } from './agenda.ts';
import {
  agentFailed,
  agentHangup,
  agentReady,
  agentReconnecting,
  closed,
  mediaConnected,
  mediaFailed,
  no,
  ok,
  opened,
  T0,
  TestCall,
  terminate,
} from './call.ts';
import type { Fate, Whim } from './desk.ts';
import { answer, dial, dialIdentity, heard, NAME, named, notPlaced, placed, status } from './dial-call.ts';

const GOES_WELL: Fate = { delayMs: 60, outcome: 'works' };
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
export class DialDesk {
  readonly call: TestCall;
  graph: 'idle' | 'ringing' | 'accepted' | 'over' = 'idle';
  /** How often Graph was asked to place a call. */
  connects = 0;
  /** Sound that was let through before the phone was picked up and the media up, words to Graph without a name. */
  readonly wrong: string[] = [];
  #pickedUpAt: number | null = null;
  #mediaUp = false;
  #seat = 0;
  readonly #fates: Fate[];
  readonly #webhookDelays: number[];
  readonly #reaction: Reaction;
  readonly #agenda = new Agenda(T0);

  constructor(
    rules: CallPolicy,
    fates: readonly Fate[],
    whims: readonly Whim[],
    reaction: Reaction,
    webhookDelays: readonly number[],
  ) {
    this.call = new TestCall(rules, dialIdentity());
    this.#fates = [...fates];
    this.#reaction = reaction;
    this.#webhookDelays = [...webhookDelays];
    this.#agenda.in(0, () => this.#feed(dial(this.#now)));
    for (const whim of whims) this.#agenda.in(whim.at, () => this.#follow(whim.what));
    // A conversation that nobody else ends, the user does.
    this.#agenda.in(200_000, () => this.#end());
  }

  run(): void {
    this.#agenda.run(this.call, (at) => this.#feed({ type: 'timer', at }));
  }

  get #now(): number {
    return this.#agenda.now;
  }

  #feed(input: Input): void {
    for (const effect of this.call.feed(input)) this.#perform(effect);
  }

  #later(delayMs: number, make: (at: number) => Input): void {
    this.#agenda.in(delayMs, () => this.#feed(make(this.#now)));
  }

  /** As the runtime does it: whoever does not know the name is told it before what the webhook says. */
  #webhook(make: (at: number) => Input): void {
    this.#agenda.in(this.#webhookDelays.shift() ?? 20, () => {
      if (!isNamed(this.call.call.identity)) this.#feed(named(this.#now));
      this.#feed(make(this.#now));
    });
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'media.offer':
        this.#offer(this.#fate());
        return;
      case 'graph.connect':
        this.#connect(this.#fate());
        return;
      case 'media.answer':
        if (this.#fate().outcome !== 'never') {
          this.#later(250, (at) => {
            this.#mediaUp = true;
            return mediaConnected(at);
          });
        }
        return;
      case 'graph.terminate':
        this.#terminate();
        return;
      case 'agent.connect':
        this.#seat = effect.seat;
        this.#agent(effect.seat, this.#fate());
        return;
      case 'media.ungate':
      case 'agent.start':
        if (this.#pickedUpAt === null || !this.#mediaUp) this.wrong.push(`${effect.type} too early`);
        return;
      case 'media.play':
        if (this.#pickedUpAt === null || !this.#mediaUp) this.wrong.push('media.play too early');
        this.#later(2_000, (at) => ({ type: 'media.prompt_done', prompt: effect.prompt, played: true, at }));
        return;
      case 'media.drain':
        this.#later(700, (at) => ({ type: 'media.drained', at }));
        return;
      case 'media.close':
        this.#later(20, (at) => closed(at));
        return;
      case 'agent.close':
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

  #fate(): Fate {
    return this.#fates.shift() ?? GOES_WELL;
  }

  #offer({ delayMs, outcome }: Fate): void {
    if (outcome === 'fails') this.#later(delayMs, (at) => mediaFailed(at, 'no_port'));
    else if (outcome !== 'lost') this.#later(delayMs, opened);
  }

  #connect({ delayMs, outcome }: Fate): void {
    this.connects += 1;
    if (outcome === 'fails') this.#later(delayMs, (at) => notPlaced(at, 'refused'));
    if (outcome === 'lost') this.#later(delayMs, (at) => notPlaced(at, 'unknown', null));
    if (outcome === 'fails' || outcome === 'lost') return;
    this.#agenda.in(delayMs / 2, () => this.#ring());
    if (outcome === 'works') this.#later(delayMs, (at) => placed(at));
    if (outcome === 'lost_but_done') this.#later(delayMs, (at) => notPlaced(at, 'unknown', null));
  }

  #ring(): void {
    this.graph = 'ringing';
    this.#webhook(answer);
    this.#webhook((at) => status(at, 'RINGING'));
    const { what, afterMs } = this.#reaction;
    if (what === 'picks_up') this.#agenda.in(afterMs, () => this.#pickUp());
    if (what === 'rejects') this.#agenda.in(afterMs, () => this.#reject());
    this.#agenda.in(META_RINGS_MS, () => {
      if (this.graph === 'ringing') this.#end();
    });
  }

  #pickUp(): void {
    if (this.graph !== 'ringing') return;
    this.graph = 'accepted';
    this.#pickedUpAt = this.#now;
    if (this.#mediaUp) this.#later(40, heard);
    this.#webhook((at) => status(at, 'ACCEPTED'));
  }

  #reject(): void {
    if (this.graph !== 'ringing') return;
    this.#webhook((at) => status(at, 'REJECTED'));
    this.#end();
  }

  #terminate(): void {
    if (this.call.call.identity.callId !== NAME) this.wrong.push('graph.terminate without the name');
    this.#agenda.in(60, () => {
      const gone = this.graph === 'over';
      this.#end();
      this.#later(0, (at) => (gone ? no(at, 'terminate', 'gone') : ok(at, 'terminate')));
    });
  }

  #end(): void {
    if (this.graph !== 'ringing' && this.graph !== 'accepted') return;
    this.graph = 'over';
    const startTime = this.#pickedUpAt;
    const endTime = startTime === null ? null : this.#now;
    this.#webhook((at) => terminate(at, { startTime, endTime }));
  }

  #agent(seat: number, { delayMs, outcome }: Fate): void {
    if (outcome === 'fails') this.#later(delayMs, (at) => agentFailed(at, 'connect_refused', seat));
    else if (outcome !== 'never' && outcome !== 'lost') this.#later(delayMs, (at) => agentReady(at, seat));
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
