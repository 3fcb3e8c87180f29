/** How much of the power of `pcm` is a tone of `hz`, 0..1; 0 of silence. `rate` in Hz. */
export function toneShare(pcm: Int16Array, rate: number, hz: number): number {
  let re = 0;
  let im = 0;
  let total = 0;
  pcm.forEach((sample, n) => {
    re += sample * Math.cos((2 * Math.PI * hz * n) / rate);
    im += sample * Math.sin((2 * Math.PI * hz * n) / rate);
    total += sample * sample;
  });
  return total === 0 ? 0 : (2 * (re * re + im * im)) / pcm.length / total;
}
