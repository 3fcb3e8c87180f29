import { z } from 'zod';
import { FieldFaults, field, flag, prose, text, textDictionary } from '../../agents/index.ts';
import type { OnAgentLost } from '../../call/index.ts';
import { promptField } from '../base/prompt-field.ts';
import type { TransferOrder } from '../ports.ts';
import { onLostBody } from './assignment-body.ts';

/** Characters of a message as JSON. */
const MAX_MESSAGE = 32 * 1024;

export const promptBody = z.object(
  { prompt: promptField, interrupt: flag.nullable().default(false) },
  { error: 'must be an object' },
);

const data = field(`must be JSON of at most ${MAX_MESSAGE} characters`, (given) => {
  // Null cannot be told from no message at all.
  return given !== null && (JSON.stringify(given)?.length ?? Infinity) <= MAX_MESSAGE ? { value: given } : null;
});

export const messageBody = z.object(
  { data: data.nullable().default(null), text: prose(MAX_MESSAGE).nullable().default(null) },
  { error: 'must be an object with data or text' },
);

export const transferBody = z.object(
  {
    voice_agent_id: text(64),
    on_lost: onLostBody.nullable().default(null),
    context: textDictionary({ entries: 50, nameLength: 64, valueLength: 2_000 }).nullable().default({}),
  },
  { error: 'must be an object' },
);

/** @throws InvalidFields */
export function promptIn(body: unknown): { readonly prompt: string; readonly interrupt: boolean } {
  const { prompt, interrupt } = checked(promptBody, body);
  return { prompt, interrupt: interrupt ?? false };
}

/** What is to be told to the agent. @throws InvalidFields */
export function messageIn(body: unknown): unknown {
  const { data: given, text: words } = checked(messageBody, body);
  if (given !== null && words === null) return given.value;
  if (given === null && words !== null) return words;
  const faults = new FieldFaults();
  faults.add('data', 'or text must be given, and not both');
  throw faults.toError();
}

/** @throws InvalidFields */
export function transferIn(body: unknown): TransferOrder {
  const { voice_agent_id, on_lost, context } = checked(transferBody, body);
  return { voiceAgentId: voice_agent_id, context: context ?? {}, onLost: on_lost === null ? null : lossRule(on_lost) };
}

/** As an assignment that does not say otherwise. */
function lossRule({ reconnect_attempts = 3, then = { action: 'next' } }: z.output<typeof onLostBody>): OnAgentLost {
  return { reconnectAttempts: reconnect_attempts, then };
}

function checked<T>(schema: z.ZodType<T>, body: unknown): T {
  const faults = new FieldFaults();
  const given = faults.check(schema, body);
  if (given === null) throw faults.toError();
  return given;
}
