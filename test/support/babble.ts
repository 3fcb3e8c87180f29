const RATE = 16_000;

/**
 * Something like speech, 16 kHz: a buzzing voice whose pitch and colour wander, in syllables of uneven length. It has a
 * place in time that correlation can find, and Opus treats it as a voice. Always the same.
 */
export function babble(ms: number): Int16Array {
  const samples = new Int16Array(Math.round((ms * RATE) / 1000));
  let phase = 0;
  for (let n = 0; n < samples.length; n += 1) {
    const t = n / RATE;
    const pitch = 120 + 40 * Math.sin(2 * Math.PI * 0.7 * t) + 15 * Math.sin(2 * Math.PI * 2.3 * t);
    phase += (2 * Math.PI * pitch) / RATE;
    const colour = 1 + 0.6 * Math.sin(2 * Math.PI * 1.1 * t);
    let voice = 0;
    for (let harmonic = 1; harmonic <= 12; harmonic += 1) voice += Math.sin(harmonic * phase) / harmonic ** colour;
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 3.1 * t) + 0.5 * Math.sin(2 * Math.PI * 1.3 * t + 1));
    samples[n] = Math.round(5_000 * syllable * Math.max(-2, Math.min(2, voice)));
  }
  return samples;
}
