import { type Direction, keyInCallbackData, type MetaError, type MetaInput } from '../call/index.ts';
import { mergeErrors, readErrors } from './read-errors.ts';
import { readUser } from './read-user.ts';
import { nameOf, type Reading, type ReadingContext } from './reading.ts';
import { type CallItem, callItem } from './webhook-schema.ts';

/** Errors that stand beside the calls of a change, and whether there is only one call they can belong to. */
export interface SharedErrors {
  readonly errors: readonly MetaError[];
  readonly alone: boolean;
}

/** Reads one item of `value.calls`: connect and terminate become events (meta-calling.md §3.3, §3.4, §3.6). */
export function readCall(item: unknown, context: ReadingContext, shared: SharedErrors): Reading {
  const parsed = callItem.safeParse(item);
  if (!parsed.success) return { reason: 'not an object' };
  const call = parsed.data;
  if (call.id === null) return { reason: 'no call id' };
  const direction = directionOf(call, context);
  const timestamp = call.timestamp ?? context.fallbackTime;
  const user = readUser(userSide(call, direction), context.contacts, context.alone);

  const input = readInput(call, direction, timestamp, shared);
  if ('reason' in input) return input;
  // A person must be known to be answered. Whom we call we know, and an ending needs only the id of its call.
  const unknown = user.waId === null && user.userId === null;
  if (input.type === 'meta.connect' && direction === 'inbound' && unknown) return { reason: 'no user' };
  return {
    event: {
      identity: {
        callId: call.id,
        direction,
        phoneNumberId: context.phoneNumberId,
        displayPhoneNumber: context.displayPhoneNumber,
        user,
        startedAt: timestamp,
        ctaPayload: call.cta_payload,
        deeplinkPayload: call.deeplink_payload,
        bizOpaqueCallbackData: call.biz_opaque_callback_data,
      },
      input,
    },
  };
}

function readInput(
  call: CallItem,
  direction: Direction,
  timestamp: number,
  shared: SharedErrors,
): MetaInput | { readonly reason: string } {
  switch (call.event) {
    case 'CONNECT': {
      const { sdp, sdp_type: sdpType } = call.session;
      if (sdp === null) return { reason: 'connect without SDP' };
      if (sdpType === 'OFFER' || sdpType === 'ANSWER') {
        return { type: 'meta.connect', sdpType: sdpType === 'OFFER' ? 'offer' : 'answer', sdp, timestamp };
      }
      return { type: 'meta.connect', sdpType: direction === 'inbound' ? 'offer' : 'answer', sdp, timestamp };
    }
    case 'TERMINATE':
      return {
        type: 'meta.terminate',
        timestamp,
        status: call.status === 'COMPLETED' || call.status === 'FAILED' ? call.status : null,
        startTime: call.start_time,
        endTime: call.end_time,
        durationSeconds: call.duration === null || call.duration < 0 ? null : call.duration,
        errors: errorsOf(call, shared),
      };
    default:
      // SIP's call_created, and what Meta will think of next (meta-calling.md §3.9).
      return { reason: `event ${nameOf(call.event?.toLowerCase())} is not worked off` };
  }
}

/**
 * Errors were seen in the call, beside the calls, and in both at once (meta-calling.md §3.6). With several calls in one
 * change, those beside them are taken for the failed ones that name none of their own.
 */
function errorsOf(call: CallItem, shared: SharedErrors): readonly MetaError[] {
  const own = readErrors(call.errors);
  const concerned = shared.alone || (call.status === 'FAILED' && own.length === 0);
  return concerned ? mergeErrors([...own, ...shared.errors]) : own;
}

/**
 * Some samples leave `direction` out (meta-calling.md §3.3); then the SDP tells, then data that only our dials carry, then
 * who stands on which side.
 */
function directionOf(call: CallItem, context: ReadingContext): Direction {
  if (call.direction === 'USER_INITIATED') return 'inbound';
  if (call.direction === 'BUSINESS_INITIATED') return 'outbound';
  if (call.session.sdp_type === 'OFFER') return 'inbound';
  if (call.session.sdp_type === 'ANSWER') return 'outbound';
  if (keyInCallbackData(call.biz_opaque_callback_data) !== null) return 'outbound';
  const business = context.displayPhoneNumber?.replaceAll(/\D/g, '');
  const fromBusiness = business !== undefined && call.from?.replaceAll(/\D/g, '') === business;
  return fromBusiness || call.to_user_id !== null ? 'outbound' : 'inbound';
}

/** When the business calls, `from` is the business and the user is `to` (meta-calling.md §3.4). */
function userSide(call: CallItem, direction: Direction) {
  return direction === 'inbound'
    ? { phone: call.from, userId: call.from_user_id, parentUserId: call.from_parent_user_id }
    : { phone: call.to, userId: call.to_user_id, parentUserId: call.to_parent_user_id };
}
