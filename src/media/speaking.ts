import { ComfortTone, levelDb, PlayoutQueue, type PullResult, SILENCE_DB, samplesPerFrame } from '../audio/index.ts';
import type { SampleRate } from '../call/index.ts';
import { OPUS_SILENCE, type OpusEncoder } from '../webrtc/index.ts';
import { Announcing } from './announcing.ts';
import { type AgentPresence, ComfortWatch } from './comfort-watch.ts';

/** The encoder gets real silence for this long after speech, so that its state decays; then a constant packet does. */
const HANGOVER_FRAMES = 10;
/** Of a queue that nothing will be put in before an encoder is there, Hz. */
const FIRST_RATE: SampleRate = 16_000;
const NOTHING: PullResult = { kind: 'silence', talkspurt: false, marks: [], drained: false };

/** One 20 ms frame to the phone. Reused by the next pull. */
export interface OutgoingFrame {
  packet: Uint8Array;
  /** First packet of a talkspurt of the agent (or of a prompt). */
  marker: boolean;
  /** Of the agent; nothing while a prompt is played over it. */
  playout: PullResult;
  /** The last frame of a prompt that was played over the agent. */
  announced: boolean;
}

/** The way to the phone: playout queue, prompts in its place, comfort tone, encoder. Works at the agent's rate, which may change. */
export class Speaking {
  /** While it is active, the queue stands still. */
  readonly announcing = new Announcing();
  readonly #comfort = new ComfortWatch();
  readonly #outgoing: OutgoingFrame = { packet: OPUS_SILENCE, marker: false, playout: NOTHING, announced: false };
  #rate = FIRST_RATE;
  #playout = new PlayoutQueue({ sampleRate: FIRST_RATE });
  /** The queue before, until what played of it has died away. */
  #leaving: PlayoutQueue | null = null;
  #pcm = new Int16Array(samplesPerFrame(FIRST_RATE));
  #tone = new ComfortTone(FIRST_RATE);
  #encoder: OpusEncoder | null = null;
  #toneSounds = false;
  #hangover = 0;
  #complexity: number | null = null;
  #loudestDb = SILENCE_DB;
  /** Of the queues before this one. */
  #underruns = 0;
  #droppedMs = 0;

  /** Of the queue, Hz; of the encoder too, once there is one. */
  get rate(): SampleRate {
    return this.#rate;
  }

  get hasEncoder(): boolean {
    return this.#encoder !== null;
  }

  get playout(): PlayoutQueue {
    return this.#playout;
  }

  /** Takes another encoder. At another rate, what is queued is lost. */
  use(encoder: OpusEncoder, rate: SampleRate): void {
    this.#encoder?.close();
    this.#encoder = encoder;
    this.#complexity = null;
    if (rate === this.#rate) return;
    this.#rate = rate;
    this.take(new PlayoutQueue({ sampleRate: rate }));
    this.#pcm = new Int16Array(samplesPerFrame(rate));
    this.#tone = new ComfortTone(rate);
  }

  /** Plays from another queue, which must be at `rate`. What plays of the one before dies away. */
  take(playout: PlayoutQueue): void {
    const before = this.#playout;
    const { underruns, droppedMs } = before.stats();
    this.#underruns += underruns;
    this.#droppedMs += droppedMs;
    this.#playout = playout;
    if (this.#leaving !== null) return;
    this.#leaving = before;
  }

  /** The phone's next packet: silence, and nothing of the queue, while there is no encoder. `complexity`: 0..10, of Opus. */
  pull(complexity: number, presence: AgentPresence): OutgoingFrame {
    const out = this.#outgoing;
    if (this.#encoder === null) return out;
    if (complexity !== this.#complexity) {
      this.#encoder.setComplexity(complexity);
      this.#complexity = complexity;
    }
    const announces = this.announcing.active;
    if (announces) this.#announce(out);
    else this.#speak(out);
    const agentSounds = out.playout.kind === 'audio';
    const toneSounds = this.#mixTone(this.#comfort.next(announces ? 'none' : presence, announces || agentSounds));
    if (announces || agentSounds || toneSounds) this.#hangover = HANGOVER_FRAMES;
    else if (this.#hangover > 0) this.#hangover -= 1;
    out.packet = this.#hangover > 0 ? this.#encoder.encode(this.#pcm) : OPUS_SILENCE;
    return out;
  }

  /** Loss that the phone reports, percent. */
  expectLoss(percent: number): void {
    this.#encoder?.setPacketLoss(percent);
  }

  /** Over the whole call. */
  counts(): { readonly underruns: number; readonly droppedMs: number } {
    const { underruns, droppedMs } = this.#playout.stats();
    return { underruns: this.#underruns + underruns, droppedMs: this.#droppedMs + droppedMs };
  }

  /** Loudest frame of the agent since the last time, dBFS. */
  takeLevel(): number {
    const loudest = this.#loudestDb;
    this.#loudestDb = SILENCE_DB;
    return loudest;
  }

  close(): void {
    this.#encoder?.close();
    this.#encoder = null;
  }

  #speak(out: OutgoingFrame): void {
    out.playout = this.#playout.pull(this.#pcm);
    this.#leaving?.hold(this.#pcm);
    this.#leaving = null;
    out.marker = out.playout.talkspurt;
    out.announced = false;
    if (out.playout.kind === 'audio') this.#loudestDb = Math.max(this.#loudestDb, levelDb(this.#pcm));
  }

  #announce(out: OutgoingFrame): void {
    out.marker = this.announcing.atStart;
    out.announced = this.announcing.pull(this.#pcm, this.#rate);
    this.#playout.hold(this.#pcm);
    this.#leaving = null;
    out.playout = NOTHING;
  }

  /** The tone goes where there is silence, and its end may lie under the first frame of the agent. */
  #mixTone(wanted: boolean): boolean {
    const before = this.#toneSounds;
    this.#toneSounds = wanted;
    if (wanted) {
      if (!before) this.#tone.restart();
      this.#tone.fill(this.#pcm);
    } else if (before) {
      this.#tone.fadeInto(this.#pcm);
    }
    return wanted || before;
  }
}
