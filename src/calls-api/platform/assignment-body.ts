import { z } from 'zod';
import { FieldFaults, field, flag, isObject, wholeNumber } from '../../agents/index.ts';
import type { Assignment } from '../../agents/ports.ts';
import type { OnAgentLost } from '../../call/index.ts';
import { PROMPT_SHAPE, promptOf, promptRule } from '../base/prompt-field.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What of an assignment a client may say. */
export type AssignmentFields = Pick<Assignment, 'isPrimary' | 'enabled' | 'position' | 'onLost'>;

/** Kapso's defaults are not known; these let a fallback agent be added without a word. */
const STANDARD: AssignmentFields = {
  isPrimary: false,
  enabled: true,
  position: 0,
  onLost: { reconnectAttempts: 3, then: { action: 'next' } },
};

const THEN_RULE = `must be next, end or {"prompt": "<file>"}, where the file ${promptRule}`;

const then = field<OnAgentLost['then']>(
  THEN_RULE,
  (given) => {
    if (given === 'next' || given === 'end') return { action: given };
    const prompt = promptOf(given);
    return prompt === null ? null : { action: 'prompt', prompt };
  },
  { anyOf: [{ enum: ['next', 'end'] }, PROMPT_SHAPE] },
);

/** What becomes of a call whose agent is lost. */
export const onLostBody = z.object(
  { reconnect_attempts: wholeNumber(0, 100).optional(), then: then.optional() },
  { error: 'must be an object' },
);

export const assignmentBody = z.object({
  is_primary: flag.optional(),
  enabled: flag.optional(),
  position: wholeNumber(0, 10_000).optional(),
  on_lost: onLostBody.optional(),
});

/**
 * The assignment that a body describes, in the envelope `voice_agent_whatsapp_config` or bare. What it does not name is as
 * in `old`, or has its default.
 *
 * @throws InvalidFields
 */
export function assignmentFields(body: unknown, old: AssignmentFields = STANDARD): AssignmentFields {
  const faults = new FieldFaults();
  const given = faults.check(assignmentBody, withoutNulls(contentOf(body)));
  if (given === null) throw faults.toError();
  const { is_primary = old.isPrimary, enabled = old.enabled, position = old.position, on_lost = {} } = given;
  const { reconnect_attempts = old.onLost.reconnectAttempts, then: next = old.onLost.then } = on_lost;
  return { isPrimary: is_primary, enabled, position, onLost: { reconnectAttempts: reconnect_attempts, then: next } };
}

/** The number that a body names, by whichever name; null if it names none. */
export function phoneNumberIn(body: unknown): string | null {
  const { phone_number_id: current, whatsapp_config_id: older } = contentOf(body);
  const given = current ?? older;
  return typeof given === 'string' && given !== '' ? given : null;
}

function contentOf(body: unknown): Fields {
  const content = isObject(body) ? (body['voice_agent_whatsapp_config'] ?? body) : body;
  if (isObject(content)) return content;
  const faults = new FieldFaults();
  faults.add('voice_agent_whatsapp_config', 'must be an object');
  throw faults.toError();
}

function withoutNulls(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** As the API spells it. */
export function toOnLost({ reconnectAttempts, then: next }: OnAgentLost) {
  return {
    reconnect_attempts: reconnectAttempts,
    then: next.action === 'prompt' ? { prompt: next.prompt } : next.action,
  };
}
