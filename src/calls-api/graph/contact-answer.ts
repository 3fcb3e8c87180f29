import { z } from 'zod';
import type { Contact } from '../ports.ts';

const time = z.iso.datetime();
const text = z.string().nullable();

/** A contact as Kapso's proxy tells it. */
export const contactAnswer = z
  .strictObject({
    id: z.uuid().meta({ description: '`whatsapp_contact_id` of calls and conversations' }),
    phone_number_id: z.string().meta({ description: 'Each number has contacts of its own' }),
    wa_id: text.meta({ description: 'Digits; null of a user who is only known by a BSUID' }),
    business_scoped_user_id: text.meta({ description: 'BSUID' }),
    parent_business_scoped_user_id: text,
    username: text,
    profile_name: text.meta({ description: "The user's own name. The next webhook that tells another replaces it" }),
    display_name: text.meta({ description: 'What you call the user. Nothing but PATCH changes it' }),
    customer_id: z.null().meta({ description: 'This service has no customers' }),
    metadata: z.record(z.string(), z.unknown()).meta({ description: 'Yours' }),
    created_at: time.meta({ description: 'What the list is ordered by, newest first' }),
    updated_at: time,
  })
  .meta({ id: 'Contact' });

export function toContactAnswer(contact: Contact): z.infer<typeof contactAnswer> {
  return {
    id: contact.id,
    phone_number_id: contact.phoneNumberId,
    wa_id: contact.waId,
    business_scoped_user_id: contact.userId,
    parent_business_scoped_user_id: contact.parentUserId,
    username: contact.username,
    profile_name: contact.profileName,
    display_name: contact.displayName,
    customer_id: null,
    metadata: contact.metadata,
    created_at: new Date(contact.createdAt).toISOString(),
    updated_at: new Date(contact.updatedAt).toISOString(),
  };
}
