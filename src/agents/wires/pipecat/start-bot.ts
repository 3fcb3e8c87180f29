import { z } from 'zod';
import { parseJson } from '../../json.ts';
import { AgentHttpError, askAgent } from '../../net/http.ts';
import { broken } from '../../net/socket-end.ts';
import type { CallBody } from './call-body.ts';

export interface StartRequest {
  /** http:// or https:// */
  readonly url: string;
  readonly key: string | null;
  readonly body: CallBody;
  readonly timeoutMs: number;
  readonly allowLinkLocal: boolean;
  readonly signal: AbortSignal;
}

/** Where a bot that was started waits. */
export interface StartedBot {
  /** ws:// or wss:// */
  readonly url: string;
  /** Opens that socket once. */
  readonly token: string | null;
}

const answer = z
  .object({ wsUrl: z.string().optional(), ws_url: z.string().optional(), token: z.string().nullish() })
  .transform(({ wsUrl, ws_url, token }) => ({ url: wsUrl ?? ws_url, token: token ?? null }));

const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Asks a start route for a bot that talks over a websocket: Pipecat Cloud's, or that of Pipecat's own runner.
 *
 * @throws AgentHttpError if there is none to be had
 */
export async function startBot(asked: StartRequest): Promise<StartedBot> {
  const { url, key, body, timeoutMs, allowLinkLocal, signal } = asked;
  const told = await askAgent({
    url,
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ createDailyRoom: false, transport: 'websocket', body }),
    timeoutMs,
    maxBytes: MAX_ANSWER_BYTES,
    allowLinkLocal,
    signal,
  });
  const bot = botIn(told, url);
  if (bot === null) throw new AgentHttpError(NO_SOCKET);
  return bot;
}

/** Reads what a start route at `asked` answered; null if it names no websocket. Takes anything, never throws. */
export function botIn(told: Buffer, asked: string): StartedBot | null {
  const parsed = answer.safeParse(parseJson(told));
  const socket = parsed.success && parsed.data.url !== undefined ? parseUrl(parsed.data.url) : null;
  if (!parsed.success || socket === null) return null;
  return { url: reachable(socket, new URL(asked)).href, token: parsed.data.token };
}

const NO_SOCKET = broken('protocol_error', false, 'the start route did not answer with the URL of a websocket');

/**
 * Pipecat's runner names itself by the address that it listens on, always with wss unless that is "localhost". Where this
 * means nothing to others, or is the very server that was asked, the address is taken that was asked.
 */
function reachable(socket: URL, asked: URL): URL {
  if (!isOwnMachine(socket.hostname)) return socket;
  if (isOwnMachine(asked.hostname) && socket.port !== asked.port) return socket;
  const url = new URL(socket);
  url.protocol = asked.protocol === 'https:' ? 'wss:' : 'ws:';
  url.host = asked.host;
  // Setting a host without a port keeps the old port.
  url.port = asked.port;
  return url;
}

function isOwnMachine(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname === '0.0.0.0' ||
    hostname === '[::]' ||
    hostname === '[::1]' ||
    hostname.startsWith('127.')
  );
}

function parseUrl(text: string): URL | null {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'ws:' || url.protocol === 'wss:') ? url : null;
}
