import { z } from 'zod';
import { list, moment, text, word } from './lenient.ts';
import { metadata } from './webhook-schema.ts';

/**
 * Shapes of the webhook fields `messages` (meta-calling.md §3.7) and `account_update` (§3.11). Of a message only who sent it
 * and when is named here, and the answer to a permission request: what people write to the business is never read.
 */
export const messagesValue = z.object({ metadata, contacts: list, messages: list, statuses: list });

export const messageItem = z.object({
  id: text,
  type: word,
  from: text,
  from_user_id: text,
  timestamp: moment,
  group_id: text,
  context: z.object({ id: text }).catch({ id: null }),
  interactive: z
    .object({
      type: word,
      call_permission_reply: z
        .object({
          response: word,
          is_permanent: z.union([z.boolean(), word.transform((said) => said === 'TRUE')]),
          expiration_timestamp: moment,
          response_source: word,
        })
        .nullable()
        .catch(null),
    })
    .catch({ type: null, call_permission_reply: null }),
});

export const messageStatusItem = z.object({
  id: text,
  status: word,
  timestamp: moment,
  recipient_id: text,
  recipient_user_id: text,
  errors: list,
});

export const accountUpdateValue = z.object({
  phone_number: text,
  event: word,
  restriction_info: list,
  violation_info: list,
});

export const violationItem = z.object({ violation_type: word, remediation: text });

export type MessageItem = z.output<typeof messageItem>;
