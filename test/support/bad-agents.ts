import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** What an agent of the raw wire does wrong; `none` is the same agent without it. */
export type Vice =
  | 'none'
  | 'never ready'
  | 'silent'
  | 'sends too slowly'
  | 'goes on after clear'
  | 'never stops'
  | 'dies on keys'
  | 'dies on messages'
  | 'knows one rate'
  | 'takes one call'
  | 'does not come back'
  | 'breaks off'
  | 'stays'
  | 'does not answer the close';

const FRAME_MS = 20;
const GREETING_MS = 2_500;
/** Loud frames in a row that are taken for a person. */
const LOUD_FRAMES = 3;
const LOUD = 1_500;

/**
 * An agent that greets with a tone, sent as it is heard, stops when the caller speaks, and hangs up on the key # — but for its
 * vice.
 */
export async function startBadAgent(vice: Vice): Promise<{ url: string; close: () => Promise<void> }> {
  const http = createServer();
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  http.on('upgrade', (request, socket, head) => {
    if (vice === 'takes one call' && server.clients.size > 0) {
      socket.end('HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    } else {
      server.handleUpgrade(request, socket, head, (websocket) => converse(websocket, vice));
    }
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    async close() {
      for (const socket of server.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function converse(socket: WebSocket, vice: Vice): void {
  const say = (message: object) => socket.send(JSON.stringify(message));
  let rate = 16_000;
  let loudFrames = 0;
  let speech: NodeJS.Timeout | undefined;
  // The library answers a close by calling this.
  if (vice === 'does not answer the close') socket.close = () => {};
  socket.on('error', () => {});
  socket.on('close', () => clearInterval(speech));
  socket.on('message', (data: Buffer, isSound) => {
    if (isSound) return hear(data);
    const message = JSON.parse(data.toString());
    if (message.type === 'start') return begin(message.audio.sample_rate, message.reconnect);
    if (message.type === 'answered' && vice !== 'silent') speak();
    if (message.type === 'message' && vice === 'dies on messages') socket.terminate();
    if (message.type === 'dtmf') press(message.digit);
  });

  function begin(sampleRate: number, reconnect: number): void {
    rate = sampleRate;
    if (vice === 'knows one rate' && rate !== 16_000) return socket.close(1003);
    if (vice === 'does not come back' && reconnect > 0) return socket.close(1003);
    if (vice !== 'never ready') say({ type: 'ready' });
  }

  function speak(): void {
    const frames = vice === 'never stops' ? Number.POSITIVE_INFINITY : GREETING_MS / FRAME_MS;
    const frameMs = vice === 'sends too slowly' ? 2 * FRAME_MS : FRAME_MS;
    const began = performance.now();
    let sent = 0;
    speech = setInterval(() => {
      // By the clock, and 60 ms ahead of it: a timer is always a little late.
      for (; sent < frames && sent * frameMs <= performance.now() - began + 60; sent += 1)
        socket.send(tone(rate, sent));
      if (sent >= frames) clearInterval(speech);
    }, frameMs);
  }

  function hear(sound: Buffer): void {
    const samples = new Int16Array(sound.buffer.slice(sound.byteOffset, sound.byteOffset + sound.byteLength));
    loudFrames = samples.some((sample) => Math.abs(sample) > LOUD) ? loudFrames + 1 : 0;
    if (loudFrames !== LOUD_FRAMES || vice === 'never stops') return;
    say({ type: 'clear' });
    if (vice !== 'goes on after clear') clearInterval(speech);
  }

  function press(digit: string): void {
    if (vice === 'dies on keys') socket.terminate();
    if (digit !== '#' || vice === 'stays') return;
    if (vice === 'breaks off') socket.terminate();
    else say({ type: 'hangup' });
  }
}

function tone(rate: number, frame: number): Int16Array {
  const samples = rate / 50;
  const at = (i: number) => 8_000 * Math.sin((2 * Math.PI * 440 * (frame * samples + i)) / rate);
  return Int16Array.from({ length: samples }, (_, i) => at(i));
}
