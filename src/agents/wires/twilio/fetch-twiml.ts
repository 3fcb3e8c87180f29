import { askAgent } from '../../net/http.ts';
import { twilioSignature } from './signature.ts';
import { type HttpMethod, MAX_TWIML_BYTES, parseTwiml, type Verb } from './twiml.ts';

export interface TwimlRequest {
  readonly url: string;
  readonly method: HttpMethod;
  readonly form: Readonly<Record<string, string>>;
  /** Signs the request; null leaves it unsigned. */
  readonly authToken: string | null;
  readonly timeoutMs: number;
  readonly allowLinkLocal: boolean;
  readonly signal: AbortSignal;
}

/**
 * Asks for a document as Twilio does: the form in the body of a POST, or behind the URL of a GET.
 *
 * @throws AgentHttpError if there is none, TwimlError if it cannot be run
 */
export async function fetchTwiml(request: TwimlRequest): Promise<readonly Verb[]> {
  const { method, form, authToken, timeoutMs, allowLinkLocal, signal } = request;
  // Both sides must see the same bytes, so the URL is written down once, as the request line will have it.
  const url = URL.parse(request.url);
  if (url === null) throw new TypeError('the URL of the webhook is not one');
  url.hash = '';
  if (method === 'GET') for (const [name, value] of Object.entries(form)) url.searchParams.append(name, value);
  const signed = method === 'POST' ? form : {};
  const document = await askAgent({
    url: url.href,
    method,
    headers: {
      ...(method === 'POST' && { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' }),
      ...(authToken !== null && { 'X-Twilio-Signature': twilioSignature(authToken, url.href, signed) }),
    },
    ...(method === 'POST' && { body: new URLSearchParams(form).toString() }),
    timeoutMs,
    maxBytes: MAX_TWIML_BYTES,
    allowLinkLocal,
    signal,
  });
  return parseTwiml(document.toString('utf8'), url.href);
}
