import { z } from 'zod';
import type { ElevenLabsAgent } from '../../../call/index.ts';
import { parseJson } from '../../json.ts';
import { AgentHttpError, askAgent } from '../../net/http.ts';
import { broken } from '../../net/socket-end.ts';

const PATH = '/v1/convai/conversation';
const MAX_ANSWER_BYTES = 64 * 1024;

const signedUrlAnswer = z.object({ signed_url: z.string().max(8_192) });

/**
 * Where the conversation is held: of an agent that is not public, a URL that the service signs for one conversation and that
 * is good for some minutes.
 *
 * @throws AgentHttpError
 */
export async function conversationUrl(
  target: ElevenLabsAgent,
  allowLinkLocal: boolean,
  signal: AbortSignal,
): Promise<string> {
  const { apiKey, baseUrl, connectTimeoutMs } = target;
  if (apiKey === null) return apiUrl(target, PATH).replace(/^http/i, 'ws');
  const answer = await askAgent({
    url: apiUrl(target, `${PATH}/get-signed-url`),
    method: 'GET',
    headers: { 'xi-api-key': apiKey },
    timeoutMs: connectTimeoutMs,
    maxBytes: MAX_ANSWER_BYTES,
    allowLinkLocal,
    signal,
  });
  const url = signedUrlIn(answer, baseUrl);
  if (url === null) throw new AgentHttpError(broken('protocol_error', false, 'the answer holds no signed URL'));
  return url;
}

/** Reads what a service at `baseUrl` answered; null if it holds no URL as safe as that. Takes anything, never throws. */
export function signedUrlIn(answer: Buffer, baseUrl: string): string | null {
  const parsed = signedUrlAnswer.safeParse(parseJson(answer));
  const url = parsed.success ? URL.parse(parsed.data.signed_url) : null;
  const schemes = /^https:/i.test(baseUrl) ? ['wss:'] : ['ws:', 'wss:'];
  return url !== null && schemes.includes(url.protocol) ? url.href : null;
}

function apiUrl({ baseUrl, agentId }: ElevenLabsAgent, path: string): string {
  return `${baseUrl.replace(/\/+$/, '')}${path}?agent_id=${encodeURIComponent(agentId)}`;
}
