import type { UserRef } from '../../../src/permissions/index.ts';
import type { BusinessNumber, Pair, SimulatedUser } from '../../../src/simulator/index.ts';

/** Of a country whose numbers may call. */
export const NUMBERS = [
  { phoneNumberId: '101', displayPhoneNumber: '4930100001' },
  { phoneNumberId: '102', displayPhoneNumber: '4930100002' },
] as const satisfies readonly BusinessNumber[];

/** One with a phone number, one with both names, one who hides the number. */
export const USERS: readonly SimulatedUser[] = [
  { waId: '491700000001', userId: null, parentUserId: null, name: 'Ana' },
  { waId: '491700000002', userId: 'DE.2', parentUserId: null, name: 'Ben' },
  { waId: null, userId: 'DE.3', parentUserId: null, name: 'Cem' },
];

/** The name that Meta's books have for a user, however we name the user. */
export function userKeyOf({ waId, userId }: UserRef): string {
  const user = USERS.find(
    (each) => (waId !== null && each.waId === waId) || (userId !== null && each.userId === userId),
  );
  if (user === undefined) throw new Error('nobody of that name');
  return user.waId ?? user.userId ?? '';
}

export function pairOf(phoneNumberId: string, user: UserRef): Pair {
  return { phoneNumberId, user: userKeyOf(user) };
}

export function personOf({ user }: Pair): SimulatedUser {
  return USERS.find((each) => userKeyOf(each) === user)!;
}

export function numberOf({ phoneNumberId }: Pair): BusinessNumber {
  return NUMBERS.find((number) => number.phoneNumberId === phoneNumberId)!;
}
