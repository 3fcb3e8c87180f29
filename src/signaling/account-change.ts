import type { AccountWord } from './account-event.ts';
import type { Findings } from './findings.ts';
import { list } from './lenient.ts';
import { accountUpdateValue, violationItem } from './permission-schema.ts';
import { readRestriction, sentence } from './read-restriction.ts';
import { displayedDigits } from './read-user.ts';
import { nameOf, type Reading } from './reading.ts';
import type { WebhookChange } from './webhook-envelope.ts';

/**
 * Reads one change of field `account_update`: that a number was warned, or may not do something for a while
 * (meta-calling.md §3.11). Some samples print the value in a list. `at` is the time of the entry, Unix milliseconds.
 */
export function readAccountChange(change: WebhookChange, at: number, found: Findings): void {
  const ignore = (reason: string) => void found.ignored.push({ where: `${change.where}.value`, reason });
  const values = list.parse(change.value);
  if (values.length === 0) ignore('not an object');
  for (const value of values) {
    const read = readUpdate(value);
    if ('reason' in read) {
      ignore(read.reason);
      continue;
    }
    const { displayPhoneNumber, words } = read.event;
    for (const said of words) found.accounts.push({ of: { displayPhoneNumber }, at, ...said });
  }
}

interface Update {
  /** Digits. */
  readonly displayPhoneNumber: string;
  readonly words: readonly AccountWord[];
}

function readUpdate(value: unknown): Reading<Update> {
  const parsed = accountUpdateValue.safeParse(value);
  if (!parsed.success) return { reason: 'not an object' };
  const { event, phone_number: phone, restriction_info: restrictions, violation_info: violations } = parsed.data;
  const known = event === 'ACCOUNT_RESTRICTION' || event === 'ACCOUNT_VIOLATION';
  if (!known) return { reason: `event ${nameOf(event?.toLowerCase())} is not worked off` };
  const displayPhoneNumber = displayedDigits(phone);
  if (displayPhoneNumber === null) return { reason: 'no phone number' };
  const words = event === 'ACCOUNT_RESTRICTION' ? restrictions.map(readRestriction) : violations.map(readViolation);
  const read = words.filter((said) => said !== null);
  if (read.length > 0) return { event: { displayPhoneNumber, words: read } };
  return { reason: event === 'ACCOUNT_RESTRICTION' ? 'no restriction of calls' : 'no violation' };
}

function readViolation(item: unknown): AccountWord | null {
  const parsed = violationItem.safeParse(item);
  const violation = parsed.data?.violation_type ?? null;
  // A word of Meta's, and no text.
  if (violation === null || !/^[A-Z0-9_]{1,100}$/.test(violation)) return null;
  return { type: 'warned', violation, remediation: sentence(parsed.data?.remediation ?? null) };
}
