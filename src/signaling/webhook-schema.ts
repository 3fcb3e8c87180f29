import { z } from 'zod';
import { list, moment, numeric, text, word } from './lenient.ts';

/** Which number a change is about. */
export const metadata = z
  .object({ phone_number_id: text, display_phone_number: text })
  .catch({ phone_number_id: null, display_phone_number: null });

/**
 * Shapes of the webhook field `calls` (meta-calling.md §3.3 to §3.6). Only what is named here is read, so other keys,
 * `__proto__` among them, go nowhere. The only way to fail is not to be an object.
 */
export const callsValue = z.object({
  metadata,
  contacts: list,
  calls: list,
  statuses: list,
  errors: list,
});

export const callItem = z.object({
  id: text,
  event: word,
  direction: word,
  timestamp: moment,
  from: text,
  from_user_id: text,
  from_parent_user_id: text,
  to: text,
  to_user_id: text,
  to_parent_user_id: text,
  session: z.object({ sdp: text, sdp_type: word }).catch({ sdp: null, sdp_type: null }),
  status: word,
  start_time: moment,
  end_time: moment,
  duration: numeric,
  errors: list,
  cta_payload: text,
  deeplink_payload: text,
  biz_opaque_callback_data: text,
});

export const statusItem = z.object({
  id: text,
  type: word,
  status: word,
  timestamp: moment,
  recipient_id: text,
  recipient_user_id: text,
  recipient_parent_user_id: text,
  biz_opaque_callback_data: text,
});

export const contactItem = z.object({
  wa_id: text,
  user_id: text,
  parent_user_id: text,
  profile: z.object({ name: text, username: text }).catch({ name: null, username: null }),
});

export const errorItem = z.object({
  code: numeric,
  title: text,
  message: text,
  error_data: z.object({ details: text }).catch({ details: null }),
});

export type CallItem = z.output<typeof callItem>;
