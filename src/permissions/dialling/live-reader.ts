import type { GraphRead, PermissionClock, PermissionGraph, UserRef } from '../ports.ts';

export interface LiveReaderOptions {
  readonly graph: Pick<PermissionGraph, 'read'>;
  readonly clock: PermissionClock;
}

/** How a report is wanted. Milliseconds. */
export interface ReadWish {
  /** How long the caller may wait for a place in the rate; 0: only if there is one now. */
  readonly waitMs: number;
  /** Of Graph, such as `v23.0`; null or nothing: the one that is set. Two who share a read get that of the first. */
  readonly version?: string | null;
}

/** Meta allows 5 or 100 a second, by which page one reads (meta-calling.md §2.2). */
const READS_PER_SECOND = 5;
/** A little more than a second, for what the network does to the distances between two reads. */
const PERIOD_MS = 1_100;
const FIRST_BACKOFF_MS = 2_000;
const LONGEST_BACKOFF_MS = 60_000;
/** Meta's code for too many reads. */
const TOO_MANY_READS = 613;

interface Pace {
  /** When the last reads were begun, oldest first. */
  begun: number[];
  /** No read before. */
  pausedUntil: number;
  backoffMs: number;
}

/**
 * Asks Graph what a user allows, at most 5 times a second for each number; after a 613 it pauses, longer each time. Two who
 * ask for the same user at once share one read.
 */
export class LiveReader {
  readonly #graph: LiveReaderOptions['graph'];
  readonly #clock: PermissionClock;
  readonly #paces = new Map<string, Pace>();
  readonly #underWay = new Map<string, Promise<GraphRead>>();

  constructor({ graph, clock }: LiveReaderOptions) {
    this.#graph = graph;
    this.#clock = clock;
  }

  /** Null if the rate left no place in time. */
  async read(phoneNumberId: string, user: UserRef, { waitMs, version = null }: ReadWish): Promise<GraphRead | null> {
    const key = `${phoneNumberId} ${user.waId ?? ''} ${user.userId ?? ''}`;
    const shared = this.#underWay.get(key);
    if (shared !== undefined) return await shared;
    const place = this.#takePlace(phoneNumberId, waitMs);
    if (place === null) return null;
    const reading = this.#readAt(place, phoneNumberId, user, version);
    this.#underWay.set(key, reading);
    try {
      return await reading;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #readAt(time: number, phoneNumberId: string, user: UserRef, version: string | null): Promise<GraphRead> {
    if (time > this.#clock.now()) await new Promise<void>((wake) => this.#clock.at(time, wake));
    const result = await this.#graph.read(phoneNumberId, user, version);
    const pace = this.#paceOf(phoneNumberId);
    if (result.type === 'refused' && (result.code === TOO_MANY_READS || result.status === 429)) {
      pace.pausedUntil = this.#clock.now() + Math.max(pace.backoffMs, result.retryAfterMs ?? 0);
      pace.backoffMs = Math.min(LONGEST_BACKOFF_MS, pace.backoffMs * 2);
    } else {
      pace.backoffMs = FIRST_BACKOFF_MS;
    }
    return result;
  }

  /** The time of the next place in the rate, taken at once; null if it comes too late. */
  #takePlace(phoneNumberId: string, waitMs: number): number | null {
    const now = this.#clock.now();
    const pace = this.#paceOf(phoneNumberId);
    pace.begun = pace.begun.filter((time) => time > now - PERIOD_MS);
    const oldest = pace.begun[pace.begun.length - READS_PER_SECOND];
    const time = Math.max(now, pace.pausedUntil, oldest === undefined ? now : oldest + PERIOD_MS);
    if (time > now + waitMs) return null;
    pace.begun.push(time);
    return time;
  }

  #paceOf(phoneNumberId: string): Pace {
    let pace = this.#paces.get(phoneNumberId);
    if (pace === undefined) {
      pace = { begun: [], pausedUntil: 0, backoffMs: FIRST_BACKOFF_MS };
      this.#paces.set(phoneNumberId, pace);
    }
    return pace;
  }
}
