import { z } from 'zod';
import { accountSidOf, withoutSecrets } from '../../agents/index.ts';
import type { VoiceAgent } from '../../agents/ports.ts';
import type { AgentHealth } from '../ports.ts';

/** A voice agent as the API tells it: without its secrets. */
export const voiceAgentAnswer = z
  .object({
    id: z.uuid(),
    name: z.string(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    provider: z
      .looseObject({ type: z.string(), kind: z.string() })
      .meta({ description: 'The fields of its kind, but its secrets (docs/agents.md)' }),
    settings: z.object({
      max_concurrent_calls: z.int().nullable(),
      connect_timeout_seconds: z.number(),
      speak_within_seconds: z.number().nullable(),
      health_url: z.string().nullable(),
      parameters: z.record(z.string(), z.string()),
    }),
    health: z.enum(['ok', 'failing', 'unknown']),
  })
  .meta({ id: 'VoiceAgent' });

export function toVoiceAgent(agent: VoiceAgent, health: AgentHealth): z.output<typeof voiceAgentAnswer> {
  const { id, name, provider, settings, createdAt, updatedAt } = agent;
  return {
    id,
    name,
    created_at: new Date(createdAt).toISOString(),
    updated_at: new Date(updatedAt).toISOString(),
    provider: {
      type: `${provider.kind}_provider`,
      kind: provider.kind,
      // Its bot needs it for the REST routes, also where nobody chose it.
      ...(provider.kind === 'twilio' && { account_sid: accountSidOf(id) }),
      ...withoutSecrets(provider),
    },
    settings: { ...settings },
    health,
  };
}
