import { setTimeout as delay } from 'node:timers/promises';
import {
  type AgentLoss,
  type AgentWire,
  type BridgedAgent,
  type CallContext,
  createAgentWire,
  ratesOf,
  type WireListener,
  type WireRates,
  type WireServices,
} from '../agents/index.ts';
import { FRAME_MS, levelDb, PlayoutQueue, samplesPerFrame, samplesToMs } from '../audio/index.ts';
import { FrameClock } from '../webrtc/index.ts';

/** Sound below this is taken for silence, dBFS. */
const AUDIBLE_DB = -50;
/** An agent sees the end of a socket a little after us, and one that takes one call at a time is engaged until then. */
const LETTING_GO_MS = 200;

/**
 * One call with an agent, without a phone: what a media session does with a wire, with everything written down. Times are
 * milliseconds of performance.now().
 */
export class CheckCall implements WireListener {
  readonly rates: WireRates;
  readonly clears: number[] = [];
  /** When the agent's sound came in, and how long it was; without its silences. */
  readonly #arrivals: { readonly at: number; readonly ms: number }[] = [];
  readyAt: number | null = null;
  hangup: { readonly drain: boolean; readonly reason: string | null } | null = null;
  loss: AgentLoss | null = null;
  /** Level of each 20 ms that a caller would have heard, dBFS. */
  readonly heardDb: number[] = [];
  readonly #wire: AgentWire;
  readonly #queue: PlayoutQueue;
  readonly #clock = new FrameClock();
  readonly #silence: Int16Array;
  readonly #outgoing: Int16Array;
  #speech: Int16Array = new Int16Array();
  #said = 0;
  #mediaTimeMs = 0;
  #removeTick: (() => void) | null = null;
  #gone: Promise<void> | null = null;
  /** Those who wait for the next event. */
  #waiting: (() => void)[] = [];

  constructor(target: BridgedAgent, context: CallContext, services: WireServices) {
    this.rates = ratesOf(target);
    this.#queue = new PlayoutQueue({ sampleRate: this.rates.agentRate });
    this.#silence = new Int16Array(samplesPerFrame(this.rates.callerRate));
    this.#outgoing = new Int16Array(samplesPerFrame(this.rates.agentRate));
    this.#wire = createAgentWire(target, context, this, services);
    this.#wire.connect();
  }

  /** The person is on the line: sound flows both ways from now on. */
  answer(): void {
    this.#wire.start();
    this.#removeTick = this.#clock.add(() => this.#tick());
  }

  /** Begins to speak into the call, over what was being said; `pcm` at `rates.callerRate`. */
  say(pcm: Int16Array): void {
    this.#speech = pcm;
    this.#said = 0;
  }

  /** Says no more. */
  hush(): void {
    this.#said = this.#speech.length;
  }

  /** The caller is speaking. */
  get speaks(): boolean {
    return this.#said < this.#speech.length;
  }

  async press(digits: string): Promise<void> {
    for (const digit of digits) {
      this.#wire.callerDtmf(digit, 100);
      await this.wait(200);
    }
  }

  /** Something that no agent can know. */
  surprise(): void {
    this.#wire.instruct({ type: 'message', data: { talkwire: 'check-agent' } });
  }

  /** Resolves to whether `happened` came true in time; false at once when the call is over without it. */
  async until(happened: () => boolean, timeoutMs: number): Promise<boolean> {
    const by = performance.now() + timeoutMs;
    while (!happened()) {
      if (this.over || performance.now() >= by) return happened();
      await this.#next(by);
    }
    return true;
  }

  /** Lets the call go on for so long. */
  async wait(ms: number): Promise<void> {
    await this.until(() => false, ms);
  }

  /**
   * The caller is gone. Resolves to how long the agent took to let go of the socket, milliseconds, when another call may be
   * made.
   */
  async hangUp(): Promise<number> {
    this.#removeTick?.();
    const at = performance.now();
    this.#gone ??= this.#wire.callEnded('user_hangup');
    await this.#gone;
    const tookMs = performance.now() - at;
    await delay(LETTING_GO_MS);
    return tookMs;
  }

  /** The network is gone. */
  drop(): void {
    this.#removeTick?.();
    this.#wire.abort();
    this.#gone ??= Promise.resolve();
  }

  get over(): boolean {
    return this.hangup !== null || this.loss !== null;
  }

  /** Whether a caller has heard anything in the last `ms`. */
  soundsFor(ms: number): boolean {
    return this.heardDb.slice(-ms / FRAME_MS).some((db) => db > AUDIBLE_DB);
  }

  /** Milliseconds of sound that came in between these times. */
  audibleArrivals(after: number, before: number): number {
    const within = this.#arrivals.filter(({ at }) => at > after && at < before);
    return within.reduce((sum, { ms }) => sum + ms, 0);
  }

  get audibleMs(): number {
    return this.heardDb.filter((db) => db > AUDIBLE_DB).length * FRAME_MS;
  }

  get underruns(): number {
    return this.#queue.stats().underruns;
  }

  get queuedMs(): number {
    return this.#queue.stats().queuedMs;
  }

  onReady(): void {
    this.readyAt = performance.now();
    this.#wake();
  }

  onAudio(pcm: Int16Array): void {
    if (levelDb(pcm) > AUDIBLE_DB) {
      this.#arrivals.push({ at: performance.now(), ms: samplesToMs(pcm.length, this.rates.agentRate) });
    }
    this.#queue.enqueue(pcm, null);
  }

  async onFile(): Promise<number> {
    // Files come whole: there is nothing about them that an agent could do wrong in time.
    return 0;
  }

  onClear(): void {
    this.clears.push(performance.now());
    const { items, marks, discardedMs } = this.#queue.clear();
    for (const mark of marks) this.#wire.marked(mark, true);
    this.#wire.cleared(items, discardedMs);
    this.#wake();
  }

  onMark(name: string): void {
    if (!this.#queue.mark(name)) this.#wire.marked(name, true);
  }

  onDtmf(): void {}

  onMessage(): void {}

  onTranscript(): void {}

  onHangup(drain: boolean, reason: string | null): void {
    this.hangup = { drain, reason };
    this.#wake();
  }

  onLost(loss: AgentLoss): void {
    this.loss = loss;
    this.#wake();
  }

  #tick(): void {
    const samples = this.#silence.length;
    const left = this.#speech.length - this.#said;
    const frame = left >= samples ? this.#speech.subarray(this.#said, this.#said + samples) : this.#silence;
    if (left > 0) this.#said += samples;
    this.#wire.callerAudio(frame, this.#mediaTimeMs);
    this.#mediaTimeMs += FRAME_MS;
    const { kind, marks } = this.#queue.pull(this.#outgoing);
    this.heardDb.push(kind === 'audio' ? levelDb(this.#outgoing) : -Infinity);
    for (const mark of marks) this.#wire.marked(mark, false);
    this.#wake();
  }

  /** The next event, or the time being over. */
  #next(by: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, by - performance.now()));
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
