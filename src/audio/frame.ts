/** Length of a sound frame everywhere in this service, in milliseconds (design.md, "Sound"). */
export const FRAME_MS = 20;

/** RTP clock of Opus, Hz, whatever rate is encoded (RFC 7587 §4.1). */
export const RTP_CLOCK_HZ = 48_000;

/** RTP timestamp units of one frame: 960. */
export const FRAME_TICKS = (RTP_CLOCK_HZ / 1000) * FRAME_MS;

/** Samples of one 20 ms frame at `rate` Hz; a rate of which 20 ms are not a whole number is rounded down. */
export function samplesPerFrame(rate: number): number {
  return Math.floor((rate * FRAME_MS) / 1000);
}

/** Whole samples in `ms` milliseconds at `rate` Hz, rounded to the nearest. */
export function msToSamples(ms: number, rate: number): number {
  return Math.round((ms * rate) / 1000);
}

/** Milliseconds that `samples` last at `rate` Hz, not rounded. */
export function samplesToMs(samples: number, rate: number): number {
  return (samples * 1000) / rate;
}
