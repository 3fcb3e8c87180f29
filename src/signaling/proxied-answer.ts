import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { ProxiedAnswer } from './graph-proxy-types.ts';
import { tellableHeaders } from './passed-headers.ts';

/** Graph's have a few kilobytes. */
const LARGEST_TEXT = 16 * 1024 * 1024;

/**
 * What a client is told of Graph's answer. A text is read whole, so that `clean` can take out what must not leave; anything
 * else flows on as it comes.
 *
 * @param secret the token or key that asked
 */
export async function proxiedAnswer(
  answer: Dispatcher.ResponseData,
  secret: string,
  clean: (text: string) => string,
): Promise<ProxiedAnswer> {
  const { statusCode: status, body } = answer;
  const headers = tellableHeaders(answer.headers, secret);
  if (!isText(headers['content-type'])) return { type: 'answered', status, headers, body };
  // It was asked not to be packed; what is, cannot be searched.
  const text = (headers['content-encoding'] ?? 'identity') === 'identity' ? await textOf(body) : null;
  if (text === null) {
    body.destroy();
    return { type: 'unanswered', sent: true };
  }
  const cleaned = clean(text.toString('utf8'));
  const bytes = cleaned === text.toString('utf8') ? text : Buffer.from(cleaned);
  const { 'content-md5': _sum, ...kept } = headers;
  return {
    type: 'answered',
    status,
    headers: { ...(bytes === text ? headers : kept), 'content-length': String(bytes.length) },
    body: Readable.from([bytes], { objectMode: false }),
  };
}

/** Null if it is too long or breaks off. */
async function textOf(body: Readable): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > LARGEST_TEXT) return null;
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}

/** Graph says `text/javascript` for JSON to some. */
function isText(contentType: string | undefined): boolean {
  return contentType === undefined || /^(?:text\/|application\/(?:.*\+)?(?:json|javascript|xml))/i.test(contentType);
}
