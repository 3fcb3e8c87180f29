import { kindNamed } from '../../agents/index.ts';
import type { ProviderKind } from '../../agents/ports.ts';
import { ApiError } from '../base/errors.ts';

export interface AgentListQuery {
  /** Agents of this kind only; null for all. */
  readonly kind: ProviderKind | null;
  /** Counted from 1. */
  readonly page: number;
  readonly perPage: number;
}

/** A list without pages is what a client expects that never asks for one. */
const MAX_PER_PAGE = 100;
const MAX_PAGE = 1_000_000;

/**
 * Reads the query of the list of voice agents. An empty value counts as none; names it does not know are left alone.
 *
 * @throws ApiError `invalid_parameter`, naming the field and the rule
 */
export function parseAgentListQuery(query: Readonly<Record<string, unknown>>): AgentListQuery {
  return {
    kind: kind(query['provider_type']),
    page: wholeNumber('page', query['page'], MAX_PAGE, 1),
    perPage: wholeNumber('per_page', query['per_page'], MAX_PER_PAGE, MAX_PER_PAGE),
  };
}

function kind(given: unknown): ProviderKind | null {
  if (given === undefined || given === '') return null;
  const found = typeof given === 'string' ? kindNamed(given) : null;
  if (found === null) throw new ApiError('invalid_parameter', 'provider_type must be the kind of a provider');
  return found;
}

function wholeNumber(field: string, given: unknown, max: number, standard: number): number {
  if (given === undefined || given === '') return standard;
  const value = typeof given === 'string' && /^\d{1,7}$/.test(given) ? Number(given) : 0;
  if (value >= 1 && value <= max) return value;
  throw new ApiError('invalid_parameter', `${field} must be a whole number from 1 to ${max}`);
}
