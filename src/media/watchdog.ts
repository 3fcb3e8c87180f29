/**
 * Notices that nothing, neither RTP nor RTCP, comes from the phone any more. WhatsApp itself drops a call after 20 s
 * without media at its start and after a gap of 30 s later on (meta-calling.md §4.5); so do we, from our side.
 * All times in milliseconds of the monotonic clock.
 */
export class Watchdog {
  readonly #firstMs: number;
  readonly #gapMs: number;
  #since: number | null = null;
  #heard = false;
  #barked = false;

  constructor(firstMediaTimeoutMs: number, mediaGapTimeoutMs: number) {
    this.#firstMs = firstMediaTimeoutMs;
    this.#gapMs = mediaGapTimeoutMs;
  }

  /** The call was accepted: from now on the phone has to be heard. */
  arm(now: number): void {
    this.#since = now;
  }

  activity(now: number): void {
    if (this.#since === null) return;
    this.#since = now;
    this.#heard = true;
  }

  /** How long it has been silent, once, when that became too long; otherwise null. */
  check(now: number): number | null {
    if (this.#since === null || this.#barked) return null;
    const silentMs = now - this.#since;
    if (silentMs < (this.#heard ? this.#gapMs : this.#firstMs)) return null;
    this.#barked = true;
    return silentMs;
  }
}
