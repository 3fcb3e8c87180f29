import type { Pair } from '../../../src/simulator/index.ts';
import { isSame } from './meta-users.ts';

/** What has left arrives within this, or never (src/permissions/dialling/unsure-requests.ts). */
const ARRIVED_MS = 10_000;
/** A dial that loses its requests again and again waits so many times longer before each. */
const LONGER = 4;
const MINUTE_MS = 60_000;
/** Who was asked first and who picked up first is not told apart within this. */
const GRAIN_MS = 30_000;

interface Loss {
  readonly pair: Pair;
  readonly at: number;
  /** A report has told that Graph does not count it. */
  reported: boolean;
}

/** Requests for permission that were sent and never reached Graph, and for how long a bridge may believe that they did. */
export class Losses {
  readonly #losses: Loss[] = [];
  #unreadableUntil = Number.NEGATIVE_INFINITY;

  add(pair: Pair, at: number): Loss {
    const loss = { pair, at, reported: false };
    this.#losses.push(loss);
    return loss;
  }

  get count(): number {
    return this.#losses.length;
  }

  /** Reports can be had from now on, or they cannot. */
  readable(works: boolean, now: number): void {
    if (!works) this.#unreadableUntil = Number.POSITIVE_INFINITY;
    else if (this.#unreadableUntil > now) this.#unreadableUntil = now;
  }

  /** A report of the pair was read. */
  report(pair: Pair, now: number): void {
    for (const loss of this.#of(pair)) if (loss.at < now - ARRIVED_MS) loss.reported = true;
  }

  /**
   * One of them may still count here: it was lost a while ago only, or Graph could not be asked for it, or its count began anew.
   *
   * @param pickups when calls with the user were picked up
   */
  mayCount(pair: Pair, now: number, pickups: readonly number[]): boolean {
    const losses = this.#of(pair);
    const patienceMs = ARRIVED_MS * LONGER ** (losses.length + 1) + MINUTE_MS;
    return losses.some(
      ({ at }) =>
        now - at < patienceMs || at < this.#unreadableUntil || pickups.some((pickedUpAt) => pickedUpAt > at - GRAIN_MS),
    );
  }

  #of(pair: Pair): Loss[] {
    return this.#losses.filter(({ pair: of }) => isSame(of, pair));
  }
}
