const CYCLE = 0x10000;
const HALF = 0x8000;

/**
 * The 48-bit packet index (rollover counter x 65536 + sequence number) that a 16-bit sequence number most likely means, given
 * the highest index seen (RFC 3711 §3.3.1 and appendix A). Right across a wrap for losses of up to 32,767 packets.
 * Negative when it would lie before the first cycle.
 */
export function estimateIndex(highest: number, sequence: number): number {
  const last = highest & 0xffff;
  const index = highest - last + sequence;
  if (last < HALF) return sequence - last > HALF ? index - CYCLE : index;
  return last - HALF > sequence ? index + CYCLE : index;
}

/** The rollover counter of an index, as a 32-bit integer. */
export function rolloverOf(index: number): number {
  return Math.floor(index / CYCLE) | 0;
}
