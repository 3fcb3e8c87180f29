import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Caller } from '../ports.ts';
import { ApiError } from './errors.ts';

/** Lets a request with this bearer pass, or throws. Null: its key is wrong, or it has none. */
export type GuessLimit = (request: FastifyRequest, bearer: Caller | null) => Promise<Caller>;

export const GUESSES = { max: 60, windowMs: 60_000 };
/** Keys with the addresses that they opened from; what is forgotten is only asked again. */
const MAX_KNOWN = 10_000;

/**
 * Shuts out for a while who tries keys: once an address has sent too many wrong ones, no other is looked at. Those that have
 * opened from this address before still do, because a whole office, or everything behind a proxy, may be one address. Addresses
 * are counted in memory, and are neither stored nor logged.
 *
 * @param scope with the limiter of wrong keys as its own
 * @param now Unix milliseconds
 */
export function guessLimit(scope: FastifyInstance, now: () => number): GuessLimit {
  const wrongKeys = scope.createRateLimit();
  const known = new Set<string>();
  return async (request, bearer) => {
    const pair = bearer === null ? null : `${bearer.keyId} ${request.ip}`;
    if (bearer !== null && pair !== null && known.has(pair)) return bearer;
    const limit = await wrongKeys(request, { increment: bearer === null });
    if (!limit.isAllowed && limit.isExceeded) {
      const details = 'Too many wrong keys came from this address';
      throw new ApiError('rate_limited', details, { retryAt: now() + limit.ttl });
    }
    if (bearer === null || pair === null) throw new ApiError('unauthorized');
    known.add(pair);
    const [oldest] = known;
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    return bearer;
  };
}
