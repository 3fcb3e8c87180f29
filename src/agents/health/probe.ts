import { connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { AgentTarget } from '../../call/index.ts';
import { guardedLookup, isForbiddenHost } from '../net/address-guard.ts';
import { askAgent } from '../net/http.ts';

export type Finding = 'well' | 'reachable' | 'unreachable';

export interface Probed {
  readonly target: AgentTarget;
  /** Answers 2xx while the agent is well. */
  readonly healthUrl: string | null;
}

const TIMEOUT_MS = 3_000;

/**
 * Looks whether an agent is there without starting a conversation: asks its health route, or else opens and closes a
 * connection to its port. Null if there is nothing to look at. Never rejects.
 */
export async function probe({ target, healthUrl }: Probed, allowLinkLocal: boolean): Promise<Finding | null> {
  if (healthUrl !== null) {
    const asked = askAgent({ url: healthUrl, method: 'GET', timeoutMs: TIMEOUT_MS, allowLinkLocal });
    return await asked.then(
      () => 'well' as const,
      () => 'unreachable' as const,
    );
  }
  const url = addressOf(target);
  return url === null ? null : await knock(url, allowLinkLocal);
}

function addressOf(target: AgentTarget): URL | null {
  switch (target.wire) {
    case 'raw':
      return target.entry.kind === 'dial' ? new URL(target.entry.url) : null;
    case 'twilio':
    case 'pipecat':
      return new URL(target.entry.url);
    case 'openai-realtime':
    case 'runtime':
      return new URL(target.url);
    case 'elevenlabs':
      return new URL(target.baseUrl);
    default:
      return target satisfies never;
  }
}

function knock(url: URL, allowLinkLocal: boolean): Promise<Finding> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!allowLinkLocal && isForbiddenHost(host)) return Promise.resolve('unreachable');
  const secure = url.protocol === 'wss:' || url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const options = { host, port, timeout: TIMEOUT_MS, ...(allowLinkLocal ? {} : { lookup: guardedLookup }) };
  return new Promise((resolve) => {
    const finish = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    const socket = secure
      ? connectTls({ ...options, ...(isIP(host) === 0 && { servername: host }) }, () => finish('reachable'))
      : connect(options, () => finish('reachable'));
    socket.once('error', () => finish('unreachable'));
    socket.once('timeout', () => finish('unreachable'));
  });
}
