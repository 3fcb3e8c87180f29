import { contactOf, type SimulatedUser, seconds, type WebhookValue } from '../webhooks.ts';
import type { PermissionReply } from './permission-reply.ts';

/** The business number that a webhook is for. */
export interface BusinessNumber {
  readonly phoneNumberId: string;
  readonly displayPhoneNumber: string;
}

/** The user, or WhatsApp in the user's name, allows or forbids calls: a message, not a call (meta-calling.md §3.7). */
export function permissionReplyValue(
  number: BusinessNumber,
  user: SimulatedUser,
  reply: PermissionReply,
  messageId: string,
): WebhookValue {
  const { response, permission, automatic, contextId } = reply;
  return messageValue(number, user, messageId, reply.at, {
    type: 'interactive',
    ...(contextId === null ? {} : { context: { from: number.displayPhoneNumber, id: contextId } }),
    interactive: {
      type: 'call_permission_reply',
      call_permission_reply: {
        response,
        ...(response === 'accept' ? { is_permanent: permission.status === 'permanent' } : {}),
        ...(permission.expiresAt === null ? {} : { expiration_timestamp: seconds(permission.expiresAt) }),
        response_source: automatic ? 'automatic' : 'user_action',
      },
    },
  });
}

/** The user writes. `at` in Unix milliseconds. */
export function textMessageValue(
  number: BusinessNumber,
  user: SimulatedUser,
  text: string,
  messageId: string,
  at: number,
): WebhookValue {
  return messageValue(number, user, messageId, at, { type: 'text', text: { body: text } });
}

/** WhatsApp pauses the calls of a number (meta-calling.md §3.11). `until` in Unix milliseconds. */
export function restrictionValue(number: BusinessNumber, until: number): WebhookValue {
  return {
    phone_number: number.displayPhoneNumber,
    event: 'ACCOUNT_RESTRICTION',
    restriction_info: [
      { restriction_type: 'RESTRICTED_BUSINESS_INITIATED_CALLING', expiration: Math.floor(until / 1000) },
    ],
  };
}

/** Calling is switched on or off in the settings of a number (meta-calling.md §3.10). `at` in Unix milliseconds. */
export function settingsValue(number: BusinessNumber, on: boolean, at: number): WebhookValue {
  return {
    messaging_product: 'whatsapp',
    timestamp: seconds(at),
    type: 'phone_number_settings',
    phone_number_settings: {
      phone_number_id: number.phoneNumberId,
      calling: { status: on ? 'ENABLED' : 'DISABLED' },
    },
  };
}

function messageValue(
  number: BusinessNumber,
  user: SimulatedUser,
  messageId: string,
  at: number,
  content: Record<string, unknown>,
): WebhookValue {
  return {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: number.displayPhoneNumber, phone_number_id: number.phoneNumberId },
    contacts: [contactOf(user)],
    messages: [
      {
        ...(user.waId === null ? {} : { from: user.waId }),
        ...(user.userId === null ? {} : { from_user_id: user.userId }),
        id: messageId,
        timestamp: seconds(at),
        ...content,
      },
    ],
  };
}
