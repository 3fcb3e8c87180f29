import { z } from 'zod';
import type { ApiKey } from '../ports.ts';

/** A key as it may be told at any time. */
export const apiKeyAnswer = z.object({
  id: z.uuid(),
  name: z.string(),
  scope: z.enum(['read', 'calls', 'admin']),
  hint: z.string().meta({ description: 'The first characters of the key', example: 'tw_Zk3v9Q' }),
  created_at: z.iso.datetime(),
});

/** A key as it is told once, when it is made. */
export const newApiKeyAnswer = apiKeyAnswer.extend({
  key: z.string().meta({ description: 'The key itself. It is told only here, and cannot be read again' }),
});

export function toApiKey({ id, name, scope, hint, createdAt }: ApiKey): z.output<typeof apiKeyAnswer> {
  return { id, name, scope, hint, created_at: new Date(createdAt).toISOString() };
}
