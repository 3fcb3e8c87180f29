import { isObject } from '../../agents/index.ts';

export const promptRule = 'must be named by letters, digits, - _ and ., in the folder of prompts';

/** The file in `{"prompt": "<file>"}`; null if it is none. A plain name: it must not lead out of the folder of prompts. */
export function promptOf(given: unknown): string | null {
  const prompt = isObject(given) ? given['prompt'] : null;
  return typeof prompt === 'string' && /^[A-Za-z0-9_][\w.-]{0,199}$/.test(prompt) ? prompt : null;
}
