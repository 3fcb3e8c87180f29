import { isRefusedHost } from '../net/index.ts';

/** Longer ones are no addresses; some servers and proxies do not take them. */
const MAX_LENGTH = 2_048;
/** Below these live the services that are not for HTTP, and would take a request for something else. */
const FIRST_FREE_PORT = 1_024;

/**
 * Why events may not be sent to this URL, as the end of a sentence that begins with the name of the field; null if they may.
 * A name is only judged by its text here: its addresses are looked at with every connection.
 *
 * @param privateAllowed http:// and addresses of private networks are allowed
 */
export function urlFault(text: string, privateAllowed: boolean): string | null {
  if (text.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`;
  const url = URL.parse(text);
  const schemes = privateAllowed ? ['https:', 'http:'] : ['https:'];
  if (url === null || !schemes.includes(url.protocol)) {
    return privateAllowed ? 'must be an https:// or http:// URL' : 'must be an https:// URL';
  }
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password; use a header';
  const isWebPort = url.port === '' || url.port === '80' || url.port === '443';
  if (!isWebPort && Number(url.port) < FIRST_FREE_PORT) return 'must have port 80, 443, or one from 1024 on';
  if (isRefusedHost(url.hostname, privateAllowed ? 'not_link_local' : 'public')) {
    return privateAllowed
      ? 'must not lead to a link-local address or a metadata service'
      : 'must lead to a public address; TALKWIRE_WEBHOOKS_PRIVATE=on allows private networks';
  }
  return null;
}
