import type { GraphCredentials } from './ports.ts';

/**
 * The path before the id: that of the base URL, and the version.
 *
 * @param ours the version that is set; null for a base URL that takes none, whatever a client speaks (kapso-api.md §1)
 * @param asked the version that a client speaks; null if it names none
 */
export function graphPrefix(base: URL, ours: string | null, asked: string | null): string {
  const path = base.pathname.replace(/\/+$/, '');
  return ours === null ? path : `${path}/${encodeURIComponent(asked ?? ours)}`;
}

/** How a number shows whom it belongs to: Meta's way, or that of a Kapso proxy. */
export function authorizationOf({ kind, secret }: GraphCredentials): Record<string, string> {
  return kind === 'bearer' ? { authorization: `Bearer ${secret}` } : { 'x-api-key': secret };
}
