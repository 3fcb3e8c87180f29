// A voice agent that repeats what it hears, for places that the bridge cannot dial: it dials the bridge. It keeps a line open,
// is told over it of every call, and dials again for that call (docs/protocol.md, "Agents behind NAT"). Needs only `ws`.
//   BRIDGE_URL=wss://bridge.example.com AGENT_TOKEN=secret node examples/nat-agent.ts
//   node examples/nat-agent.ts --bridge ws://127.0.0.1:8080 --token secret [--delay 0]
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { echo, parse } from './echo-agent.ts';

export interface NatAgentOptions {
  /** ws:// or wss:// of the bridge. */
  readonly bridge: string;
  /** The token with which the agent is known to the bridge. */
  readonly token: string;
  /** How long each piece of sound is held back, milliseconds. */
  readonly delayMs?: number;
  readonly onLine?: (state: 'open' | 'lost') => void;
}

/** The bridge pings every 5 s. A line without a ping for so long is dead, even if nobody said so. */
const SILENCE_MS = 20_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;

/** Opens the line, and opens it again whenever it is lost, until `close`. Calls that run outlive their line. */
export function startNatAgent({ bridge, token, delayMs = 0, onLine }: NatAgentOptions): { close: () => void } {
  const url = `${bridge.replace(/\/+$/, '')}/agents/v1/line`;
  const calls = new Set<WebSocket>();
  let retryMs = FIRST_RETRY_MS;
  let retry: NodeJS.Timeout | undefined;
  let line: WebSocket;
  let closed = false;

  const take = (callUrl: string) => {
    const call = new WebSocket(callUrl, 'talkwire.raw.v1', { perMessageDeflate: false });
    calls.add(call);
    call.on('close', () => calls.delete(call));
    echo(call, delayMs);
  };
  const open = () => {
    line = new WebSocket(url, { headers: { Authorization: `Bearer ${token}` } });
    let silence = setTimeout(() => line.terminate(), SILENCE_MS);
    line.on('ping', () => {
      clearTimeout(silence);
      silence = setTimeout(() => line.terminate(), SILENCE_MS);
    });
    line.on('message', (data: Buffer) => {
      const message = parse(data);
      if (message?.type === 'hello') {
        retryMs = FIRST_RETRY_MS;
        onLine?.('open');
      } else if (message?.type === 'call') {
        take(String(message.url));
      }
    });
    // `close` follows, and says it all.
    line.on('error', () => {});
    line.on('close', () => {
      clearTimeout(silence);
      if (closed) return;
      onLine?.('lost');
      retry = setTimeout(open, retryMs);
      retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
    });
  };

  open();
  return {
    close: () => {
      closed = true;
      clearTimeout(retry);
      line.terminate();
      for (const call of calls) call.terminate();
    },
  };
}

if (import.meta.main) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { bridge: text, token: text, delay: text } });
  const { bridge = process.env['BRIDGE_URL'], token = process.env['AGENT_TOKEN'] } = values;
  if (bridge === undefined || token === undefined) {
    console.error(
      'Say where the bridge is and which token it knows you by: --bridge and --token, or BRIDGE_URL and AGENT_TOKEN.',
    );
    process.exitCode = 1;
  } else {
    const onLine = (state: 'open' | 'lost') => console.log(`The line to the bridge is ${state}.`);
    startNatAgent({ bridge, token, delayMs: Number(values.delay ?? 0), onLine });
  }
}
