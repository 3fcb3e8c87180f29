import { kindNamed } from '../../agents/index.ts';
import type { ProviderKind } from '../../agents/ports.ts';
import { ApiError } from '../base/errors.ts';
import type { Query } from '../base/list-query.ts';
import { type NumberedPage, numberedPageOf } from '../base/numbered-page.ts';

export interface AgentListQuery extends NumberedPage {
  /** Agents of this kind only; null for all. */
  readonly kind: ProviderKind | null;
}

/**
 * Reads the query of the list of voice agents. An empty value counts as none; names it does not know are left alone.
 *
 * @throws ApiError `invalid_parameter`, naming the field and the rule
 */
export function parseAgentListQuery(query: Query): AgentListQuery {
  return { kind: kind(query['provider_type']), ...numberedPageOf(query) };
}

function kind(given: unknown): ProviderKind | null {
  if (given === undefined || given === '') return null;
  const found = typeof given === 'string' ? kindNamed(given) : null;
  if (found === null) throw new ApiError('invalid_parameter', 'provider_type must be the kind of a provider');
  return found;
}
