import { field, isObject } from '../../agents/index.ts';

export const promptRule = 'must be named by letters, digits, - _ and ., in the folder of prompts';

export const PROMPT_SHAPE = {
  type: 'object',
  properties: { prompt: { type: 'string', pattern: '^[A-Za-z0-9_][\\w.-]{0,199}$' } },
  required: ['prompt'],
};

/** A file of the folder of prompts by its name. */
export const promptField = field(promptRule, (given) => promptOf({ prompt: given }), PROMPT_SHAPE.properties.prompt);

/** The file in `{"prompt": "<file>"}`; null if it is none. A plain name: it must not lead out of the folder of prompts. */
export function promptOf(given: unknown): string | null {
  const prompt = isObject(given) ? given['prompt'] : null;
  return typeof prompt === 'string' && /^[A-Za-z0-9_][\w.-]{0,199}$/.test(prompt) ? prompt : null;
}
