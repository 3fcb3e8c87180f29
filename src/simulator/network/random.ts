/** A seeded source of random numbers: the same seed gives the same numbers on every machine. */
export interface Random {
  /** Uniform, 0 <= n < 1. */
  next(): number;
}

/**
 * Makes a source from a seed and a stream name, so that independent decisions of one run (each direction, each kind of
 * packet) do not disturb each other's sequence.
 */
export function seededRandom(seed: number, stream: string): Random {
  let state = (seed ^ hash(stream)) >>> 0;
  return {
    next() {
      // mulberry32: 32 bits of state are plenty for deciding the fate of packets.
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
    },
  };
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
