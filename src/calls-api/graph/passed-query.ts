import { ApiError } from '../base/errors.ts';
import { graphFields } from './graph-fields.ts';

/** The number's own token is sent, so what a client says of another is not for Graph. */
const CREDENTIALS = new Set(['access_token', 'appsecret_proof']);

/**
 * A query as it is passed on: byte for byte, but without credentials, and without `kapso(…)` in `fields`, of which Graph
 * knows nothing.
 *
 * @throws ApiError `invalid_parameter` for `method`, by which Graph would take a GET for something else
 */
export function passedQuery(query: string): string {
  return query
    .split('&')
    .flatMap((item) => passedItem(item) ?? [])
    .join('&');
}

function passedItem(item: string): string | null {
  const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(item) ?? [];
  // Graph takes points and spaces in names for underscores.
  const plain = decoded(name).replaceAll(/[ .]/g, '_').toLowerCase();
  if (CREDENTIALS.has(plain)) return null;
  if (plain === 'method') {
    throw new ApiError('invalid_parameter', 'method is not passed on in a query: use the HTTP method itself');
  }
  if (plain !== 'fields') return item;
  const asked = decoded(value);
  const graph = graphFields(asked);
  if (graph === asked) return item;
  return graph === null ? null : `${name}=${encodeURIComponent(graph)}`;
}

/** Graph may read what we cannot. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
