/** What the quality of one direction of a call depends on. */
export interface Transmission {
  /** Mouth to ear, milliseconds. */
  readonly delayMs: number;
  /** Frames that had to be concealed, 0..1. Frames that FEC brought back are not lost. */
  readonly lossRatio: number;
  /** Mean length of a burst of loss against that of random loss: 1 = random, larger = burstier (ITU-T G.107 "BurstR"). */
  readonly burstRatio?: number;
}

/** R with all parameters at their defaults (ITU-T G.107, table 2). */
const BEST_R = 93.2;
/**
 * ITU-T publishes no values for Opus. Impairment 0: at 20 kbit/s wideband it is judged no worse than G.711, on the
 * narrowband scale used here. Robustness 20: between G.729A (19) and G.711 with its concealment (25.1), ITU-T G.113.
 */
const OPUS_IMPAIRMENT = 0;
const OPUS_ROBUSTNESS = 20;

/**
 * Rating factor R, 0..93.2, by the simplification of ITU-T G.107 for a line without echo or noise of its own:
 * R = 93.2 - Id - Ie,eff, with Id as Cole and Rosenbluth fitted it.
 */
export function ratingFactor({ delayMs, lossRatio, burstRatio = 1 }: Transmission): number {
  const delay = Math.max(0, delayMs);
  const delayImpairment = 0.024 * delay + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0);
  const lossPercent = 100 * Math.min(1, Math.max(0, lossRatio));
  const lossImpairment =
    OPUS_IMPAIRMENT +
    (95 - OPUS_IMPAIRMENT) * (lossPercent / (lossPercent / Math.max(1, burstRatio) + OPUS_ROBUSTNESS));
  return Math.min(BEST_R, Math.max(0, BEST_R - delayImpairment - lossImpairment));
}

/** Mean opinion score, 1..4.5, of a transmission (ITU-T G.107 Annex B). */
export function meanOpinionScore(transmission: Transmission): number {
  const r = ratingFactor(transmission);
  return Math.min(4.5, Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6));
}
