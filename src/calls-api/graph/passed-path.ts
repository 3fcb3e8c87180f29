/** What a path of the proxy says, in the client's own letters. */
export interface PassedPath {
  /** `/meta/whatsapp` or `/api/meta`. */
  readonly base: string;
  /** Such as `v23.0`; null if the path has none. */
  readonly version: string | null;
  /** What follows: an id, then whatever Graph has below it. */
  readonly segments: readonly string[];
  /** Without the question mark. */
  readonly query: string;
}

const PROXY_PATH = /^(\/meta\/whatsapp|\/api\/meta)\/(?:(v\d+\.\d+)\/)?([^?]+?)\/?(?:\?(.*))?$/s;
/** Nothing of Graph's has other letters. What would have to be escaped, slashes and dots among it, is none of its names. */
const SEGMENT = /^(?!\.*$)[\w.:=@~-]{1,512}$/;

/** Reads the path as it was sent; null if it is none that could be Graph's. */
export function readPassedPath(url: string): PassedPath | null {
  const [, base, version = null, path, query = ''] = PROXY_PATH.exec(url) ?? [];
  if (base === undefined || path === undefined) return null;
  const segments = path.split('/');
  return segments.every((segment) => SEGMENT.test(segment)) ? { base, version, segments, query } : null;
}
