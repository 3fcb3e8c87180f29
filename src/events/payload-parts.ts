import { z } from 'zod';

/** What bodies of events are made of. Times are ISO 8601 in UTC; every key is always there, null for what is not known. */

export const timePart = z.iso.datetime();
const text = z.string().nullable();
const time = timePart.nullable();
const words = { id: z.string(), name: z.string().nullable() };

export const contactPart = z.strictObject({
  /** Null if this service keeps no contact of the user. */
  id: text,
  wa_id: text,
  profile_name: text,
  display_name: text,
});

export const conversationPart = z.strictObject({
  id: z.string(),
  phone_number: text,
  status: z.enum(['active', 'ended']),
  last_active_at: time,
});

/** The record of one call, as `GET /platform/v1/whatsapp/calls/{id}` tells it but for its timeline (kapso-api.md §3). */
export const callPart = z.strictObject({
  id: z.uuid(),
  call_id: text,
  direction: z.enum(['inbound', 'outbound']),
  status: z.enum(['scheduled', 'awaiting_permission', 'initiated', 'ringing', 'answered', 'completed', 'failed']),
  duration_seconds: z.int().nullable(),
  started_at: time,
  ended_at: time,
  session_started_at: time,
  created_at: timePart,
  updated_at: timePart,
  user_wa_id: text,
  whatsapp_contact_id: text,
  whatsapp_conversation_id: text,
  project_id: z.string(),
  whatsapp_config_id: text,
  config_display_name: text,
  config_display_phone_number: text,
  voice_agent_id: text,
  voice_agent_name: text,
  phone_number_id: z.string(),
  voice_agent: z.strictObject(words).nullable(),
  whatsapp_contact: contactPart.nullable(),
  whatsapp_conversation: conversationPart.nullable(),
  user: z.strictObject({ wa_id: text, user_id: text, parent_user_id: text, name: text }),
  cta_payload: text,
  deeplink_payload: text,
  biz_opaque_callback_data: text,
  /** Null while the call is live (docs/closing.md). */
  ending: z
    .strictObject({
      class: z.enum(['completed', 'missed', 'rejected', 'failed', 'dropped']),
      reason: z.string(),
      ended_by: z.enum(['user', 'agent', 'api', 'bridge', 'meta']),
      detail: text,
    })
    .nullable(),
  quality: z.record(z.string(), z.number().nullable()).nullable(),
  waiting: z.strictObject({ state: z.string(), asked_at: time, next_attempt_at: time, until: time }).nullable(),
});

/** What WhatsApp made of a call that was recorded or transcribed there. The file itself is Graph's (meta-calling.md §2.7). */
export const artifactPart = z.strictObject({
  /** Meta's id of the call; the record in `call` may be missing. */
  call_id: z.string(),
  media_id: z.string(),
  /** Base64, as Meta gives it. */
  sha256: text,
  mime_type: text,
});

const userPart = z.strictObject({ wa_id: text, user_id: text });

/** A request that was sent to a user. */
export const requestPart = z.strictObject({
  user: userPart,
  template: z.boolean(),
  /** Meta's `wamid.…`; null if Graph's answer was lost, so that it may not have been sent. */
  message_id: text,
  /** Our own id of the call that waits for the answer. */
  call: text,
});

/** What a user allows a number from now on (meta-calling.md §3.7). */
export const permissionPart = z.strictObject({
  user: userPart,
  status: z.enum(['none', 'temporary', 'permanent']),
  expires_at: time,
  source: z.enum(['request', 'callback', 'profile', 'declined', 'auto_revoked', 'graph']),
  /** What the user's word is about: the request (`wamid.…`) or a call of theirs (`wacid.…`). */
  answers: text,
});

export const numberPart = z.strictObject({ phone_number_id: z.string(), display_phone_number: text });

/** What Meta does not let the number do (meta-calling.md §3.11). */
export const restrictionPart = z.strictObject({
  kind: z.enum(['business_calls', 'user_calls', 'call_button']),
  /** Meta's word, such as `RESTRICTED_BUSINESS_INITIATED_CALLING`. */
  type: z.string(),
  /** Null: until further notice. */
  until: time,
  remediation: text,
});

/** What Meta warns of before it restricts. */
export const warningPart = z.strictObject({ type: z.string(), remediation: text });
