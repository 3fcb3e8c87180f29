/**
 * Sound as numbers: frames of 20 ms, the buffers on both ways of a call, codecs without state, and measures. Nothing in
 * here does I/O or reads a clock; time comes as an argument.
 */
export { ComfortTone } from './comfort-tone.ts';
export { type Correlation, correlate, findGaps, type Gap } from './correlate.ts';
export { meanOpinionScore, ratingFactor, type Transmission } from './emodel.ts';
export { FRAME_MS, FRAME_TICKS, msToSamples, RTP_CLOCK_HZ, samplesPerFrame, samplesToMs } from './frame.ts';
export { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw } from './g711.ts';
export { JitterBuffer } from './jitter-buffer.ts';
export type { JitterStats } from './jitter-stats.ts';
export { levelDb, SILENCE_DB } from './level.ts';
export { DTX_MAX_BYTES, opusPacketTicks } from './opus-packet.ts';
export { type Cleared, PlayoutQueue, type PlayoutStats, type PullResult } from './playout-queue.ts';
export { createPulledFrame, type PulledFrame, type PulledKind } from './pulled-frame.ts';
export { Resampler, resample } from './resample.ts';
export { ComfortNoise, dtmfTone, SineGenerator, sineTone } from './tones.ts';
export { parseWav, toMono, type Wav, WavError, writeWav } from './wav.ts';
