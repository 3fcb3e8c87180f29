import { isObject } from '../../agents/index.ts';
import type { GraphAnswered } from './pass-on.ts';
import { rewritten, wholeAnswer } from './whole-answer.ts';

/** A link of Graph's to a file, in the answer about media. */
const LINK = /"(url|download_url)"\s*:\s*"(?:[^"\\]|\\.)*"/g;

/**
 * An answer about media with a link that the client can follow, in place of the one that only the number's token opens: as
 * `url`, where applications for Graph look, and as `download_url`, where Kapso's SDK looks first (kapso-api.md §2). Any other
 * answer stays as it is.
 */
export async function withMediaLink(answer: GraphAnswered, makeLink: () => string): Promise<GraphAnswered> {
  if (answer.status !== 200 || !/json|javascript/i.test(answer.headers['content-type'] ?? '')) return answer;
  const { answer: same, text, value } = await wholeAnswer(answer);
  return linkIn(value) === null ? same : rewritten(same, withLink(text, JSON.stringify(makeLink())));
}

/** What an answer about media links to; null if it is about something else. */
export function linkIn(media: unknown): string | null {
  if (!isObject(media)) return null;
  const { download_url: download, url } = media;
  const link = typeof download === 'string' ? download : url;
  return typeof link === 'string' ? link : null;
}

/** In the text, so that every other byte stays. */
function withLink(text: string, link: string): string {
  const more = /"download_url"\s*:/.test(text) ? '' : `,"download_url":${link}`;
  return text.replaceAll(LINK, (_, name: string) => `"${name}":${link}${name === 'url' ? more : ''}`);
}
