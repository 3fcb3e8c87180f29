import type { LiveReport, UserRef } from './pair-state.ts';

/** A request that Graph has not named and no user has answered: it may have been sent, or not. Times in Unix milliseconds. */
export interface UnsureRequest {
  readonly id: string;
  readonly phoneNumberId: string;
  readonly user: UserRef;
  /** That asked; null of a client's request. */
  readonly dialId: string | null;
  /** Since when it counts: when it was about to be sent, or when the wait for an answer was over. */
  readonly at: number;
  /** How often the dial has asked, this time included. */
  readonly times: number;
  /** When Graph took other requests to this user, as far back as a report may count them, oldest first. */
  readonly taken: readonly number[];
}

/**
 * By so much Graph's time of a request and ours may differ: as long as an answer can take (15 s), and Meta counts in whole
 * seconds.
 */
const GRAIN_MS = 20_000;

/**
 * Whether a report shows that Graph never had a request: in the shortest period in which it would count, Graph counts no more
 * than those that it took for certain. If it counts more, one of them may be this one, or another program's. A longer period
 * tells no more, and may hold what nobody knows of for certain.
 *
 * @param report read when all that was sent must have arrived
 * @param lastConnectedAt of a call with this user, which begins the count anew (meta-calling.md §6)
 */
export function neverReached(
  { at, taken }: Pick<UnsureRequest, 'at' | 'taken'>,
  { at: readAt, sendRequest }: Pick<LiveReport, 'at' | 'sendRequest'>,
  lastConnectedAt: number | null,
): boolean {
  const since = lastConnectedAt ?? Number.NEGATIVE_INFINITY;
  const [shortest] = (sendRequest?.limits ?? [])
    .map(({ periodMs, currentUsage }) => ({ begin: Math.max(readAt - periodMs, since) + GRAIN_MS, currentUsage }))
    .filter(({ begin }) => at > begin)
    .toSorted((one, other) => other.begin - one.begin);
  if (shortest === undefined) return false;
  const certain = taken.filter((time) => time > shortest.begin && time < readAt - GRAIN_MS);
  return shortest.currentUsage <= certain.length;
}
