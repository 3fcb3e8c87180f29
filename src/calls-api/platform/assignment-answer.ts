import { z } from 'zod';
import type { Assignment } from '../../agents/ports.ts';
import { toOnLost } from './assignment-body.ts';

/** An assignment as the API tells it; with the older names of Kapso under its older paths. */
export const assignmentAnswer = z
  .looseObject({
    id: z.uuid(),
    voice_agent_id: z.uuid(),
    phone_number_id: z.string(),
    is_primary: z.boolean(),
    enabled: z.boolean(),
    position: z.int(),
    on_lost: z.object({
      reconnect_attempts: z.int(),
      then: z.union([z.enum(['next', 'end']), z.object({ prompt: z.string() })]),
    }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Assignment' });

/** @param legacy with the older names */
export function toAssignment(assignment: Assignment, legacy: boolean): z.output<typeof assignmentAnswer> {
  return {
    id: assignment.id,
    voice_agent_id: assignment.voiceAgentId,
    phone_number_id: assignment.phoneNumberId,
    is_primary: assignment.isPrimary,
    enabled: assignment.enabled,
    position: assignment.position,
    on_lost: toOnLost(assignment.onLost),
    created_at: new Date(assignment.createdAt).toISOString(),
    updated_at: new Date(assignment.updatedAt).toISOString(),
    ...(legacy && legacyNames(assignment)),
  };
}

/** A number has no configuration of its own here: its id stands for it. */
function legacyNames({ phoneNumberId }: Assignment) {
  return {
    whatsapp_config_id: phoneNumberId,
    whatsapp_config: { id: phoneNumberId, phone_number_id: phoneNumberId },
  };
}
