import { Application, Bandwidth, createEncoder, EncoderCtl, Signal } from 'libopus-wasm';
import { samplesPerFrame } from '../../audio/index.ts';
import type { SampleRate } from '../../call/index.ts';
import { loadNativeOpus, type NativeOpus } from './opus-native.ts';

/** Turns PCM into Opus packets of 20 ms, mono. */
export interface OpusEncoder {
  readonly backend: OpusBackend;
  /** Takes exactly 20 ms. The packet is valid until the next `encode` of this encoder. Throws RangeError on another length. */
  encode(pcm: Int16Array): Uint8Array;
  /** 0..10: 6 is the knee of fidelity against cost, 1 the gear for overload (media.md §2). */
  setComplexity(complexity: number): void;
  /**
   * Loss that the phone reports, 0..100. Up to 5 % nothing is spent on FEC; above it about a third of the bit rate is, which
   * is heard: so only say what was measured.
   */
  setPacketLoss(percent: number): void;
  /** Frees what the garbage collector would not. Idempotent; nothing may be encoded after it. */
  close(): void;
}

export type OpusBackend = 'native' | 'wasm';

export interface OpusEncoderOptions {
  /** Bits per second. */
  readonly bitrate?: number;
  readonly fec?: boolean;
  readonly complexity?: number;
  readonly packetLossPercent?: number;
}

/** What WhatsApp's offer asks for (media.md §0). */
const DEFAULTS = { bitrate: 20_000, fec: true, complexity: 6, packetLossPercent: 5 } as const;
/**
 * At 20 kbit/s libopus sends no FEC up to 5 % of expected loss, pays for it with the upper band (6 kHz are left of 8) at 6 to
 * 19 %, and keeps both from 20 % on. So nothing in between is asked for.
 */
const LOSS_WITHOUT_FEC = 5;
const LOSS_WITH_FEC = 20;
/** Largest Opus frame, RFC 6716 §3.2.1, and its TOC byte. */
const MAX_PACKET_BYTES = 1_276;

let native: NativeOpus | null | undefined;

/** Which encoder this thread has: the native one, or WebAssembly at twice the CPU where it does not load. */
export function opusBackend(): OpusBackend {
  return loadOnce() === null ? 'wasm' : 'native';
}

/**
 * An encoder for PCM at `rate` Hz: VoIP, voice, at most wideband, in-band FEC, no DTX. `load` is for tests; without it the
 * native encoder is loaded once per thread.
 */
export async function createOpusEncoder(
  rate: SampleRate,
  options: OpusEncoderOptions = {},
  load?: () => NativeOpus,
): Promise<OpusEncoder> {
  const settings = { ...DEFAULTS, ...options };
  const binary = load === undefined ? loadOnce() : attempt(load);
  return binary === null ? wasmEncoder(rate, settings) : nativeEncoder(binary, rate, settings);
}

type Settings = Required<OpusEncoderOptions>;

function nativeEncoder(binary: NativeOpus, rate: SampleRate, settings: Settings): OpusEncoder {
  const encoder = new binary.Encoder({ channels: 1, sample_rate: rate, application: 'voip' });
  encoder.ctl(EncoderCtl.SetBitrate, settings.bitrate);
  encoder.ctl(EncoderCtl.SetSignal, Signal.Voice);
  encoder.ctl(EncoderCtl.SetMaxBandwidth, Bandwidth.Wideband);
  encoder.ctl(EncoderCtl.SetInBandFec, settings.fec ? 1 : 0);
  encoder.ctl(EncoderCtl.SetDtx, 0);
  encoder.ctl(EncoderCtl.SetComplexity, settings.complexity);
  encoder.ctl(EncoderCtl.SetPacketLossPercent, expectedLoss(settings.packetLossPercent));
  const shared = binary.buffers.encoder();
  const own = new Uint8Array(MAX_PACKET_BYTES);
  const samples = samplesPerFrame(rate);
  return {
    backend: 'native',
    encode(pcm) {
      requireFrame(pcm, samples);
      const bytes = encoder.encode(pcm);
      // Out of the shared buffer by a loop: for 60 bytes it is as fast as a view and set, and makes one object less.
      for (let i = 0; i < bytes; i += 1) own[i] = shared[i]!;
      return own.subarray(0, bytes);
    },
    setComplexity: (complexity) => void encoder.ctl(EncoderCtl.SetComplexity, complexity),
    setPacketLoss: (percent) => void encoder.ctl(EncoderCtl.SetPacketLossPercent, expectedLoss(percent)),
    // The binary frees its encoder with the object.
    close: () => {},
  };
}

async function wasmEncoder(rate: SampleRate, settings: Settings): Promise<OpusEncoder> {
  const encoder = await createEncoder({
    sampleRate: rate,
    channels: 1,
    application: Application.Voip,
    signal: Signal.Voice,
    maxBandwidth: Bandwidth.Wideband,
    dtx: false,
    ...settings,
    packetLossPercent: expectedLoss(settings.packetLossPercent),
  });
  const samples = samplesPerFrame(rate);
  return {
    backend: 'wasm',
    encode(pcm) {
      requireFrame(pcm, samples);
      return encoder.encode(pcm);
    },
    setComplexity: (complexity) => encoder.setComplexity(complexity),
    setPacketLoss: (percent) => encoder.setPacketLossPercent(expectedLoss(percent)),
    close: () => encoder.free(),
  };
}

function loadOnce(): NativeOpus | null {
  if (native === undefined) native = attempt(loadNativeOpus);
  return native;
}

function attempt(load: () => NativeOpus): NativeOpus | null {
  try {
    return load();
  } catch {
    return null;
  }
}

function expectedLoss(percent: number): number {
  const whole = Math.round(Math.min(100, Math.max(0, percent)));
  return whole <= LOSS_WITHOUT_FEC ? whole : Math.max(LOSS_WITH_FEC, whole);
}

function requireFrame(pcm: Int16Array, samples: number): void {
  if (pcm.length !== samples) throw new RangeError(`a frame of 20 ms has ${samples} samples, not ${pcm.length}`);
}
