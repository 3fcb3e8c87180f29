/**
 * The agent of a benchmark, in a process of its own: echoes all sound at once, and notes when a pulse came in (which is
 * also when its echo left). Talks to the benchmark over the process channel.
 */
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { PulseDetector } from './pulse.ts';

export type AgentNote =
  | { readonly type: 'listening'; readonly url: string }
  | { readonly type: 'pulse'; readonly callId: string; readonly at: number };

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('listening', () =>
  tell({ type: 'listening', url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/` }),
);
server.on('connection', (socket) => {
  const detector = new PulseDetector();
  let callId = '';
  socket.on('error', () => socket.terminate());
  socket.on('message', (data: Buffer, isSound) => {
    if (isSound) {
      socket.send(data);
      const frame = new Int16Array(data.length / 2);
      data.copy(Buffer.from(frame.buffer));
      const at = detector.push(frame, performance.timeOrigin + performance.now());
      if (at !== null) tell({ type: 'pulse', callId, at });
      return;
    }
    const message = JSON.parse(data.toString()) as { type: string; call?: { call_id: string } };
    if (message.type !== 'start') return;
    callId = message.call?.call_id ?? '';
    socket.send(JSON.stringify({ type: 'ready' }));
  });
});

function tell(note: AgentNote): void {
  process.send?.(note);
}
