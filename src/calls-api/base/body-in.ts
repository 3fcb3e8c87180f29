import type { z } from 'zod';
import { FieldFaults, isObject, text } from '../../agents/index.ts';

/** What people call a thing of theirs. */
export const nameField = text(200);

/**
 * What `schema` makes of a body, which may stand in an envelope with this name, or bare.
 *
 * @throws InvalidFields
 */
export function bodyIn<T>(schema: z.ZodType<T>, body: unknown, envelope: string): T {
  const faults = new FieldFaults();
  const given = faults.check(schema, isObject(body) ? (body[envelope] ?? body) : body);
  if (given === null) throw faults.toError();
  return given;
}
