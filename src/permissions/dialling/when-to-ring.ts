import type { DialOrder, DialRules } from '../ports.ts';
import { quietUntil, zonesOf } from '../quiet-hours.ts';

/** When a dial that waited may ring, Unix milliseconds: now, or when the quiet hours of its user are over. */
export function whenToRing({ quietHours }: DialRules, { user, userTimeZone }: DialOrder, now: number): number {
  if (quietHours === null) return now;
  const zones = userTimeZone === null ? zonesOf(user.waId, user.userId) : [userTimeZone];
  return quietUntil(quietHours, zones, now);
}
