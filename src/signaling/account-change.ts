import type { Findings } from './findings.ts';
import { list } from './lenient.ts';
import type { CallingRestriction } from './permission-event.ts';
import { accountUpdateValue, restrictionItem } from './permission-schema.ts';
import { displayedDigits } from './read-user.ts';
import { nameOf, type Reading } from './reading.ts';
import type { WebhookChange } from './webhook-envelope.ts';

/**
 * Reads one change of field `account_update`: that a number may not start calls for a while (meta-calling.md §3.11). Some
 * samples print the value in a list. `at` is the time of the entry, Unix milliseconds.
 */
export function readAccountChange(change: WebhookChange, at: number, found: Findings): void {
  const ignore = (reason: string) => void found.ignored.push({ where: `${change.where}.value`, reason });
  const values = list.parse(change.value);
  if (values.length === 0) ignore('not an object');
  for (const value of values) {
    const read = readRestrictions(value, at);
    if ('reason' in read) ignore(read.reason);
    else found.restrictions.push(...read.event);
  }
}

/** No calls of the business and no permission requests. The others are of calls of users, which Graph then does not send. */
const OUTBOUND = 'RESTRICTED_BUSINESS_INITIATED_CALLING';

function readRestrictions(value: unknown, at: number): Reading<readonly CallingRestriction[]> {
  const parsed = accountUpdateValue.safeParse(value);
  if (!parsed.success) return { reason: 'not an object' };
  const { event, phone_number: phone, restriction_info: items } = parsed.data;
  if (event !== 'ACCOUNT_RESTRICTION') return { reason: `event ${nameOf(event?.toLowerCase())} is not worked off` };
  const displayPhoneNumber = displayedDigits(phone);
  if (displayPhoneNumber === null) return { reason: 'no phone number' };
  const restrictions = items.flatMap((item) => {
    const restriction = restrictionItem.safeParse(item);
    if (!restriction.success || restriction.data.restriction_type !== OUTBOUND) return [];
    return [{ displayPhoneNumber, at, until: restriction.data.expiration }];
  });
  return restrictions.length > 0 ? { event: restrictions } : { reason: 'no restriction of calls of the business' };
}
