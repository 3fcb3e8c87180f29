import type { NetworkProfile } from './profiles.ts';
import type { Random } from './random.ts';

/**
 * Decides the fate of packets one by one. The n-th packet meets the same fate for the same random source, whenever it
 * comes: exactly as many numbers are drawn for each packet, whatever is decided. Knows no sockets and no clock.
 */
export class Impairment {
  readonly #profile: NetworkProfile;
  readonly #random: Random;
  readonly #enterLoss: number;
  readonly #leaveLoss: number;
  readonly #due: number[] = [];
  #losing = false;
  #lastDue = Number.NEGATIVE_INFINITY;
  #untilSpike: number;

  constructor(profile: NetworkProfile, random: Random) {
    this.#profile = profile;
    this.#random = random;
    // Gilbert-Elliott with every packet of the bad state lost: a burst of mean b is left with 1/b, and the long-run
    // share of the bad state is enter / (enter + leave).
    this.#leaveLoss = 1 / Math.max(1, profile.lossBurst);
    this.#enterLoss =
      profile.lossRatio >= 1 ? 1 : Math.min(1, (profile.lossRatio * this.#leaveLoss) / (1 - profile.lossRatio));
    this.#untilSpike = this.#drawSpike(random.next());
  }

  /**
   * When each copy of a packet that was sent at `nowMs` is due: none if it is lost, two if it is duplicated. The array is
   * reused by the next call.
   */
  next(nowMs: number): readonly number[] {
    const profile = this.#profile;
    const lossDraw = this.#random.next();
    const jitterDraw = this.#random.next();
    const duplicateDraw = this.#random.next();
    const reorderDraw = this.#random.next();
    const spikeDraw = this.#random.next();
    this.#due.length = 0;

    let due = nowMs + Math.max(0, profile.delayMs + (2 * jitterDraw - 1) * profile.jitterMs);
    this.#untilSpike -= 1;
    if (profile.spikeMs > 0 && this.#untilSpike <= 0) {
      this.#untilSpike = this.#drawSpike(spikeDraw);
      due += profile.spikeMs;
      this.#lastDue = Math.max(this.#lastDue, due);
    }
    this.#losing = this.#losing ? lossDraw >= this.#leaveLoss : lossDraw < this.#enterLoss;
    if (this.#losing) return this.#due;

    // A path is a queue: jitter delays what follows, it does not let it overtake. Overtaking is a decision of its own.
    due = Math.max(due, this.#lastDue);
    if (reorderDraw < profile.reorderRatio) {
      due += profile.reorderMs;
    } else {
      this.#lastDue = due;
    }
    this.#due.push(due);
    if (duplicateDraw < profile.duplicateRatio) this.#due.push(due);
    return this.#due;
  }

  #drawSpike(draw: number): number {
    const [least, most] = this.#profile.spikeEveryPackets;
    return least + Math.floor(draw * (most - least + 1));
  }
}
