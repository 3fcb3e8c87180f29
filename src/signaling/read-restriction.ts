import { z } from 'zod';
import type { AccountWord, RestrictionKind } from './account-event.ts';
import { moment, text, word } from './lenient.ts';

const KINDS: ReadonlyMap<string, RestrictionKind> = new Map([
  ['RESTRICTED_BUSINESS_INITIATED_CALLING', 'business_calls'],
  ['RESTRICTED_USER_INITIATED_CALLING', 'user_calls'],
  ['RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN', 'call_button'],
]);

/** Webhooks and settings name the type differently (meta-calling.md §2.3, §3.11). */
const restrictionItem = z.object({ restriction_type: word, type: word, expiration: moment, remediation: text });

/** One restriction of a webhook or of settings; null if it is of no kind that is known. */
export function readRestriction(item: unknown): Extract<AccountWord, { type: 'restricted' }> | null {
  const parsed = restrictionItem.safeParse(item);
  if (!parsed.success) return null;
  const { restriction_type: type, type: other, expiration: until, remediation } = parsed.data;
  const kind = KINDS.get(type ?? other ?? '');
  return kind === undefined ? null : { type: 'restricted', kind, until, remediation: sentence(remediation) };
}

/** Meta's words for a person, as they may be kept and shown: not every database takes every control character. */
export function sentence(given: string | null): string | null {
  return (
    given
      ?.replaceAll(/\p{Cc}+/gu, ' ')
      .slice(0, 2_000)
      .trim() || null
  );
}
