import { z } from 'zod';
import type { ProviderKind } from '../ports.ts';
import { agentName, PROVIDER_SCHEMAS, settingsSchema } from './schemas.ts';

/*
 * What the bodies of the voice agents' routes look like, for the description of the API. Which spellings are taken besides,
 * and what holds between fields, newVoiceAgent and changedVoiceAgent know.
 */

const HOSTS = { allowLinkLocal: true };
const KINDS = Object.keys(PROVIDER_SCHEMAS) as ProviderKind[];

const providerType = z
  .string()
  .optional()
  .meta({
    description: `The kind of its provider: ${KINDS.join(', ')}. May stand in \`provider.kind\` instead`,
    examples: KINDS,
  });

export const newVoiceAgentBody = z.object({
  name: agentName,
  provider_type: providerType,
  provider: z
    .union(KINDS.map((kind) => z.clone(PROVIDER_SCHEMAS[kind](HOSTS)).meta({ title: kind })))
    .meta({ description: 'The fields of its kind (docs/agents.md)' }),
  settings: settingsSchema(HOSTS).optional(),
});

export const changedVoiceAgentBody = z
  .object({
    name: agentName.optional(),
    provider_type: providerType,
    provider: z.looseObject({}).optional().meta({ description: 'What of its fields changes; null takes one away' }),
    settings: z.looseObject({}).optional().meta({ description: 'What of them changes' }),
  })
  .meta({ description: 'What is not named stays, secrets too' });
