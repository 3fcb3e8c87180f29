import { isBsuid } from '../../call/index.ts';
import type { UserRef } from '../../permissions/index.ts';

/** As much of it as JSON Schema can say. */
export const USER_SHAPE = { type: 'string', maxLength: 160 };

/** A user as a client names one: a phone number with its country code, in any spelling, or a BSUID; null if it is neither. */
export function userNamed(given: unknown): UserRef | null {
  if (typeof given !== 'string' || given.length > 160) return null;
  if (isBsuid(given)) return { waId: null, userId: given };
  const digits = given.replace(/^\+/, '').replace(/[ ().-]/g, '');
  return /^\d{5,20}$/.test(digits) ? { waId: digits, userId: null } : null;
}
