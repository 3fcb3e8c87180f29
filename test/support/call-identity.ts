import { randomUUID } from 'node:crypto';
import type { CallIdentity } from '../../src/call/index.ts';
import { identity } from './call.ts';

export const PHONE_NUMBER_ID = '106540352242922';

/** A call like no other, with values of the length and form that Meta sends. */
export function callIdentity(differences: Partial<CallIdentity> = {}): CallIdentity {
  const id = randomUUID();
  return identity({
    id,
    callId: `wacid.${Buffer.from(id).toString('base64url')}`,
    phoneNumberId: PHONE_NUMBER_ID,
    displayPhoneNumber: '+1 555-010-0000',
    user: { waId: '15550100001', userId: null, parentUserId: null, name: 'Ada' },
    ...differences,
  });
}
