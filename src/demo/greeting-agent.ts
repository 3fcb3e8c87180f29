import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { resample } from '../audio/index.ts';

/** What the agent says first. */
export interface Greeting {
  readonly samples: Int16Array;
  readonly rate: number;
}

/**
 * Starts an agent that speaks first, and says back what it hears once it was heard out. It speaks "talkwire raw v1"
 * (docs/protocol.md) and hands its greeting over while the phone still rings, so that the first word is there at pickup.
 */
export async function startGreetingAgent(greeting: Greeting): Promise<{ url: string; close: () => Promise<void> }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  server.on('connection', (socket) => greet(socket, greeting));
  await once(server, 'listening');
  const close = async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
}

function greet(socket: WebSocket, { samples, rate }: Greeting): void {
  let heardOut = false;
  socket.on('error', () => socket.terminate());
  socket.on('message', (data: Buffer, isSound) => {
    if (isSound) {
      if (heardOut) socket.send(data);
      return;
    }
    const message = JSON.parse(data.toString()) as Message;
    switch (message.type) {
      case 'start':
        socket.send(JSON.stringify({ type: 'ready' }));
        socket.send(resample(samples, rate, message.audio?.sample_rate ?? rate));
        socket.send(JSON.stringify({ type: 'mark', name: 'greeting' }));
        break;
      case 'marked':
        heardOut = true;
        break;
    }
  });
}

/** The bridge of the demo sends nothing else that matters here. */
interface Message {
  readonly type: string;
  readonly audio?: { readonly sample_rate: number };
}
