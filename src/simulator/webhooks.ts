/** A WhatsApp user. Never both ids null (meta-calling.md §3.3). */
export interface SimulatedUser {
  readonly waId: string | null;
  /** BSUID; the only identity of users who hide their number. */
  readonly userId: string | null;
  readonly parentUserId: string | null;
  readonly name: string | null;
}

/** What the webhooks of one call have in common. */
export interface WebhookCall {
  readonly callId: string;
  /** Who started it: the user (inbound) or the business (outbound). */
  readonly direction: 'inbound' | 'outbound';
  readonly phoneNumberId: string;
  readonly displayPhoneNumber: string;
  readonly user: SimulatedUser;
  readonly ctaPayload: string | null;
  readonly deeplinkPayload: string | null;
  /** Some deliveries come without the contacts list. */
  readonly withContacts: boolean;
}

export interface WebhookError {
  readonly code: number;
  readonly title: string;
  readonly details: string;
}

/** How a call ended, as Meta tells it. Times in Unix milliseconds. */
export interface TerminateFacts {
  readonly at: number;
  readonly status: 'COMPLETED' | 'FAILED';
  /** null: never picked up; then the three time fields are absent (meta-calling.md §3.6). */
  readonly answered: { readonly startedAt: number; readonly endedAt: number } | null;
  readonly error: WebhookError | null;
  readonly bizOpaqueCallbackData: string | null;
}

/** The `value` of one change. */
export type WebhookValue = Record<string, unknown>;

export type CallStatus = 'RINGING' | 'ACCEPTED' | 'REJECTED';

/** A user calls: carries the SDP offer (meta-calling.md §3.3). `at` in Unix milliseconds. */
export function connectValue(call: WebhookCall, offer: string, at: number): WebhookValue {
  return {
    ...valueHead(call),
    calls: [{ ...callHead(call, 'connect', at), ...payloads(call), session: { sdp: offer, sdp_type: 'offer' } }],
  };
}

/**
 * The phone that the business calls has answered with its SDP, and nobody has picked up yet (meta-calling.md §3.4). The same
 * stands once more in the legacy field, as JSON in a string. `at` in Unix milliseconds.
 */
export function answerValue(call: WebhookCall, answer: string, opaque: string | null, at: number): WebhookValue {
  const legacy = JSON.stringify({ type: 'answer', sdp: answer });
  return {
    ...valueHead(call),
    calls: [
      {
        ...callHead(call, 'connect', at),
        ...opaqueField(opaque),
        session: { sdp: answer, sdp_type: 'answer' },
        connection: { webrtc: { sdp: legacy } },
      },
    ],
  };
}

/** How far a call of the business has come (meta-calling.md §3.5). `at` in Unix milliseconds. */
export function statusValue(call: WebhookCall, status: CallStatus, opaque: string | null, at: number): WebhookValue {
  const { waId, userId, parentUserId } = call.user;
  return {
    ...valueHead(call),
    statuses: [
      {
        id: call.callId,
        type: 'call',
        status,
        timestamp: seconds(at),
        ...(waId === null ? {} : { recipient_id: waId }),
        ...(userId === null ? {} : { recipient_user_id: userId }),
        ...(parentUserId === null ? {} : { recipient_parent_user_id: parentUserId }),
        ...opaqueField(opaque),
      },
    ],
  };
}

/** The call is over (meta-calling.md §3.6). Errors stand in both places, as in the captures. */
export function terminateValue(call: WebhookCall, facts: TerminateFacts): WebhookValue {
  const errors = facts.error === null ? {} : { errors: [errorObject(facts.error)] };
  return {
    ...valueHead(call),
    calls: [
      {
        ...callHead(call, 'terminate', facts.at),
        ...(facts.answered === null ? {} : times(facts.answered)),
        status: facts.status,
        ...opaqueField(facts.bizOpaqueCallbackData),
        ...payloads(call),
        ...errors,
      },
    ],
    ...errors,
  };
}

/** An entry of a webhook's `contacts`. */
export function contactOf(user: SimulatedUser): Record<string, unknown> {
  return {
    ...(user.name === null ? {} : { profile: { name: user.name } }),
    ...(user.waId === null ? {} : { wa_id: user.waId }),
    ...(user.userId === null ? {} : { user_id: user.userId }),
    ...(user.parentUserId === null ? {} : { parent_user_id: user.parentUserId }),
  };
}

/** Unix seconds, as text. */
export function seconds(at: number): string {
  return String(Math.floor(at / 1000));
}

function valueHead(call: WebhookCall): WebhookValue {
  return {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: call.displayPhoneNumber, phone_number_id: call.phoneNumberId },
    ...(call.withContacts ? { contacts: [contactOf(call.user)] } : {}),
  };
}

function callHead(call: WebhookCall, event: string, at: number): Record<string, unknown> {
  const { user } = call;
  const userIs = call.direction === 'inbound' ? 'from' : 'to';
  return {
    id: call.callId,
    ...(user.waId === null ? {} : { [userIs]: user.waId }),
    ...(user.userId === null ? {} : { [`${userIs}_user_id`]: user.userId }),
    ...(user.parentUserId === null ? {} : { [`${userIs}_parent_user_id`]: user.parentUserId }),
    [userIs === 'from' ? 'to' : 'from']: call.displayPhoneNumber,
    event,
    timestamp: seconds(at),
    direction: call.direction === 'inbound' ? 'USER_INITIATED' : 'BUSINESS_INITIATED',
  };
}

function opaqueField(opaque: string | null): Record<string, unknown> {
  return opaque === null ? {} : { biz_opaque_callback_data: opaque };
}

function payloads(call: WebhookCall): Record<string, unknown> {
  return {
    ...(call.deeplinkPayload === null ? {} : { deeplink_payload: call.deeplinkPayload }),
    ...(call.ctaPayload === null ? {} : { cta_payload: call.ctaPayload }),
  };
}

function times(answered: { readonly startedAt: number; readonly endedAt: number }): Record<string, unknown> {
  return {
    start_time: seconds(answered.startedAt),
    end_time: seconds(answered.endedAt),
    duration: Math.floor(answered.endedAt / 1000) - Math.floor(answered.startedAt / 1000),
  };
}

function errorObject(error: WebhookError): Record<string, unknown> {
  return { code: error.code, title: error.title, message: error.title, error_data: { details: error.details } };
}
