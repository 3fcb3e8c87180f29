import { withoutSecret } from './without-secret.ts';

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * What a client may tell Graph in headers. Its key and cookies are for us, addresses of proxies on the way are nobody's
 * business, and connections are our own; so what is not here stays.
 */
const ASKED: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  // Of Meta's resumable uploads.
  'file_offset',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'range',
  'user-agent',
]);

/** What Graph may tell a client. Cookies and promises about its own host (HSTS, Alt-Svc, CORS) do not hold for ours. */
const TOLD: ReadonlySet<string> = new Set([
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-range',
  'content-type',
  'etag',
  'expires',
  'facebook-api-version',
  'last-modified',
  'pragma',
  'retry-after',
  'vary',
  'www-authenticate',
]);
/** `X-Business-Use-Case-Usage` says how near a limit is; `X-FB-Trace-ID` is what Meta's support asks for. */
const TOLD_FAMILIES = /^x-(?:ad|app|business|fb)-/;

export function passableHeaders(headers: Headers): Record<string, string> {
  return chosen(headers, (name) => ASKED.has(name));
}

/** @param secret the token or key that asked: Graph repeats one that it does not like in `WWW-Authenticate` as well */
export function tellableHeaders(headers: Headers, secret: string): Record<string, string> {
  const told = chosen(headers, (name) => TOLD.has(name) || TOLD_FAMILIES.test(name));
  return Object.fromEntries(Object.entries(told).map(([name, value]) => [name, withoutSecret(value, secret)]));
}

function chosen(headers: Headers, isWanted: (name: string) => boolean): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase();
    if (isWanted(name) && value !== undefined) kept[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return kept;
}
