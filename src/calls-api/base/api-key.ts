import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Makes the check for `X-API-Key` or `Authorization: Bearer`. Clients may send both, of which one is not for us (Kapso's
 * SDK does), so one right one is enough. Time does not tell how much of a key was right, nor which.
 */
export function apiKeyCheck(apiKeys: readonly string[]): (headers: IncomingHttpHeaders) => boolean {
  const known = apiKeys.map(digest);
  return (headers) => {
    const given = [headers['x-api-key'], bearer(headers.authorization)].filter((key) => typeof key === 'string');
    let right = false;
    for (const key of given.map(digest)) {
      for (const candidate of known) right = timingSafeEqual(key, candidate) || right;
    }
    return right;
  };
}

/** Digests have one length, which the comparison needs. */
function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function bearer(authorization: string | undefined): string | null {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? null;
}
