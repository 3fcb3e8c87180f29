import type { FastifyRequest } from 'fastify';
import type { Caller, Scope } from '../ports.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key opened the request; null outside of the routes with a key. */
    caller: Caller | null;
  }
}

/** Each opens what the ones before it open (docs/api.md). */
const SCOPES = ['read', 'calls', 'admin'] as const satisfies Scope[];

/** Whose key opened the request. Routes with a key have one. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('this route is not behind a key');
  return request.caller;
}

export function opens(given: Scope, needed: Scope): boolean {
  return SCOPES.indexOf(given) >= SCOPES.indexOf(needed);
}
