import { withoutSecret } from './without-secret.ts';

export interface HomewardOptions {
  /** Graph's address, as it is set. */
  readonly graph: URL;
  /** Where clients reach the same, such as `https://bridge.example.com/meta/whatsapp`; the version follows. */
  readonly home: string;
  /** The token or key that asked. */
  readonly secret: string;
}

/** Members of Graph's `paging` whose links lead on. Slashes in a JSON text may be escaped. */
const PAGE_LINK = /("(?:next|previous)"\s*:\s*)("(?:[^"\\]|\\.)*")/g;

/** Tokens of other things that the number's token may see: lists of pages have one with each. */
const TOKEN = /("access_token"\s*:\s*)"(?:[^"\\]|\\.)*"/g;

/**
 * An answer of Graph without what must not leave: Graph writes the token that asked into its links to the next page. Those
 * links then lead back here, where the client's own key opens them. Every other byte stays, but of tokens.
 */
export function homeward(text: string, options: HomewardOptions): string {
  const { secret } = options;
  const led = text.replaceAll(PAGE_LINK, (whole, name: string, link: string) => {
    const href = homewardLink(link, options);
    return href === null ? whole : `${name}${JSON.stringify(href)}`;
  });
  return withoutSecret(led.replaceAll(TOKEN, '$1"REMOVED"'), secret);
}

function homewardLink(json: string, { graph, home }: HomewardOptions): string | null {
  const link = URL.parse(linkIn(json));
  const base = graph.pathname.replace(/\/+$/, '');
  if (link === null || link.origin !== graph.origin || !link.pathname.startsWith(`${base}/`)) return null;
  link.searchParams.delete('access_token');
  return `${home}${link.pathname.slice(base.length)}${link.search}`;
}

/** What looked like a JSON text may be none. */
function linkIn(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return '';
  }
}
