import { unescape as unescapeLeniently } from 'node:querystring';
import { opens } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';
import type { Scope } from '../ports.ts';
import { graphFields } from './graph-fields.ts';

/** The number's own token is sent, so what a client says of another is not for Graph. */
const CREDENTIALS = new Set(['access_token', 'appsecret_proof']);
/** In whatever spelling Graph would understand; a field of an object may ask for them as well as a parameter. */
const SIP_PASSWORDS = /sip.?credential/i;

/**
 * A query as it is passed on: byte for byte, but without credentials, and without `kapso(…)` in `fields`, of which Graph
 * knows nothing.
 *
 * @param scope of who asks
 * @throws ApiError `invalid_parameter` for `method`, by which Graph would take a GET for something else, and for tokens among
 *   the fields; `forbidden` for SIP passwords, with which one can call in the name of the number
 */
export function passedQuery(query: string, scope: Scope): string {
  return query
    .split('&')
    .flatMap((item) => passedItem(item, scope) ?? [])
    .join('&');
}

function passedItem(item: string, scope: Scope): string | null {
  const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(item) ?? [];
  // Graph takes points and spaces in names for underscores.
  const plain = decoded(name).replaceAll(/[ .]/g, '_').toLowerCase();
  const asked = decoded(value);
  if (CREDENTIALS.has(plain)) return null;
  if (plain === 'method') {
    throw new ApiError('invalid_parameter', 'method is not passed on in a query: use the HTTP method itself');
  }
  if ([plain, asked].some((text) => SIP_PASSWORDS.test(text)) && !opens(scope, 'admin')) {
    throw new ApiError('forbidden', 'include_sip_credentials needs a key with the scope admin');
  }
  if (!/^fields\b/.test(plain)) return item;
  // Whatever its number's token can see, such as a page, has tokens of its own.
  if (/access_token/i.test(asked)) {
    throw new ApiError('invalid_parameter', 'fields must not name access_token: tokens stay with this service');
  }
  const graph = graphFields(asked);
  if (graph === asked) return item;
  return graph === null ? null : `${name}=${encodeURIComponent(graph)}`;
}

/** As leniently as Graph reads: what cannot be decoded stays as it is, and the rest is decoded nevertheless. */
function decoded(text: string): string {
  return unescapeLeniently(text.replaceAll('+', ' '));
}
