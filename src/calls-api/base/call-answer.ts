import { z } from 'zod';
import { CALL_STATUSES, DIRECTIONS } from './call-filter.ts';

const time = z.iso.datetime();
const text = z.string().nullable();

/** The record of a call as Kapso's proxy tells it (kapso-api.md §3). Every key is always there. */
export const callRecordAnswer = z
  .strictObject({
    id: z.uuid().meta({ description: 'Our own id of the call' }),
    call_id: text.meta({ description: "Meta's id of the call; null of a dial that Meta has not named yet" }),
    direction: z.enum(DIRECTIONS),
    status: z.enum(CALL_STATUSES),
    duration_seconds: z.number().nullable().meta({ description: 'From the pickup on; null if nobody picked up' }),
    started_at: time.nullable().meta({ description: 'When it began to ring; null of a dial that is not placed yet' }),
    ended_at: time.nullable(),
    session_started_at: time.nullable().meta({ description: 'When it was picked up' }),
    created_at: time.meta({ description: 'When it was written down here: what lists are ordered by' }),
    updated_at: time,
    user_wa_id: text,
    whatsapp_contact_id: text,
    whatsapp_conversation_id: text,
    project_id: z.uuid(),
    whatsapp_config_id: text.meta({ description: 'The same as `phone_number_id`' }),
    config_display_name: text,
    config_display_phone_number: text,
    voice_agent_id: text.meta({ description: 'Who speaks, or spoke last' }),
    voice_agent_name: text,
    phone_number_id: z.string(),
    voice_agent: z.strictObject({ id: z.string(), name: text }).nullable(),
    whatsapp_contact: z.strictObject({ id: text, wa_id: text, profile_name: text, display_name: text }).nullable(),
    whatsapp_conversation: z
      .strictObject({ id: z.string(), phone_number: text, status: z.enum(['active', 'ended']), last_active_at: time })
      .nullable(),
  })
  .meta({ id: 'Call' });

/** The record, and what only this service knows of a call. */
export const callDetailAnswer = callRecordAnswer
  .extend({
    user: z.strictObject({ wa_id: text, user_id: text, parent_user_id: text, name: text }),
    cta_payload: text,
    deeplink_payload: text,
    biz_opaque_callback_data: text,
    ending: z
      .strictObject({ class: text, reason: text, ended_by: text, detail: text })
      .nullable()
      .meta({ description: 'Null while the call is not over (docs/closing.md)' }),
    quality: z.record(z.string(), z.number().nullable()).nullable().meta({ description: 'Null until it was measured' }),
    waiting: z
      .strictObject({
        state: text,
        asked_at: time.nullable(),
        next_attempt_at: time.nullable(),
        until: time.nullable(),
      })
      .nullable()
      .meta({ description: 'What a dial waits for that is not placed yet' }),
  })
  .meta({ id: 'CallDetail' });

/** What happened on a call, oldest first. */
export const timelineAnswer = z
  .array(z.strictObject({ at: time, type: z.string(), data: z.unknown() }))
  .meta({ description: 'What happened, oldest first' });
