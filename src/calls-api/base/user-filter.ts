import type { UserRef } from '../../permissions/index.ts';
import { ApiError } from './errors.ts';
import { type Query, textOf } from './list-query.ts';
import { userNamed } from './user-field.ts';

/**
 * The user of whom a list is asked for, in whichever of these parameters; null if in none.
 *
 * @throws ApiError `invalid_parameter`
 */
export function userIn(query: Query, fields: readonly string[]): UserRef | null {
  const given = fields.flatMap((field) => {
    const text = textOf(query, field);
    if (text === null) return [];
    const user = userNamed(text.trim());
    if (user === null) throw new ApiError('invalid_parameter', `${field} must be a phone number or a BSUID`);
    return [user];
  });
  const [user] = given;
  if (user === undefined) return null;
  if (given.length === 1) return user;
  throw new ApiError('invalid_parameter', `Of ${fields.join(', ')} only one can be given`);
}
