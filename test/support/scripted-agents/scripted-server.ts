import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { Mailbox } from '../mailbox.ts';
import type { ScriptedCall } from './scripted-call.ts';

export interface ScriptedServer {
  /** host:port */
  readonly host: string;
  nextCall(): Promise<ScriptedCall>;
  hold(): () => void;
  close(): Promise<void>;
}

export type TakeCall = (socket: WebSocket, request: IncomingMessage) => ScriptedCall;

/** A websocket server on loopback for agents that the bridge dials; `page` answers plain requests. */
export async function startScriptedServer(take: TakeCall, page?: RequestListener): Promise<ScriptedServer> {
  const calls = new Mailbox<ScriptedCall>();
  const http = createServer(page);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 0 });
  const open = new Set<WebSocket>();
  const gate = new Gate();
  http.on('upgrade', (request, tcp, head) => {
    tcp.on('error', () => {});
    gate.pass(() =>
      sockets.handleUpgrade(request, tcp, head, (socket) => {
        open.add(socket);
        calls.push(take(socket, request));
      }),
    );
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    host: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    nextCall: () => calls.next(),
    hold: () => gate.hold(),
    async close() {
      for (const socket of open) socket.terminate();
      http.close();
      http.closeAllConnections();
      if (http.listening) await once(http, 'close');
    },
  };
}

/** Lets through, or makes wait. */
export class Gate {
  #waiting: (() => void)[] | null = null;

  pass(enter: () => void): void {
    if (this.#waiting === null) enter();
    else this.#waiting.push(enter);
  }

  hold(): () => void {
    this.#waiting ??= [];
    return () => {
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      for (const enter of waiting) enter();
    };
  }
}

/** Calls `each` with every entry of a growing list, as messages come in. */
export function follow<T>(socket: WebSocket, list: readonly T[], each: (entry: T) => void): void {
  let seen = 0;
  socket.on('message', () => {
    for (; seen < list.length; seen += 1) each(list[seen] as T);
  });
}

const MEBIBYTE = 1024 * 1024;

/** More than any message may have. */
export const OVERSIZED_TEXT = JSON.stringify({ type: 'message', event: 'note', data: 'x'.repeat(5 * MEBIBYTE) });
export const OVERSIZED_BYTES = new Uint8Array(5 * MEBIBYTE);

/** Texts that are not valid in any protocol of JSON. */
export const MALFORMED_TEXTS: readonly string[] = [
  'not json',
  '',
  '"word"',
  '[]',
  'null',
  '{"type":5}',
  '{"type":null,"event":null}',
  `{"type":"message","event":"note","data":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
  '{"__proto__":{"type":"ready"},"constructor":{"prototype":1}}',
];

export function samplesOf(bytes: Buffer): Int16Array {
  return new Int16Array(Uint8Array.from(bytes).buffer, 0, Math.floor(bytes.length / 2));
}

export function bytesOf(pcm: Int16Array): Buffer {
  return Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}

/** Pieces of at most `samples`, one after the other. */
export function pieces(pcm: Int16Array, samples: number): Int16Array[] {
  return Array.from({ length: Math.ceil(pcm.length / samples) }, (_, n) => pcm.slice(n * samples, (n + 1) * samples));
}
