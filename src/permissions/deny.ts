import type { Denial, DenyReason } from './ports.ts';

/** Meta's own code for what Graph would say, or the nearest (meta-calling.md §7). */
export const DENY_CODES: Readonly<Record<DenyReason, number>> = {
  no_permission: 138006,
  request_limit: 138009,
  request_pending: 138009,
  permission_exists: 138017,
  connected_call_limit: 138012,
  call_ongoing: 138003,
  too_many_calls: 138002,
  dial_rate: 138005,
  country_not_supported: 138013,
  calling_disabled: 138000,
  number_paused: 138014,
  unanswered_guard: 138012,
  window_closed: 131047,
  messaging_tier: 131048,
};

/**
 * A refusal of ours.
 *
 * @param until when this rule lets it pass, Unix milliseconds; null if no clock changes it
 * @param why for a person, without names and numbers of users; goes behind "Refused by talkwire: "
 */
export function deny(reason: DenyReason, until: number | null, why: string, code = DENY_CODES[reason]): Denial {
  return { type: 'deny', code, reason, until, why: `Refused by talkwire: ${why}` };
}
