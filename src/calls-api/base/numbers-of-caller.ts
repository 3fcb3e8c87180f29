import type { FastifyRequest } from 'fastify';
import type { KnownNumbers } from '../ports.ts';
import { callerOf } from './caller.ts';
import { ApiError } from './errors.ts';

/** Whether the number is one of the caller's project. Of another's a caller hears what it hears of none. */
export function seesNumber(request: FastifyRequest, numbers: KnownNumbers, phoneNumberId: string): boolean {
  return numbers.projectOf(phoneNumberId) === callerOf(request).projectId;
}

/**
 * For the routes of Graph and of its proxy.
 *
 * @throws ApiError `unknown_number`
 */
export function graphNumber(request: FastifyRequest, numbers: KnownNumbers, phoneNumberId: string): string {
  if (!seesNumber(request, numbers, phoneNumberId)) throw new ApiError('unknown_number');
  return phoneNumberId;
}

/**
 * For the routes of the platform.
 *
 * @throws ApiError `number_not_found`
 */
export function platformNumber(request: FastifyRequest, numbers: KnownNumbers, phoneNumberId: string): string {
  if (!seesNumber(request, numbers, phoneNumberId)) throw new ApiError('number_not_found');
  return phoneNumberId;
}
