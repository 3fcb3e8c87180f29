import { isBsuid, type User } from '../call/index.ts';
import { contactItem } from './webhook-schema.ts';

/** The side of a call on which the user is. */
export interface UserSide {
  readonly phone: string | null;
  readonly userId: string | null;
  readonly parentUserId: string | null;
}

/**
 * Puts together who the user is, from the call and from `contacts`, which may be missing. A user with a username may have no
 * number, only a business-scoped id, and a sender once stood such an id in the number's place: it must not become a number
 * by stripping letters (meta-calling.md §9.14).
 *
 * @param alone nothing else in the change can be of another user, so the only contact is this one's
 */
export function readUser(side: UserSide, contacts: readonly unknown[], alone: boolean): User {
  const { username, ...user } = readNamedUser(side, contacts, alone);
  return { ...user, name: user.name ?? username };
}

/** The same, with the two names apart. */
export function readNamedUser(
  side: UserSide,
  contacts: readonly unknown[],
  alone: boolean,
): User & { readonly username: string | null } {
  const waId = phoneDigits(side.phone);
  const userId = side.userId ?? bsuid(side.phone);
  const known = contacts.flatMap((item) => {
    const contact = contactItem.safeParse(item);
    return contact.success ? [contact.data] : [];
  });
  const own = known.find(
    (contact) =>
      (userId !== null && contact.user_id === userId) || (waId !== null && phoneDigits(contact.wa_id) === waId),
  );
  // Numbers are spelled in two ways in some countries, so the only contact is the user's even if the number differs.
  const only = alone && known.length === 1 ? known[0] : undefined;
  const other = userId !== null && only?.user_id !== userId && (only?.user_id ?? null) !== null;
  const contact = own ?? (other ? undefined : only);
  return {
    waId: waId ?? phoneDigits(contact?.wa_id ?? null),
    userId: userId ?? contact?.user_id ?? null,
    parentUserId: side.parentUserId ?? contact?.parent_user_id ?? null,
    name: contact?.profile.name ?? null,
    username: contact?.profile.username ?? null,
  };
}

/** The digits of a phone number; null if it is none. */
export function phoneDigits(phone: string | null): string | null {
  return /^\s*\+?(\d{4,20})\s*$/.exec(phone ?? '')?.[1] ?? null;
}

/** The digits of a business number as it is displayed: a plus, spaces, brackets, points and dashes change nothing. */
export function displayedDigits(phone: string | null): string | null {
  return phone === null ? null : phoneDigits(phone.replaceAll(/[\s().-]/g, ''));
}

function bsuid(phone: string | null): string | null {
  return phone !== null && isBsuid(phone) ? phone : null;
}
