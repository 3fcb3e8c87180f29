/** What is reported for digital silence, and the least of all levels: the floor of RFC 6464. */
export const SILENCE_DB = -127;

const FULL_SCALE = 32_768;

/** Level of `pcm` in dBFS: its RMS against full scale, 0 for a square wave at full scale, `SILENCE_DB` at the least. */
export function levelDb(pcm: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < pcm.length; i += 1) {
    const sample = pcm[i]!;
    sum += sample * sample;
  }
  if (sum === 0) return SILENCE_DB;
  return Math.max(SILENCE_DB, 10 * Math.log10(sum / pcm.length / (FULL_SCALE * FULL_SCALE)));
}

/** Amplitude (peak, 0..32767) of a sine whose level is `db` dBFS RMS. */
export function sineAmplitude(db: number): number {
  return Math.min(FULL_SCALE - 1, FULL_SCALE * Math.SQRT2 * 10 ** (db / 20));
}
