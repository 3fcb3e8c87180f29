import type { z } from 'zod';

/** What a person should know of a variable. */
export interface About {
  readonly group: string;
  readonly description: string;
  /** May be given as a file, and is kept out of logs. */
  readonly secret?: true;
  /** For .env.example, where a value shows more than words. */
  readonly example?: string;
}

export interface VariableMeta extends About {
  readonly need: 'required' | 'optional' | 'default';
  /** As it would be written in the environment; only with `need: 'default'`. */
  readonly standard?: string;
}

export type Text<T> = z.ZodType<T, string>;

export const required = <T>(about: About, value: Text<T>) => value.meta({ ...about, need: 'required' });
export const standard = <T>(text: string, about: About, value: Text<T>) =>
  value.prefault(text).meta({ ...about, need: 'default', standard: text });
export const optional = <T>(about: About, value: Text<T>) =>
  value
    .optional()
    .transform((given) => given ?? null)
    .meta({ ...about, need: 'optional' });
