// A voice agent that repeats what it hears. It speaks "talkwire raw v1" (docs/protocol.md) and needs nothing but `ws`.
//   node examples/echo-agent.ts --port 8090 [--host 127.0.0.1] [--delay 0] [--token secret]
// Give the number the agent URL ws://127.0.0.1:8090/ and call it. --delay holds the echo back, in milliseconds.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { type WebSocket, WebSocketServer } from 'ws';

export interface EchoAgentOptions {
  readonly port: number;
  readonly host: string;
  /** How long each piece of sound is held back, milliseconds. */
  readonly delayMs?: number;
  /** Calls that do not bring it are refused. */
  readonly token?: string;
}

/** Starts the agent; port 0 takes any free one. Rejects if the port is taken. */
export async function startEchoAgent(options: EchoAgentOptions): Promise<{ url: string; close: () => Promise<void> }> {
  const { port, host, delayMs = 0, token } = options;
  const verifyClient = ({ req }: { req: IncomingMessage }) => token === undefined || tokenOf(req) === token;
  const server = new WebSocketServer({ port, host, verifyClient, perMessageDeflate: false });
  server.on('connection', (socket) => echo(socket, delayMs));
  await once(server, 'listening');
  const close = async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `ws://${host}:${(server.address() as AddressInfo).port}/`, close };
}

/** Has one call: the same whether the bridge dialled or the agent (nat-agent.ts). */
export function echo(socket: WebSocket, delayMs: number): void {
  socket.on('error', () => socket.terminate());
  socket.on('message', (data: Buffer, isSound) => {
    if (isSound) {
      if (delayMs === 0) socket.send(data);
      else setTimeout(() => socket.send(data), delayMs);
      return;
    }
    // `start` is the first message of a call. After `ready` the bridge puts the person on the line.
    if (parse(data)?.type === 'start') socket.send(JSON.stringify({ type: 'ready' }));
  });
}

/** One message as it was sent; null if it is no JSON. Whoever finds the port may send anything; it must not end the agent. */
export function parse(text: Buffer): { readonly type?: unknown; readonly url?: unknown } | null {
  try {
    return JSON.parse(text.toString());
  } catch {
    return null;
  }
}

function tokenOf(request: IncomingMessage): string | null {
  const header = request.headers.authorization;
  if (header?.startsWith('Bearer ')) return header.slice('Bearer '.length);
  return new URL(request.url ?? '/', 'ws://agent').searchParams.get('token');
}

if (import.meta.main) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { port: text, host: text, delay: text, token: text } });
  const { host = '127.0.0.1', token } = values;
  const [port, delayMs] = [Number(values.port ?? 8090), Number(values.delay ?? 0)];
  startEchoAgent({ port, host, delayMs, ...(token !== undefined && { token }) }).then(
    ({ url }) => console.log(`Echo agent listens on ${url}`),
    (error) => {
      console.error(error.code === 'EADDRINUSE' ? `Port ${port} is taken. Choose another with --port.` : error.message);
      process.exitCode = 1;
    },
  );
}
