// A voice agent that plays a 440 Hz tone, 20 ms at a time. It speaks "talkwire raw v1" (docs/protocol.md) and shows pacing,
// items, marks, clear and hang-up: a mark comes back when the tone was heard, a key press of the caller silences it.
//   node examples/tone-agent.ts --port 8091 [--host 127.0.0.1] [--seconds 3] [--hangup-after 10]
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { type WebSocket, WebSocketServer } from 'ws';

export interface ToneAgentOptions {
  readonly port: number;
  readonly host: string;
  /** Length of the tone (default 3) and when to hang up after the answer (default 0: never), seconds. */
  readonly seconds?: number;
  readonly hangupAfter?: number;
}

/** Starts the agent; port 0 takes any free one. Rejects if the port is taken. */
export async function startToneAgent(options: ToneAgentOptions): Promise<{ url: string; close: () => Promise<void> }> {
  const { port, host, seconds = 3, hangupAfter = 0 } = options;
  const server = new WebSocketServer({ port, host, perMessageDeflate: false });
  server.on('connection', (socket) => answer(socket, seconds, hangupAfter));
  await once(server, 'listening');
  const close = async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `ws://${host}:${(server.address() as AddressInfo).port}/`, close };
}

function answer(socket: WebSocket, seconds: number, hangupAfter: number): void {
  const say = (message: object) => socket.send(JSON.stringify(message));
  let rate = 16_000;
  let tone: NodeJS.Timeout | undefined;
  let hangup: NodeJS.Timeout | undefined;
  const play = () => {
    const begin = performance.now();
    let at = 0;
    tone = setInterval(() => {
      // Paced by the clock, not by the timer, which is always a little late.
      for (; at < seconds * rate && at <= ((performance.now() - begin) * rate) / 1000; at += rate / 50) {
        const sample = (_: unknown, i: number) => 8000 * Math.sin((2 * Math.PI * 440 * (at + i)) / rate);
        socket.send(Int16Array.from({ length: rate / 50 }, sample));
      }
      if (at < seconds * rate) return;
      clearInterval(tone);
      say({ type: 'mark', name: 'tone-played' });
    }, 20);
  };
  socket.on('message', (data: Buffer, isSound) => {
    const message = isSound ? {} : JSON.parse(data.toString());
    if (message.type === 'start') {
      rate = message.audio.sample_rate;
      say({ type: 'ready' });
    } else if (message.type === 'answered') {
      say({ type: 'item', id: 'tone' });
      play();
      if (hangupAfter > 0) hangup = setTimeout(() => say({ type: 'hangup' }), hangupAfter * 1000);
    } else if (message.type === 'dtmf') {
      clearInterval(tone);
      say({ type: 'clear' });
    }
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => [tone, hangup].forEach(clearTimeout));
}

if (import.meta.main) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { port: text, host: text, seconds: text, 'hangup-after': text } });
  const [port, host] = [Number(values.port ?? 8091), values.host ?? '127.0.0.1'];
  const [seconds, hangupAfter] = [Number(values.seconds ?? 3), Number(values['hangup-after'] ?? 0)];
  startToneAgent({ port, host, seconds, hangupAfter }).then(
    ({ url }) => console.log(`Tone agent listens on ${url}`),
    (error) => {
      console.error(error.code === 'EADDRINUSE' ? `Port ${port} is taken. Choose another with --port.` : error.message);
      process.exitCode = 1;
    },
  );
}
