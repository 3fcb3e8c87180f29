import type { FastifyRequest } from 'fastify';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import { type Query, textOf } from '../base/list-query.ts';
import { seesNumber } from '../base/numbers-of-caller.ts';
import type { AccountNumbers, KnownNumbers } from '../ports.ts';

export interface TargetOptions {
  readonly numbers: KnownNumbers & AccountNumbers;
}

/** Ids of Graph have digits in them; the names that it knows without an id, such as `me` or `debug_token`, have none. */
const OBJECT_ID = /^(?=.*\d)[\w:=-]{5,512}$/;

const HOW = 'Other objects, such as media, are reached with phone_number_id in the query';
const NOT_YOURS = 'phone_number_id in the query must be a phone number of this project';

/**
 * The number whose credential opens an object of Graph for the caller: the number itself, one of the business account, or
 * the one that `phone_number_id` names. Graph then says whether that number's token may see the object.
 *
 * @param id the first segment of the path
 * @throws ApiError `unknown_number`, also for what belongs to other projects alone
 */
export function numberFor(request: FastifyRequest<{ Querystring: Query }>, id: string, options: TargetOptions): string {
  const { numbers } = options;
  if (numbers.projectOf(id) !== null) {
    if (seesNumber(request, numbers, id)) return id;
    // As of an object that is no number: that it is one here is not for others to know.
    throw new ApiError('unknown_number', HOW);
  }
  if (!OBJECT_ID.test(id)) throw new ApiError('unknown_number');
  const named = textOf(request.query, 'phone_number_id');
  if (named !== null && !seesNumber(request, numbers, named)) throw new ApiError('unknown_number', NOT_YOURS);
  const ofAccount = numbers.numbersOfAccount(id);
  if (ofAccount.length === 0) {
    if (named === null) throw new ApiError('unknown_number', HOW);
    return named;
  }
  const { projectId } = callerOf(request);
  const own = ofAccount.filter((number) => numbers.projectOf(number) === projectId);
  const number = named ?? own[0];
  if (own.length === 0 || number === undefined) throw new ApiError('unknown_number', HOW);
  return number;
}
