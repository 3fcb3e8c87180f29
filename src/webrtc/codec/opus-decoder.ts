import { createDecoder, type OpusDecoderHandle } from 'libopus-wasm';
import { type PulledFrame, samplesPerFrame } from '../../audio/index.ts';
import type { SampleRate } from '../../call/index.ts';

/** Longest Opus packet: 120 ms. */
const MAX_PACKET_FRAMES = 6;

/** A decoder to mono PCM at `rate` Hz, whatever the sender encodes: libopus changes rate and mixes down itself. */
export async function createOpusDecoder(rate: SampleRate): Promise<OpusDecoder> {
  return new OpusDecoder(rate, await createDecoder({ sampleRate: rate, channels: 1 }));
}

/** Turns what the jitter buffer gives into frames of exactly 20 ms. Bad packets are concealed and counted, never thrown. */
export class OpusDecoder {
  readonly #handle: OpusDecoderHandle;
  readonly #samples: number;
  /** Decoded sound that waits, a packet being longer than a frame. Room for it and for a frame begun before it. */
  readonly #waiting: Int16Array;
  readonly #frame: Int16Array;
  readonly #fecOptions: { readonly decodeFec: true; readonly frameSize: number };
  #length = 0;
  #bad = 0;
  #closed = false;

  constructor(rate: SampleRate, handle: OpusDecoderHandle) {
    this.#handle = handle;
    this.#samples = samplesPerFrame(rate);
    this.#waiting = new Int16Array(this.#samples * (MAX_PACKET_FRAMES + 1));
    this.#frame = new Int16Array(this.#samples);
    this.#fecOptions = { decodeFec: true, frameSize: this.#samples };
  }

  /** Packets that were no Opus. */
  get badPackets(): number {
    return this.#bad;
  }

  /** One frame as the jitter buffer asks for it; zeros for `silence`. Valid until the next call. */
  decodeFrame(pulled: PulledFrame): Int16Array {
    switch (pulled.kind) {
      case 'packet':
        if (pulled.payloads.length === 1 && this.#length === 0) return this.decode(pulled.payloads[0]!);
        for (const payload of pulled.payloads) this.#append(this.#tryDecode(payload));
        return this.#nextFrame();
      case 'rest':
        return this.#nextFrame();
      case 'fec':
        return this.decodeFec(pulled.payloads[0]!);
      case 'conceal':
        return this.conceal();
      case 'silence':
        this.#length = 0;
        this.#frame.fill(0);
        return this.#frame;
      default:
        return pulled.kind satisfies never;
    }
  }

  /** Decodes a packet; gives its first 20 ms. What is left over of a longer one comes with `decodeFrame` of kind `rest`. */
  decode(packet: Uint8Array): Int16Array {
    this.#length = 0;
    const pcm = this.#tryDecode(packet);
    if (pcm.length === this.#samples) return pcm;
    this.#append(pcm);
    return this.#nextFrame();
  }

  /** The frame that was lost, from the FEC in the packet after it; concealment if that carries none. */
  decodeFec(nextPacket: Uint8Array): Int16Array {
    this.#length = 0;
    try {
      return this.#handle.decode(nextPacket, this.#fecOptions);
    } catch {
      this.#bad += 1;
      return this.#handle.decodePacketLoss(this.#samples);
    }
  }

  /** Continues the sound before for 20 ms. */
  conceal(): Int16Array {
    this.#length = 0;
    return this.#handle.decodePacketLoss(this.#samples);
  }

  /** Frees the decoder. Idempotent; nothing may be decoded after it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handle.free();
  }

  #tryDecode(packet: Uint8Array): Int16Array {
    try {
      return this.#handle.decode(packet);
    } catch {
      this.#bad += 1;
      return this.#handle.decodePacketLoss(this.#samples);
    }
  }

  #append(pcm: Int16Array): void {
    const fits = Math.min(pcm.length, this.#waiting.length - this.#length);
    this.#waiting.set(fits === pcm.length ? pcm : pcm.subarray(0, fits), this.#length);
    this.#length += fits;
  }

  #nextFrame(): Int16Array {
    // Every Opus packet is a multiple of 2.5 ms long, and so is what is missing: the least that libopus conceals.
    if (this.#length < this.#samples) this.#append(this.#handle.decodePacketLoss(this.#samples - this.#length));
    this.#frame.set(this.#waiting.subarray(0, this.#samples));
    this.#waiting.copyWithin(0, this.#samples, this.#length);
    this.#length -= this.#samples;
    return this.#frame;
  }
}
