import { ArrivalStatistics, MAX_HOLD_MS } from './arrival-statistics.ts';
import { FRAME_MS, FRAME_TICKS, RTP_CLOCK_HZ, samplesToMs } from './frame.ts';
import type { JitterStats } from './jitter-stats.ts';
import { DTX_MAX_BYTES, opusPacketTicks } from './opus-packet.ts';
import { PacketSlots, SLOTS } from './packet-slots.ts';
import type { PulledFrame } from './pulled-frame.ts';
import { RestartDetector } from './restart-detector.ts';

/** Stands for "no packet"; real sequence numbers may be negative after unwrapping. */
const NONE = Number.MIN_SAFE_INTEGER;

/** Delay above need that is left alone: one frame, because pulls come in frames, and half a frame against swinging. */
const SLACK_MS = 1.5 * FRAME_MS;
/** Beyond this the surplus is taken out of speech too, if no pause comes for two seconds; beyond the next one at once. */
const LOUD_SURPLUS_MS = 40;
const HARD_SURPLUS_MS = 120;
const PULLS_BETWEEN_DROPS = 5;
const LOUD_PULLS_BEFORE_DROP = 100;
/** 100 ms of concealment; after that there is nothing left to continue. */
const MAX_CONCEALED_RUN = 5;
const QUIET_DB = -50;
/**
 * Takes packets as the network delivers them and gives one frame each 20 ms. It adapts its delay to the jitter seen: it
 * grows by making up a frame, at best where one is missing anyway, and shrinks by leaving one out, at best where nothing is
 * said. Never allocates per packet, except for a packet larger than any before in its slot.
 */
export class JitterBuffer {
  readonly #slots = new PacketSlots();
  readonly #arrivals = new ArrivalStatistics();
  readonly #restarts = new RestartDetector();
  /** Something was played since the start or restart: what comes before it is late. */
  #begun = false;
  /** Not until something is there to play, and not after a longer absence ("idle"): then any newer packet may begin. */
  #playing = false;
  /** Sender's time of the next frame, ticks. Means nothing while idle. */
  #position = 0;
  /** Ticks of the packet last given that reach beyond the frames given. */
  #rest = 0;
  #nextSequence = NONE;
  #highestSequence = NONE;
  #concealedRun = 0;
  #sinceDrop = 0;
  #surplusPulls = 0;
  #pulledAt = 0;
  #quiet = false;
  #lastWasDtx = false;

  #late = 0;
  #duplicate = 0;
  #concealed = 0;
  #fec = 0;
  #dropped = 0;
  #resyncs = 0;

  /**
   * Takes a packet; the payload is copied. `sequence` and `timestamp` (48 kHz) do not wrap; `arrivalMs` is of the same
   * clock as `pull`'s. Bytes that are no Opus packet are counted as lost when their turn comes.
   */
  push(payload: Uint8Array, sequence: number, timestamp: number, arrivalMs: number): void {
    const jump = this.#nextSequence === NONE ? 0 : sequence - this.#nextSequence;
    const newest = sequence > this.#highestSequence && this.#arrivals.known;
    const verdict = this.#restarts.judge(sequence, jump, newest ? this.#arrivals.lateness(timestamp, arrivalMs) : 0);
    if (verdict === 'stray') return;
    if (verdict === 'restart') this.#resync();
    if (this.#slots.seen(sequence)) {
      this.#duplicate += 1;
      return;
    }
    const ticks = opusPacketTicks(payload);
    if (ticks === 0) return;
    this.#arrivals.add(timestamp, arrivalMs);
    if (this.#highestSequence === NONE) this.#nextSequence = sequence;
    const reordered = !this.#begun && sequence < this.#nextSequence && this.#highestSequence - sequence < SLOTS;
    if (reordered) this.#nextSequence = sequence;
    if (sequence < this.#nextSequence || (this.#playing && timestamp + ticks <= this.#position)) {
      this.#late += 1;
      if (sequence > this.#nextSequence - SLOTS) this.#slots.note(sequence);
      return;
    }
    while (sequence - this.#nextSequence >= SLOTS) this.#drop(this.#nextSequence);
    this.#slots.put(payload, sequence, timestamp, ticks);
    this.#highestSequence = Math.max(this.#highestSequence, sequence);
  }

  /** The next frame; called every 20 ms, `nowMs` being the time at which it was due. */
  pull(nowMs: number, into: PulledFrame): void {
    into.payloads.length = 0;
    into.sequence = null;
    this.#pulledAt = nowMs;
    this.#sinceDrop += 1;
    if (!this.#playing && !this.#begin()) {
      into.kind = 'silence';
      return;
    }
    if (this.#rest >= FRAME_TICKS) {
      this.#rest -= FRAME_TICKS;
      this.#position += FRAME_TICKS;
      into.kind = 'rest';
      return;
    }
    this.#shrink();
    const head = this.#head();
    if (head === NONE) this.#nothingThere(into);
    else if (this.#slots.timestamp(head) < this.#position + FRAME_TICKS) this.#give(head, into);
    else this.#hole(head, into);
  }

  /** Level of the frame decoded last, dBFS: tells where a frame can be left out or made up unheard. */
  noteLevel(db: number): void {
    this.#quiet = db < QUIET_DB;
  }

  stats(): JitterStats {
    return {
      late: this.#late,
      duplicate: this.#duplicate,
      concealed: this.#concealed,
      fec: this.#fec,
      dropped: this.#dropped,
      resyncs: this.#resyncs,
      depthMs: this.#depthMs(),
      targetMs: this.#arrivals.needMs + FRAME_MS,
      delayMs: this.#playing ? this.#delayMs() : 0,
    };
  }

  /** How long the next frame is held back against the fastest packet. */
  #delayMs(): number {
    return this.#arrivals.lateness(this.#position, this.#pulledAt);
  }

  #lateness(sequence: number): number {
    return this.#arrivals.lateness(this.#slots.timestamp(sequence), this.#pulledAt);
  }

  #depthMs(): number {
    const head = this.#head();
    if (head === NONE) return samplesToMs(this.#rest, RTP_CLOCK_HZ);
    const from = this.#playing ? this.#position : this.#slots.timestamp(head);
    const last = this.#highestSequence;
    return Math.max(0, samplesToMs(this.#slots.timestamp(last) + this.#slots.ticks(last) - from, RTP_CLOCK_HZ));
  }

  /** The first packet that waits, or NONE. */
  #head(): number {
    if (this.#highestSequence === NONE) return NONE;
    for (let sequence = this.#nextSequence; sequence <= this.#highestSequence; sequence += 1) {
      if (this.#slots.waits(sequence)) return sequence;
    }
    return NONE;
  }

  /** Leaves idle once the first packet has been held for as long as the jitter asks. */
  #begin(): boolean {
    let head = this.#head();
    if (head === NONE) return false;
    const need = this.#arrivals.needMs;
    if (this.#lateness(head) < need) return false;
    // After a stall a whole heap may have come at once: begin with the part that is not stale.
    while (head < this.#highestSequence && this.#lateness(head) > need + SLACK_MS) {
      this.#drop(head);
      head = this.#head();
    }
    this.#playing = true;
    this.#begun = true;
    this.#position = this.#slots.timestamp(head);
    this.#nextSequence = head;
    this.#rest = 0;
    this.#concealedRun = 0;
    return true;
  }

  #give(head: number, into: PulledFrame): void {
    into.kind = 'packet';
    into.sequence = head;
    if (this.#rest === 0) this.#position = this.#slots.timestamp(head);
    const end = this.#position + FRAME_TICKS;
    for (
      let sequence = head;
      this.#rest < FRAME_TICKS && this.#slots.waits(sequence) && this.#slots.timestamp(sequence) < end;
      sequence += 1
    ) {
      this.#arrivals.played(sequence - this.#nextSequence);
      into.payloads.push(this.#slots.payload(sequence));
      this.#lastWasDtx = this.#slots.bytes(sequence) <= DTX_MAX_BYTES;
      this.#rest += this.#slots.ticks(sequence);
      this.#slots.release(sequence);
      this.#nextSequence = sequence + 1;
    }
    this.#rest = Math.max(0, this.#rest - FRAME_TICKS);
    this.#position = end;
    this.#concealedRun = 0;
  }

  /** The buffer is empty: the packet is late, lost, or the sender pauses; which one is not known yet. */
  #nothingThere(into: PulledFrame): void {
    if (this.#rest > 0) {
      this.#finishRest(into);
      return;
    }
    // Standing still is growing, as far as allowed: a packet that is only late is then played and not lost.
    if (this.#delayMs() + FRAME_MS > MAX_HOLD_MS) this.#position += FRAME_TICKS;
    this.#makeUp(into);
    if (this.#concealedRun > MAX_CONCEALED_RUN) this.#playing = false;
  }

  /** A later packet is there but not the one whose turn it is. */
  #hole(head: number, into: PulledFrame): void {
    if (this.#rest > 0) {
      this.#finishRest(into);
      return;
    }
    const lost = head > this.#nextSequence;
    const delay = this.#delayMs();
    const need = this.#arrivals.needMs;
    if (!lost || this.#concealedRun >= MAX_CONCEALED_RUN) {
      // The sender paused: nothing is missing, so the delay can be set right for free.
      const frames = Math.floor((this.#slots.timestamp(head) - this.#position) / FRAME_TICKS);
      const surplus = Math.floor((delay - need) / FRAME_MS);
      if (surplus > 1) this.#position += Math.min(frames - 1, surplus - 1) * FRAME_TICKS;
    }
    if (delay < need) {
      this.#makeUp(into);
      return;
    }
    const before = this.#slots.timestamp(head) < this.#position + 2 * FRAME_TICKS;
    this.#position += FRAME_TICKS;
    if (!lost || !before || this.#slots.bytes(head) <= DTX_MAX_BYTES) {
      this.#makeUp(into);
      return;
    }
    this.#arrivals.played(head - this.#nextSequence);
    this.#nextSequence = head;
    this.#fec += 1;
    this.#concealedRun = 0;
    into.kind = 'fec';
    into.sequence = head;
    into.payloads.push(this.#slots.payload(head));
  }

  /** The last part of a longer packet, too short for a frame. */
  #finishRest(into: PulledFrame): void {
    this.#rest = 0;
    this.#position += FRAME_TICKS;
    into.kind = 'rest';
  }

  #makeUp(into: PulledFrame): void {
    this.#concealedRun += 1;
    if (!this.#lastWasDtx && this.#concealedRun <= MAX_CONCEALED_RUN) this.#concealed += 1;
    into.kind = this.#concealedRun > MAX_CONCEALED_RUN ? 'silence' : 'conceal';
  }

  /** Leaves packets out while the delay is larger than it need be. */
  #shrink(): void {
    if (this.#rest > 0) return;
    for (;;) {
      const head = this.#head();
      if (head === NONE || head === this.#highestSequence || !this.#slots.waits(head + 1)) return;
      if (this.#slots.timestamp(head) >= this.#position + FRAME_TICKS) return;
      const surplus = this.#delayMs() - this.#arrivals.needMs - SLACK_MS;
      this.#surplusPulls = surplus > LOUD_SURPLUS_MS ? this.#surplusPulls + 1 : 0;
      const unheard = this.#quiet || this.#slots.bytes(head) <= DTX_MAX_BYTES;
      const due =
        surplus > HARD_SURPLUS_MS ||
        (surplus > 0 && unheard && this.#sinceDrop >= PULLS_BETWEEN_DROPS) ||
        this.#surplusPulls >= LOUD_PULLS_BEFORE_DROP;
      if (!due) return;
      this.#position = this.#slots.timestamp(head + 1);
      this.#drop(head);
      this.#sinceDrop = 0;
      this.#surplusPulls = 0;
    }
  }

  #drop(sequence: number): void {
    if (this.#slots.waits(sequence)) {
      this.#slots.release(sequence);
      this.#dropped += 1;
    }
    this.#nextSequence = sequence + 1;
  }

  #resync(): void {
    this.#slots.clear();
    this.#arrivals.reset();
    this.#playing = false;
    this.#begun = false;
    this.#nextSequence = NONE;
    this.#highestSequence = NONE;
    this.#rest = 0;
    this.#resyncs += 1;
  }
}
