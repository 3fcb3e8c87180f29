import { z } from 'zod';
import { type KapsoFields, withKapso } from '../base/kapso-fields.ts';
import type { StoredMessage } from '../ports.ts';
import { partsOf } from './message-content.ts';

export const MESSAGE_STATUSES = ['pending', 'sent', 'delivered', 'read', 'failed'] as const;

const text = z.string().nullable();
const part = z.record(z.string(), z.unknown()).nullable();

/** Kapso's own fields of a message (kapso-api.md §2, buildKapsoFields). Those that were chosen are there. */
const kapsoOfMessage = z
  .strictObject({
    direction: z.enum(['inbound', 'outbound']),
    status: z
      .enum(MESSAGE_STATUSES)
      .meta({ description: 'Of one that came: `delivered`, or `read` once it was marked so' }),
    processing_status: z.literal('processed'),
    phone_number: text.meta({ description: "The user's" }),
    phone_number_id: z.string(),
    has_media: z.boolean(),
    media_data: part.meta({ description: 'Meta keeps the file: `GET {media id}?phone_number_id=…`' }),
    media_url: text.meta({ description: 'Of media that were sent by a link' }),
    whatsapp_conversation_id: z.uuid(),
    contact_name: text,
    message_type_data: part.meta({ description: 'What stands under the name of the type' }),
    content: text.meta({ description: 'What a person reads' }),
    flow_response: part,
    flow_token: text,
    flow_name: text,
    order_text: text,
    errors: z.array(z.unknown()).nullable().meta({ description: "Meta's, of one that failed" }),
  })
  .partial()
  .meta({ id: 'MessageKapso' });

/** A message as Meta shapes it, with what it holds under the name of its type. */
export const messageAnswer = z
  .looseObject({
    id: z.string().meta({ description: "Meta's `wamid.…`" }),
    type: z.string().meta({ description: '`unknown` of one of which only its status was heard' }),
    timestamp: z.string().meta({ description: 'Seconds since 1970' }),
    from: z.string().optional(),
    from_user_id: z.string().optional(),
    to: z.string().optional(),
    to_user_id: z.string().optional(),
    kapso: kapsoOfMessage.optional(),
  })
  .meta({ id: 'Message' });

export function toMessageAnswer(message: StoredMessage, fields: KapsoFields): z.infer<typeof messageAnswer> {
  const { content, id, type, direction, sentAt, user } = message;
  const { waId, userId } = user;
  const side = direction === 'inbound' ? 'from' : 'to';
  const record = {
    ...content,
    id,
    type,
    timestamp: String(Math.floor(sentAt / 1_000)),
    ...(waId !== null && { [side]: waId }),
    ...(userId !== null && { [`${side}_user_id`]: userId }),
  };
  return withKapso(record, kapsoOf(message), fields);
}

function kapsoOf(message: StoredMessage): z.infer<typeof kapsoOfMessage> {
  const { content, typeData, media, flow, orderText } = partsOf(message.type, message.content);
  return {
    direction: message.direction,
    status: message.status,
    processing_status: 'processed',
    phone_number: message.user.waId,
    phone_number_id: message.phoneNumberId,
    has_media: media !== null,
    media_data: media,
    media_url: typeof media?.['link'] === 'string' ? media['link'] : null,
    whatsapp_conversation_id: message.conversationId,
    contact_name: message.contactName,
    message_type_data: typeData,
    content,
    flow_response: flow?.response ?? null,
    flow_token: flow?.token ?? null,
    flow_name: flow?.name ?? null,
    order_text: orderText,
    errors: message.errors === null ? null : [...message.errors],
  };
}
