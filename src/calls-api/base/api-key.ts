import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { DEFAULT_PROJECT_ID } from '../../call/index.ts';
import type { Caller, KeyRing } from '../ports.ts';

/**
 * Whose key a request has: `X-API-Key` or `Authorization: Bearer`. Clients may send both, of which one is not for us (Kapso's
 * SDK does), so one right one is enough.
 */
export function callerIn(headers: IncomingHttpHeaders, keys: KeyRing): Caller | null {
  for (const given of [headers['x-api-key'], bearer(headers.authorization)]) {
    const caller = typeof given === 'string' ? keys.callerWith(given) : null;
    if (caller !== null) return caller;
  }
  return null;
}

/** The keys of the environment: they open everything of the first project, and what is of no project. */
export function environmentKeys(apiKeys: readonly string[]): KeyRing {
  const known = apiKeys.map((key, place) => ({ digest: digestOf(key), caller: bootstrapCaller(place) }));
  return {
    callerWith(key) {
      const given = digestOf(key);
      let caller: Caller | null = null;
      for (const each of known) if (timingSafeEqual(given, each.digest)) caller = each.caller;
      return caller;
    },
  };
}

/** Opens what one of `rings` opens. All are asked, so that the time does not tell which one knows a key. */
export function anyOf(...rings: readonly KeyRing[]): KeyRing {
  return {
    callerWith(key) {
      const callers = rings.map((ring) => ring.callerWith(key));
      return callers.find((caller) => caller !== null) ?? null;
    },
  };
}

function bootstrapCaller(place: number): Caller {
  return { keyId: `environment-${place + 1}`, projectId: DEFAULT_PROJECT_ID, scope: 'admin', installation: true };
}

/** Digests have one length, which the comparison needs. */
function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

function bearer(authorization: string | undefined): string | null {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? null;
}
