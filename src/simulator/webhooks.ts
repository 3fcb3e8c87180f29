import { createHmac } from 'node:crypto';

/** The WhatsApp user who calls. Never both ids null (meta-calling.md §3.3). */
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

/** The `value` of one change of the field `calls`. */
export type CallsValue = Record<string, unknown>;

/** A user calls: carries the SDP offer (meta-calling.md §3.3). `at` in Unix milliseconds. */
export function connectValue(call: WebhookCall, offer: string, at: number): CallsValue {
  return {
    ...valueHead(call),
    calls: [{ ...callHead(call, 'connect', at), ...payloads(call), session: { sdp: offer, sdp_type: 'offer' } }],
  };
}

/** The call is over (meta-calling.md §3.6). Errors stand in both places, as in the captures. */
export function terminateValue(call: WebhookCall, facts: TerminateFacts): CallsValue {
  const errors = facts.error === null ? {} : { errors: [errorObject(facts.error)] };
  return {
    ...valueHead(call),
    calls: [
      {
        ...callHead(call, 'terminate', facts.at),
        ...(facts.answered === null ? {} : times(facts.answered)),
        status: facts.status,
        ...(facts.bizOpaqueCallbackData === null ? {} : { biz_opaque_callback_data: facts.bizOpaqueCallbackData }),
        ...payloads(call),
        ...errors,
      },
    ],
    ...errors,
  };
}

/** The body of one delivery; up to 1,000 values may be batched (meta-calling.md §3). */
export function webhookBody(businessAccountId: string, values: readonly CallsValue[]): Buffer {
  const changes = values.map((value) => ({ field: 'calls', value }));
  return Buffer.from(
    JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: businessAccountId, changes }] }),
  );
}

/** The value of X-Hub-Signature-256 for these bytes (meta-calling.md §3.1). */
export function signWebhook(body: Uint8Array, appSecret: string): string {
  return `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`;
}

function valueHead(call: WebhookCall): CallsValue {
  const { user } = call;
  const contact = {
    ...(user.name === null ? {} : { profile: { name: user.name } }),
    ...(user.waId === null ? {} : { wa_id: user.waId }),
    ...(user.userId === null ? {} : { user_id: user.userId }),
    ...(user.parentUserId === null ? {} : { parent_user_id: user.parentUserId }),
  };
  return {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: call.displayPhoneNumber, phone_number_id: call.phoneNumberId },
    ...(call.withContacts ? { contacts: [contact] } : {}),
  };
}

function callHead(call: WebhookCall, event: string, at: number): Record<string, unknown> {
  const { user } = call;
  return {
    id: call.callId,
    ...(user.waId === null ? {} : { from: user.waId }),
    ...(user.userId === null ? {} : { from_user_id: user.userId }),
    ...(user.parentUserId === null ? {} : { from_parent_user_id: user.parentUserId }),
    to: call.displayPhoneNumber,
    event,
    timestamp: seconds(at),
    direction: 'USER_INITIATED',
  };
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

function seconds(at: number): string {
  return String(Math.floor(at / 1000));
}
