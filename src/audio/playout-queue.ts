import { FRAME_MS, msToSamples, samplesPerFrame, samplesToMs } from './frame.ts';
import { ItemLedger } from './item-ledger.ts';
import { levelDb } from './level.ts';
import { PrimeControl } from './prime-control.ts';
import { SampleRing } from './sample-ring.ts';
import { SurplusWatch } from './surplus-watch.ts';

/** What one pull gave. The object is reused by the next pull. */
export interface PullResult {
  /** `silence`: the frame is all zeros and nothing of the queue is in it. */
  kind: 'audio' | 'silence';
  /** First frame of a talkspurt. */
  talkspurt: boolean;
  /** Marks whose sound is out with this frame, in order. */
  marks: readonly string[];
  /** Once, with the frame after which nothing is left to play after `drain`. */
  drained: boolean;
}

/** What a clear threw away, and what had been played. Milliseconds are exact to the sample, not rounded. */
export interface Cleared {
  /** The item played last and those that waited. */
  readonly items: readonly { readonly itemId: string; readonly playedMs: number }[];
  /** Marks that will not fire any more. */
  readonly marks: readonly string[];
  readonly discardedMs: number;
}

/** Milliseconds and counts since the queue was made; the first three are of now. */
export interface PlayoutStats {
  readonly queuedMs: number;
  /** What there is memory for at present. */
  readonly capacityMs: number;
  readonly primeMs: number;
  /**
   * Sound ran out and more came within 500 ms. A talkspurt that ends is no underrun; a pause of an agent that is shorter
   * than that cannot be told from one and counts.
   */
  readonly underruns: number;
  readonly playedMs: number;
  /** Refused because the queue was full or draining. */
  readonly droppedMs: number;
  /** Silence left out to take away a delay that had piled up. */
  readonly trimmedMs: number;
}

const LONGEST_MS = 600_000;
const FIRST_MS = 1_000;
const FADE_MS = 5;
const UNDERRUN_WINDOW_PULLS = 500 / FRAME_MS;
const GIVE_MEMORY_BACK_PULLS = 10_000 / FRAME_MS;
const MAX_MARKS = 4_096;
const TRIM_BELOW_DB = -50;
const PULLS_BETWEEN_TRIMS = 5;
/** The silence of G.711 is not always zero. */
const SILENT_PEAK = 8;
const NO_MARKS: readonly string[] = [];

/**
 * The agent's sound on its way to the phone. Takes any amount at any pace, gives 20 ms at a time. A talkspurt starts when
 * enough is queued to survive the agent's jitter, or has waited as long; after an underrun it takes more.
 */
export class PlayoutQueue {
  readonly #rate: number;
  readonly #ring: SampleRing;
  readonly #items = new ItemLedger();
  readonly #prime = new PrimeControl();
  readonly #surplus = new SurplusWatch();
  readonly #result: PullResult = { kind: 'silence', talkspurt: false, marks: NO_MARKS, drained: false };
  /** Marks and the place in the stream, in samples, after which they fire. */
  #marks: { readonly name: string; readonly at: number }[] = [];
  /** Samples ever taken in, and ever taken out again in any way. */
  #written = 0;
  #consumed = 0;
  #speaking = false;
  #pullsWaited = 0;
  #pullsSilent = Number.POSITIVE_INFINITY;
  #pullsSinceTrim = 0;
  #pullsEmpty = 0;
  #draining = false;
  #drainReported = false;
  #fadeIn = false;
  /** Something else is heard: what is cut off now was not. */
  #held = false;
  /** The end of a sound that was cut off, faded out; mixed into what comes next. */
  readonly #tail: Int16Array;
  #tailAt: number;
  #lastSample = 0;

  #underruns = 0;
  #played = 0;
  #dropped = 0;
  #trimmed = 0;

  /** `sampleRate` in Hz; `maxMs` is how much may wait. */
  constructor({ sampleRate, maxMs = LONGEST_MS }: { readonly sampleRate: number; readonly maxMs?: number }) {
    this.#rate = sampleRate;
    this.#ring = new SampleRing(msToSamples(FIRST_MS, sampleRate), msToSamples(maxMs, sampleRate));
    this.#tail = new Int16Array(msToSamples(FADE_MS, sampleRate));
    this.#tailAt = this.#tail.length;
  }

  /** Takes sound of any length; it is copied. Returns the milliseconds that were refused: all when draining, else what does not fit. */
  enqueue(pcm: Int16Array, itemId: string | null): number {
    const taken = this.#draining ? 0 : this.#ring.write(pcm);
    const refused = pcm.length - taken;
    this.#dropped += refused;
    if (taken > 0) {
      this.#items.add(itemId, taken);
      this.#written += taken;
      const ms = samplesToMs(taken, this.#rate);
      this.#surplus.arrived(ms);
      if (!this.#speaking && this.#pullsSilent < UNDERRUN_WINDOW_PULLS) this.#underrun(ms);
    }
    return samplesToMs(refused, this.#rate);
  }

  /** Asks to be told when all sound queued so far is out. Returns false if too many marks wait already. */
  mark(name: string): boolean {
    if (this.#marks.length >= MAX_MARKS) return false;
    this.#marks.push({ name, at: this.#written });
    return true;
  }

  /** Throws away what waits. What the phone hears next is 5 ms of fade, then silence until new sound comes. */
  clear(): Cleared {
    const discarded = this.#ring.length;
    if (this.#speaking && !this.#held) this.#setTail(this.#ring.read(this.#tail));
    const marks = this.#marks.map((mark) => mark.name);
    const items = this.#items
      .clear()
      .map(({ itemId, played }) => ({ itemId, playedMs: samplesToMs(played, this.#rate) }));
    this.#marks = [];
    this.#ring.clear();
    this.#consumed = this.#written;
    this.#surplus.reset();
    this.#endTalkspurt();
    this.#pullsSilent = Number.POSITIVE_INFINITY;
    return { items, marks, discardedMs: samplesToMs(discarded, this.#rate) };
  }

  /**
   * Plays what is there, at once, and takes nothing new; silence at its end is left out, because nobody is to wait for it.
   * `drained` tells when it is over. For good.
   */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    const cut = this.#ring.trimEnd(SILENT_PEAK);
    this.#items.cut(cut);
    this.#written -= cut;
    this.#trimmed += cut;
    const end = this.#written;
    this.#marks = this.#marks.map((mark) => (mark.at > end ? { ...mark, at: end } : mark));
  }

  get draining(): boolean {
    return this.#draining;
  }

  /**
   * In place of a pull, when something else is to be heard for a while: what played dies away at the beginning of `out`, over
   * what is in it, and fades in again with the next pull. Meanwhile the queue stands still.
   */
  hold(out: Int16Array): void {
    if (this.#speaking && !this.#held) {
      this.#setTail(0);
      this.#fadeIn = true;
    }
    this.#held = true;
    this.#mixTail(out, 0);
  }

  /** The next 20 ms. `out` must hold exactly one frame at the queue's rate. */
  pull(out: Int16Array): PullResult {
    if (out.length !== samplesPerFrame(this.#rate)) throw new RangeError('a pull takes exactly one frame of 20 ms');
    const result = this.#result;
    this.#held = false;
    result.talkspurt = !this.#speaking && this.#mayStart();
    if (result.talkspurt) this.#speaking = true;
    const given = this.#speaking ? this.#play(out) : 0;
    out.fill(0, given);
    let sounds = this.#mixTail(out, 0) || given > 0;
    if (given > 0) this.#lastSample = out[given - 1]!;
    if (this.#speaking && given < out.length) {
      this.#ranOut();
      sounds = this.#mixTail(out, given) || sounds;
    } else if (!this.#speaking) {
      this.#pullsSilent += 1;
    }
    result.kind = sounds ? 'audio' : 'silence';
    this.#surplus.pulled(samplesToMs(this.#ring.length, this.#rate), this.#prime.primeMs);
    this.#giveMemoryBack();
    result.marks = this.#dueMarks();
    result.drained = this.#draining && !this.#drainReported && this.#ring.length === 0;
    if (result.drained) this.#drainReported = true;
    return result;
  }

  stats(): PlayoutStats {
    return {
      queuedMs: samplesToMs(this.#ring.length, this.#rate),
      capacityMs: samplesToMs(this.#ring.capacity, this.#rate),
      primeMs: this.#prime.primeMs,
      underruns: this.#underruns,
      playedMs: samplesToMs(this.#played, this.#rate),
      droppedMs: samplesToMs(this.#dropped, this.#rate),
      trimmedMs: samplesToMs(this.#trimmed, this.#rate),
    };
  }

  #mayStart(): boolean {
    if (this.#ring.length === 0) return false;
    const { primeMs } = this.#prime;
    const queuedMs = samplesToMs(this.#ring.length, this.#rate);
    if (queuedMs >= primeMs || this.#pullsWaited * FRAME_MS >= primeMs || this.#draining) return true;
    this.#pullsWaited += 1;
    return false;
  }

  #play(out: Int16Array): number {
    let given = this.#take(out);
    this.#pullsSinceTrim += 1;
    const trim = this.#surplus.surplusMs >= FRAME_MS && this.#pullsSinceTrim >= PULLS_BETWEEN_TRIMS;
    if (trim && this.#ring.length >= out.length && levelDb(out) < TRIM_BELOW_DB) {
      this.#trimmed += given;
      this.#surplus.trimmed(FRAME_MS);
      this.#pullsSinceTrim = 0;
      given = this.#take(out);
    }
    this.#played += given;
    this.#prime.played();
    if (this.#fadeIn) fadeIn(out, Math.min(given, this.#tail.length));
    this.#fadeIn = false;
    return given;
  }

  #take(out: Int16Array): number {
    const given = this.#ring.read(out);
    this.#items.play(given);
    this.#consumed += given;
    return given;
  }

  /** The sound stopped short of this frame's end: let it die away from where it stood, without a click. */
  #ranOut(): void {
    this.#setTail(0);
    this.#endTalkspurt();
    this.#pullsSilent = this.#draining ? Number.POSITIVE_INFINITY : 0;
  }

  #underrun(chunkMs: number): void {
    this.#underruns += 1;
    this.#prime.underrun(chunkMs);
    this.#fadeIn = true;
    this.#pullsSilent = Number.POSITIVE_INFINITY;
  }

  #endTalkspurt(): void {
    this.#speaking = false;
    this.#pullsWaited = 0;
    this.#lastSample = 0;
  }

  /** Fades out the first `known` samples of the tail and, as far as they do not reach, the last sample that was played. */
  #setTail(known: number): void {
    const tail = this.#tail;
    const hold = known > 0 ? tail[known - 1]! : this.#lastSample;
    for (let i = 0; i < tail.length; i += 1) {
      tail[i] = (i < known ? tail[i]! : hold) * (1 - (i + 1) / tail.length);
    }
    this.#tailAt = known === 0 && hold === 0 ? tail.length : 0;
  }

  #mixTail(out: Int16Array, at: number): boolean {
    if (this.#tailAt >= this.#tail.length) return false;
    for (let i = at; i < out.length && this.#tailAt < this.#tail.length; i += 1) {
      out[i] = Math.max(-32_768, Math.min(32_767, out[i]! + this.#tail[this.#tailAt]!));
      this.#tailAt += 1;
    }
    return true;
  }

  #giveMemoryBack(): void {
    this.#pullsEmpty = this.#ring.length === 0 ? this.#pullsEmpty + 1 : 0;
    if (this.#pullsEmpty === GIVE_MEMORY_BACK_PULLS) this.#ring.shrink();
  }

  #dueMarks(): readonly string[] {
    let due = 0;
    while (due < this.#marks.length && this.#marks[due]!.at <= this.#consumed) due += 1;
    return due === 0 ? NO_MARKS : this.#marks.splice(0, due).map((mark) => mark.name);
  }
}

function fadeIn(pcm: Int16Array, samples: number): void {
  for (let i = 0; i < samples; i += 1) pcm[i] = pcm[i]! * ((i + 1) / samples);
}
