import type { LimitNumbers } from './limits.ts';
import type { Grant, LiveReport, PairState } from './ports.ts';

/** What a user allows at a moment. Times in Unix milliseconds. */
export interface PermissionNow {
  readonly status: Grant['status'];
  /** Of a temporary one. */
  readonly expiresAt: number | null;
  /** The word that says so; null if nobody ever said anything. */
  readonly said: Grant | LiveReport | null;
}

/** Webhooks tell their time in whole seconds, so that what they say may be up to this much younger than it looks. */
const WEBHOOK_GRAIN_MS = 1_000;

/** The newest word on the permission, a webhook's or a report's, at a moment. It ends by the clock (meta-calling.md §3.7). */
export function permissionNow(
  { grant, live }: Pick<PairState, 'grant' | 'live'>,
  { temporaryPermissionMs }: Pick<LimitNumbers, 'temporaryPermissionMs'>,
  now: number,
): PermissionNow {
  const said = live !== null && isNewer(live, grant) ? live : grant;
  if (said === null || said.status === 'none') return { status: 'none', expiresAt: null, said };
  if (said.status === 'permanent') return { status: 'permanent', expiresAt: null, said };
  // Without its end, a temporary permission ends after the longest time that it can have.
  const expiresAt = said.expiresAt ?? said.at + temporaryPermissionMs;
  return now < expiresAt ? { status: 'temporary', expiresAt, said } : { status: 'none', expiresAt: null, said };
}

/** Whether a report was read after a webhook spoke. */
export function isNewer(report: LiveReport, grant: Grant | null): boolean {
  return grant === null || report.at >= grant.at + WEBHOOK_GRAIN_MS;
}

/** Whether a report was read before a call was picked up, which resets what it counted. */
export function isOvertaken(report: LiveReport, connectedAt: number | null): boolean {
  return connectedAt !== null && report.at < connectedAt + WEBHOOK_GRAIN_MS;
}
