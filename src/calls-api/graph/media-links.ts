import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a link to media opens. */
export interface MediaLink {
  readonly mediaId: string;
  readonly phoneNumberId: string;
  /** Who had the number when the link was made. */
  readonly projectId: string;
  /** Of Graph, such as `v23.0`, or null. */
  readonly version: string | null;
}

/** As long as Meta's own links live (meta-calling.md §2.7). */
const LIVES_MS = 5 * 60_000;

/**
 * Links that open one file for a while without a key. Meta's own link opens with the number's token alone, which no client
 * has; and Kapso's SDK fetches a link without showing any key (kapso-api.md §2). They end with this process.
 */
export class MediaLinks {
  readonly #key = randomBytes(32);
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Path and query. */
  linkTo(link: MediaLink): string {
    const fields = [link.mediaId, link.phoneNumberId, link.projectId, link.version, this.#now() + LIVES_MS];
    const text = Buffer.from(JSON.stringify(fields)).toString('base64url');
    return `/media/${text}.${this.#signatureOf(text).toString('base64url')}`;
  }

  /** Null if it is none of ours, or its time is over. */
  open(token: string): MediaLink | null {
    const [text = '', signature = ''] = token.split('.');
    const [given, wanted] = [Buffer.from(signature, 'base64url'), this.#signatureOf(text)];
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
    const [mediaId, phoneNumberId, projectId, version, until] = JSON.parse(Buffer.from(text, 'base64url').toString());
    return until > this.#now() ? { mediaId, phoneNumberId, projectId, version } : null;
  }

  #signatureOf(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}
