import { z } from 'zod';
import { isoOrNull } from '../base/iso-time.ts';
import { type KapsoFields, withKapso } from '../base/kapso-fields.ts';
import type { Conversation, ConversationStatus } from '../ports.ts';
import { partsOf } from './message-content.ts';

export const CONVERSATION_STATUSES = ['active', 'ended'] as const satisfies ConversationStatus[];

const time = z.iso.datetime();
const text = z.string().nullable();

/** Kapso's own fields of a conversation. Those that were chosen are there. */
const kapsoOfConversation = z
  .strictObject({
    contact_name: text,
    messages_count: z.int().meta({ description: 'Of messages that are kept, as all that follows' }),
    last_message_id: text,
    last_message_type: text,
    last_message_timestamp: time.nullable(),
    last_message_text: text,
    last_inbound_at: time.nullable(),
    last_outbound_at: time.nullable(),
  })
  .partial()
  .meta({ id: 'ConversationKapso' });

export const conversationAnswer = z
  .strictObject({
    id: z.uuid().meta({ description: '`whatsapp_conversation_id` of calls and messages' }),
    phone_number: text.meta({ description: "The user's; null of one who is only known by a BSUID" }),
    business_scoped_user_id: text.meta({ description: "The user's BSUID" }),
    phone_number_id: z.string(),
    status: z.enum(CONVERSATION_STATUSES),
    last_active_at: time.meta({ description: 'Of the last call or message' }),
    ended_at: time.nullable(),
    created_at: time.meta({ description: 'What the list is ordered by, newest first' }),
    updated_at: time,
    whatsapp_config_id: z.string().meta({ description: 'The same as `phone_number_id`' }),
    whatsapp_contact_id: text,
    whatsapp_contact: z.strictObject({ id: z.uuid(), wa_id: text, profile_name: text, display_name: text }).nullable(),
    metadata: z.record(z.string(), z.unknown()).meta({ description: 'Always empty' }),
    kapso: kapsoOfConversation.optional(),
  })
  .meta({ id: 'Conversation' });

export function toConversationAnswer(
  conversation: Conversation,
  fields: KapsoFields,
): z.infer<typeof conversationAnswer> {
  const { contact } = conversation;
  const record = {
    id: conversation.id,
    phone_number: conversation.user.waId,
    business_scoped_user_id: conversation.user.userId,
    phone_number_id: conversation.phoneNumberId,
    status: conversation.status,
    last_active_at: iso(conversation.lastActiveAt),
    ended_at: isoOrNull(conversation.endedAt),
    created_at: iso(conversation.createdAt),
    updated_at: iso(conversation.updatedAt),
    whatsapp_config_id: conversation.phoneNumberId,
    whatsapp_contact_id: contact?.id ?? null,
    whatsapp_contact:
      contact === null
        ? null
        : { id: contact.id, wa_id: contact.waId, profile_name: contact.profileName, display_name: contact.displayName },
    metadata: {},
  };
  return withKapso(record, kapsoOf(conversation), fields);
}

function kapsoOf({ contact, messages }: Conversation): z.infer<typeof kapsoOfConversation> {
  const last = messages?.last ?? null;
  return {
    contact_name: contact?.displayName ?? null,
    messages_count: messages?.count ?? 0,
    last_message_id: last?.id ?? null,
    last_message_type: last?.type ?? null,
    last_message_timestamp: isoOrNull(last?.sentAt ?? null),
    last_message_text: last === null ? null : partsOf(last.type, last.content).content,
    last_inbound_at: isoOrNull(messages?.lastInboundAt ?? null),
    last_outbound_at: isoOrNull(messages?.lastOutboundAt ?? null),
  };
}

/** Whether any of the chosen fields is of messages, which are then counted. */
export function asksForMessages(fields: KapsoFields): boolean {
  return fields === 'all' || [...fields].some((name) => name !== 'contact_name' && name in kapsoOfConversation.shape);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
