/**
 * The agent of a benchmark, in a process of its own. It echoes all sound at once, and notes when a pulse came in (which is
 * also when its echo left); at the path `/greeting` it greets as soon as it is told that somebody is on the line, and is
 * silent after that. Talks to the benchmark over the process channel.
 */
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { sineTone } from '../../../src/audio/index.ts';
import { PulseDetector, RATE } from './pulse.ts';

/** `at` in Unix milliseconds, with fractions. `answered`: it was told that somebody is on the line, and greeted. */
export type AgentNote =
  | { readonly type: 'listening'; readonly url: string }
  | { readonly type: 'pulse' | 'answered'; readonly callId: string; readonly at: number };

/** What a speech service has ready of a greeting at once. */
const GREETING = Buffer.from(sineTone(RATE, 440, 400, -9).buffer);
const CHUNK_BYTES = (RATE / 10) * 2;

// Without the benchmark there is nobody to end it.
process.on('disconnect', () => process.exit());

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('listening', () =>
  tell({ type: 'listening', url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/` }),
);
server.on('connection', (socket, request) => {
  socket.on('error', () => socket.terminate());
  if (request.url?.startsWith('/greeting')) greet(socket);
  else echo(socket);
});

function echo(socket: WebSocket): void {
  const detector = new PulseDetector();
  let callId = '';
  socket.on('message', (data: Buffer, isSound) => {
    if (isSound) {
      socket.send(data);
      const frame = new Int16Array(data.length / 2);
      data.copy(Buffer.from(frame.buffer));
      const at = detector.push(frame, now());
      if (at !== null) tell({ type: 'pulse', callId, at });
      return;
    }
    callId = startOf(socket, data)?.callId ?? callId;
  });
}

function greet(socket: WebSocket): void {
  let callId = '';
  socket.on('message', (data: Buffer, isSound) => {
    if (isSound) return;
    const start = startOf(socket, data);
    if (start !== null) callId = start.callId;
    else if (typeOf(data) === 'answered') {
      tell({ type: 'answered', callId, at: now() });
      for (let from = 0; from < GREETING.length; from += CHUNK_BYTES) {
        socket.send(GREETING.subarray(from, from + CHUNK_BYTES));
      }
    }
  });
}

/** Answers the first message of a call; null if it is another. */
function startOf(socket: WebSocket, data: Buffer): { readonly callId: string } | null {
  if (typeOf(data) !== 'start') return null;
  socket.send(JSON.stringify({ type: 'ready' }));
  return { callId: (JSON.parse(data.toString()) as { call?: { call_id: string } }).call?.call_id ?? '' };
}

function typeOf(data: Buffer): string {
  return (JSON.parse(data.toString()) as { type: string }).type;
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function tell(note: AgentNote): void {
  process.send?.(note);
}
