import { z } from 'zod';
import type { ToolDefinition } from '../../call/index.ts';
import { HANG_UP, SEND_DTMF, type ToolOutcome } from './tools.ts';

interface OwnTool {
  readonly definition: ToolDefinition;
  run(args: unknown): ToolOutcome;
}

const hangUpArguments = z.object({ reason: z.string().max(500).nullish() });

const hangUp: OwnTool = {
  definition: {
    name: HANG_UP,
    description:
      'Ends the phone call. Say goodbye first: what you said before is played to its end, and nothing can be said after.',
    parameters: {
      type: 'object',
      properties: { reason: { type: 'string', description: 'Why the call ends, in a few words, for the log.' } },
    },
  },
  run(args) {
    const parsed = hangUpArguments.safeParse(args);
    if (!parsed.success) return failed('"reason" must be a text of at most 500 characters.');
    return { type: 'hang_up', reason: parsed.data.reason || null, output: 'The call ends.' };
  },
};

/** Models write pauses and gaps between keys; presses are kept apart anyway. */
const BETWEEN_KEYS = /[\s,w-]/gi;
const sendDtmfArguments = z.object({
  digits: z
    .string()
    .max(256)
    .transform((digits) => digits.replace(BETWEEN_KEYS, '').toUpperCase())
    .pipe(z.string().regex(/^[0-9*#A-D]{1,64}$/)),
});

const sendDtmf: OwnTool = {
  definition: {
    name: SEND_DTMF,
    description:
      'Presses keys of the phone keypad towards the other side, such as in the menu of an answering machine.',
    parameters: {
      type: 'object',
      properties: { digits: { type: 'string', description: 'The keys, one after another: 0-9, *, # and A-D.' } },
      required: ['digits'],
    },
  },
  run(args) {
    const parsed = sendDtmfArguments.safeParse(args);
    if (!parsed.success) return failed('"digits" must be 1 to 64 of the keys 0-9, *, # and A-D.');
    const { digits } = parsed.data;
    return { type: 'dtmf', digits, output: `The keys ${digits} are pressed.` };
  },
};

export const OWN_TOOLS: readonly OwnTool[] = [hangUp, sendDtmf];

/** An answer that tells the model what went wrong. */
export function failed(output: string): ToolOutcome {
  return { type: 'answer', output, failed: true };
}
