import { z } from 'zod';
import { EVENT_TYPES, type Webhook } from '../../events/index.ts';

/** A webhook in the shape of kapso-api.md §10, and how it stands. */
export const webhookAnswer = z.strictObject({
  id: z.uuid(),
  url: z.string(),
  kind: z.enum(['kapso', 'meta']),
  events: z.array(z.enum(EVENT_TYPES)).meta({ description: 'Empty for kind meta, which takes everything' }),
  active: z.boolean(),
  secret_key: z
    .string()
    .nullable()
    .meta({ description: 'Told when the webhook is made and when the secret is changed; null at all other times' }),
  headers: z
    .record(z.string(), z.string())
    .nullable()
    .meta({ description: 'The names of its own headers; their values may be secrets, and are shown as ***' }),
  buffer_enabled: z.literal(false),
  buffer_window_seconds: z.null(),
  max_buffer_size: z.null(),
  buffer_events: z.array(z.never()),
  inactivity_minutes: z.null(),
  payload_version: z.literal('v2'),
  standing: z.strictObject({
    state: z.enum(['ok', 'paused', 'disabled']),
    since: z.iso.datetime().nullable(),
    reason: z.string().nullable(),
  }),
  project_id: z.string(),
  phone_number_id: z.string().nullable().meta({ description: 'Null: of all numbers of the project' }),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});

/** In the place of the value of a header of the webhook's own. */
export const HIDDEN = '***';

/** @param secretKey to be told with it; null once it was told */
export function toWebhookAnswer(webhook: Webhook, secretKey: string | null): z.output<typeof webhookAnswer> {
  const { standing } = webhook;
  const names = Object.keys(webhook.headers);
  return {
    id: webhook.id,
    url: webhook.url,
    kind: webhook.kind,
    events: [...webhook.events],
    active: webhook.active,
    secret_key: secretKey,
    headers: names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, HIDDEN])),
    buffer_enabled: false,
    buffer_window_seconds: null,
    max_buffer_size: null,
    buffer_events: [],
    inactivity_minutes: null,
    payload_version: 'v2',
    standing: {
      state: standing.type,
      since: standing.type === 'ok' ? null : new Date(standing.at).toISOString(),
      reason: standing.type === 'ok' ? null : standing.why,
    },
    project_id: webhook.projectId,
    phone_number_id: webhook.phoneNumberId,
    created_at: new Date(webhook.createdAt).toISOString(),
    updated_at: new Date(webhook.updatedAt).toISOString(),
  };
}
