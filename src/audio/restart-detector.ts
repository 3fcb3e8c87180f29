/** A jump of the sequence, or a step of the sender's clock, that no network makes. */
const RESTART_SEQUENCES = 1_000;
const RESTART_MS = 2_000;

/** Tells a sender that began anew from a stray packet: it takes two suspects in a row (RFC 3550 A.1). */
export class RestartDetector {
  #expected: number | null = null;

  /** Takes a packet, how far it is from the one expected, and how late it is against the fastest one, in ms. */
  judge(sequence: number, jump: number, latenessMs: number): 'normal' | 'stray' | 'restart' {
    if (Math.abs(jump) <= RESTART_SEQUENCES && Math.abs(latenessMs) <= RESTART_MS) {
      this.#expected = null;
      return 'normal';
    }
    const confirmed = sequence === this.#expected;
    this.#expected = confirmed ? null : sequence + 1;
    return confirmed ? 'restart' : 'stray';
  }
}
