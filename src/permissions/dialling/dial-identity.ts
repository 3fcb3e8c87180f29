import type { CallIdentity } from '../../call/index.ts';
import type { DialOrder } from '../ports.ts';

/** Who a dial is before Meta has named it. */
export function identityOf(order: DialOrder, startedAt: number): CallIdentity {
  const { id, phoneNumberId, displayPhoneNumber, user, bizOpaqueCallbackData } = order;
  return {
    id,
    callId: id,
    direction: 'outbound',
    phoneNumberId,
    displayPhoneNumber,
    user: { waId: user.waId, userId: user.userId, parentUserId: null, name: null },
    startedAt,
    ctaPayload: null,
    deeplinkPayload: null,
    bizOpaqueCallbackData,
  };
}
