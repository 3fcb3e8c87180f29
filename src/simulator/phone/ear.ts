const FRAME_SAMPLES = 320;
/** RTP's Opus clock runs at 48 kHz: three ticks per sample of ours. */
const TICKS_PER_MS = 48;
const TICKS_PER_SAMPLE = 3;
const TICKS_PER_FRAME = FRAME_SAMPLES * TICKS_PER_SAMPLE;
const GAP_MS = 40;
/** A hole longer than this is not concealed but left silent, frames. */
const MAX_CONCEALED = 5;
/** A packet whose RTP time strays further than this from its arrival is left out of the track, ms. */
const MAX_STRAY_MS = 10_000;

interface HeardPacket {
  readonly payload: Buffer;
  readonly sequence: number;
  readonly timestamp: number;
  readonly arrivalMs: number;
}

/** Decodes at 16 kHz; each call returns 320 samples, valid until the next. */
export interface EarDecoder {
  decode(packet: Uint8Array): Int16Array;
  /** The frame before `next`, from the redundancy that `next` carries. */
  recover(next: Uint8Array): Int16Array;
  conceal(): Int16Array;
}

export interface HeardTrack {
  readonly samples: Int16Array;
  /** Of sample 0, on the clock of the arrivals, ms. */
  readonly startMs: number | null;
  /** When each 320 samples came, on the same clock, ms; NaN for those that never did. */
  readonly arrivalsMs: Float64Array;
  readonly late: number;
}

/**
 * Keeps every packet with its arrival time, counts as it goes, and decodes at the end: onto a track placed by RTP
 * timestamps, where sample 0 is due `playoutMs` after the arrival of the fastest packet.
 */
export class Ear {
  readonly #playoutMs: number;
  readonly #packets: HeardPacket[] = [];
  readonly #seen = new Set<number>();
  #first = 0;
  #last = 0;
  #lastArrival: number | null = null;
  duplicates = 0;
  gaps = 0;
  maxGapMs = 0;

  constructor(playoutMs: number) {
    this.#playoutMs = playoutMs;
  }

  get received(): number {
    return this.#packets.length;
  }

  get lost(): number {
    return this.#packets.length === 0 ? 0 : this.#last - this.#first + 1 - this.#packets.length;
  }

  get firstArrivalMs(): number | null {
    return this.#packets[0]?.arrivalMs ?? null;
  }

  /** `sequence` and `timestamp` never wrap. The payload is copied. */
  hear(payload: Uint8Array, sequence: number, timestamp: number, arrivalMs: number): void {
    if (this.#seen.has(sequence)) {
      this.duplicates += 1;
      return;
    }
    this.#seen.add(sequence);
    this.#first = this.#packets.length === 0 ? sequence : Math.min(this.#first, sequence);
    this.#last = this.#packets.length === 0 ? sequence : Math.max(this.#last, sequence);
    if (this.#lastArrival !== null) {
      const gap = arrivalMs - this.#lastArrival;
      if (gap >= GAP_MS) this.gaps += 1;
      this.maxGapMs = Math.max(this.maxGapMs, gap);
    }
    this.#lastArrival = arrivalMs;
    this.#packets.push({ payload: Buffer.from(payload), sequence, timestamp, arrivalMs });
  }

  decode(decoder: EarDecoder): HeardTrack {
    const base = this.#base();
    if (base === null) return { samples: new Int16Array(0), startMs: null, arrivalsMs: new Float64Array(0), late: 0 };
    const packets = this.#packets
      .filter(({ timestamp, arrivalMs }) => Math.abs(arrivalMs - base.arrivalOf(timestamp)) <= MAX_STRAY_MS)
      .sort((a, b) => a.timestamp - b.timestamp);
    const firstTimestamp = packets[0]?.timestamp ?? 0;
    const span = (packets.at(-1)?.timestamp ?? firstTimestamp) - firstTimestamp;
    const samples = new Int16Array(Math.floor(span / TICKS_PER_SAMPLE) + FRAME_SAMPLES);
    const arrivalsMs = new Float64Array(Math.ceil(samples.length / FRAME_SAMPLES)).fill(Number.NaN);

    let late = 0;
    let expected = firstTimestamp;
    for (const { payload, timestamp, arrivalMs } of packets) {
      if (arrivalMs > base.arrivalOf(timestamp) + this.#playoutMs) late += 1;
      const missing = Math.floor((timestamp - expected) / TICKS_PER_FRAME);
      if (missing > 0 && missing <= MAX_CONCEALED) {
        for (let frame = 0; frame < missing; frame += 1) {
          const made = frame === missing - 1 ? decoder.recover(payload) : decoder.conceal();
          place(samples, made, expected + frame * TICKS_PER_FRAME - firstTimestamp);
        }
      }
      place(samples, decoder.decode(payload), timestamp - firstTimestamp);
      arrivalsMs[Math.floor((timestamp - firstTimestamp) / TICKS_PER_FRAME)] = arrivalMs;
      expected = timestamp + TICKS_PER_FRAME;
    }
    return { samples, startMs: base.arrivalOf(firstTimestamp) + this.#playoutMs, arrivalsMs, late };
  }

  /** The fastest packet tells when the others would have come over a path without jitter. */
  #base(): { arrivalOf(timestamp: number): number } | null {
    let fastest: HeardPacket | null = null;
    for (const packet of this.#packets) {
      if (fastest === null || transit(packet) < transit(fastest)) fastest = packet;
    }
    if (fastest === null) return null;
    const offset = transit(fastest);
    return { arrivalOf: (timestamp) => timestamp / TICKS_PER_MS + offset };
  }
}

function transit({ arrivalMs, timestamp }: HeardPacket): number {
  return arrivalMs - timestamp / TICKS_PER_MS;
}

function place(track: Int16Array, frame: Int16Array, ticks: number): void {
  const at = Math.floor(ticks / TICKS_PER_SAMPLE);
  track.set(frame.subarray(0, Math.max(0, Math.min(frame.length, track.length - at))), at);
}
