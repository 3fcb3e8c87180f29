import { z } from 'zod';
import type { ElevenLabsAgent } from '../../../call/index.ts';
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
  const { body } = await askAgent({
    url: apiUrl(target, `${PATH}/get-signed-url`),
    method: 'GET',
    headers: { 'xi-api-key': apiKey },
    timeoutMs: connectTimeoutMs,
    maxBytes: MAX_ANSWER_BYTES,
    allowLinkLocal,
    signal,
  });
  const url = signedUrl(body);
  const schemes = /^https:/i.test(baseUrl) ? ['wss:'] : ['ws:', 'wss:'];
  if (url === null || !schemes.includes(url.protocol)) {
    throw new AgentHttpError(broken('protocol_error', false, 'the answer holds no signed URL'));
  }
  return url.href;
}

function apiUrl({ baseUrl, agentId }: ElevenLabsAgent, path: string): string {
  return `${baseUrl.replace(/\/+$/, '')}${path}?agent_id=${encodeURIComponent(agentId)}`;
}

function signedUrl(body: Buffer): URL | null {
  try {
    return new URL(signedUrlAnswer.parse(JSON.parse(body.toString('utf8'))).signed_url);
  } catch {
    return null;
  }
}
