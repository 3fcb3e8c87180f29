// A voice bot as it is written for Twilio Media Streams, and nothing in it is talkwire's. It greets, repeats what was said
// once the caller is silent, stops when it is interrupted, and hangs up on the key #. It needs nothing but `ws`.
//   node examples/twilio/bot.ts --port 8091 [--host 127.0.0.1]
// Give the number the agent URL ws://127.0.0.1:8091/stream, or http://127.0.0.1:8091/voice for the way over TwiML.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { type WebSocket, WebSocketServer } from 'ws';

const RATE = 8_000;
const FRAME = RATE / 50;
/** Samples louder than this are taken for speech. */
const LOUD = 1_500;
const SILENCE_BEFORE_REPLY_MS = 600;
const LONGEST_REPLY = 10 * RATE;

/** Starts the bot; port 0 takes any free one. Rejects if the port is taken. */
export async function startTwilioBot({ port, host }: { readonly port: number; readonly host: string }) {
  const http = createServer((request, response) => {
    // What Twilio asks when a call comes in: the answer is a document that connects the call to the stream.
    const stream = `ws://${request.headers.host}/stream`;
    const twiml = `<?xml version="1.0"?><Response><Connect><Stream url="${stream}"/></Connect></Response>`;
    response.writeHead(200, { 'content-type': 'text/xml' }).end(twiml);
  });
  const streams = new WebSocketServer({ server: http, path: '/stream' });
  streams.on('connection', (socket) => new Conversation(socket));
  http.listen(port, host);
  await once(http, 'listening');
  const address = `${host}:${(http.address() as AddressInfo).port}`;
  return {
    streamUrl: `ws://${address}/stream`,
    webhookUrl: `http://${address}/voice`,
    async close() {
      for (const socket of streams.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

class Conversation {
  readonly #socket: WebSocket;
  #streamSid = '';
  /** Names of the marks whose sound has not been played yet: while there are any, the bot speaks. */
  readonly #playing = new Set<string>();
  #said: number[] = [];
  #silentMs = 0;
  #loudFrames = 0;
  #count = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => socket.terminate());
    socket.on('message', (data: Buffer) => this.#take(parse(data)));
  }

  #take(message: Message): void {
    switch (message.event) {
      case 'start':
        this.#streamSid = message.streamSid ?? '';
        this.#play([...tone(440, 300), ...tone(554, 300), ...tone(659, 600)]);
        return;
      case 'media':
        if (message.media !== undefined) this.#hear(Buffer.from(message.media.payload, 'base64'));
        return;
      case 'mark':
        if (message.mark !== undefined) this.#playing.delete(message.mark.name);
        // The last words were heard; for Twilio the end of the stream is the end of the call.
        if (message.mark?.name === 'bye') this.#socket.close(1000);
        return;
      case 'dtmf':
        if (message.dtmf?.digit === '#') this.#play([...tone(659, 200), ...tone(440, 400)], 'bye');
        return;
      default:
        return;
    }
  }

  #hear(ulaw: Buffer): void {
    const samples = Array.from(ulaw, decode);
    const loud = samples.some((sample) => Math.abs(sample) > LOUD);
    this.#loudFrames = loud ? this.#loudFrames + 1 : 0;
    if (this.#playing.size > 0) {
      // Three frames: a click is not a person.
      if (this.#loudFrames >= 3) this.#stop();
      return;
    }
    if (loud || this.#said.length > 0) this.#said.push(...samples);
    this.#silentMs = loud ? 0 : this.#silentMs + 20;
    const finished = this.#silentMs >= SILENCE_BEFORE_REPLY_MS || this.#said.length >= LONGEST_REPLY;
    if (this.#said.length > 0 && finished) this.#play(this.#said);
  }

  /** All at once: the other side plays it in its own time and tells by the mark when it is done. */
  #play(samples: readonly number[], name = `speech-${++this.#count}`): void {
    this.#said = [];
    this.#playing.add(name);
    for (let at = 0; at < samples.length; at += FRAME) {
      const payload = Buffer.from(samples.slice(at, at + FRAME).map(encode)).toString('base64');
      this.#say({ event: 'media', media: { payload } });
    }
    this.#say({ event: 'mark', mark: { name } });
  }

  #stop(): void {
    this.#playing.clear();
    this.#say({ event: 'clear' });
  }

  #say(message: object): void {
    this.#socket.send(JSON.stringify({ ...message, streamSid: this.#streamSid }));
  }
}

interface Message {
  readonly event?: string;
  readonly streamSid?: string;
  readonly media?: { readonly payload: string };
  readonly mark?: { readonly name: string };
  readonly dtmf?: { readonly digit: string };
}

function parse(data: Buffer): Message {
  try {
    return JSON.parse(data.toString());
  } catch {
    return {};
  }
}

function tone(hz: number, ms: number): number[] {
  return Array.from({ length: (RATE * ms) / 1_000 }, (_, i) => 6_000 * Math.sin((2 * Math.PI * hz * i) / RATE));
}

/** G.711 µ-law, one sample. */
function encode(sample: number): number {
  const magnitude = Math.min(Math.abs(Math.round(sample)), 32_635) + 132;
  const exponent = 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (exponent + 3)) & 15;
  return ~((sample < 0 ? 128 : 0) | (exponent << 4) | mantissa) & 255;
}

function decode(byte: number): number {
  const bits = ~byte & 255;
  const magnitude = ((((bits & 15) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return bits & 128 ? -magnitude : magnitude;
}

if (import.meta.main) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { port: text, host: text } });
  startTwilioBot({ port: Number(values.port ?? 8091), host: values.host ?? '127.0.0.1' }).then(
    ({ streamUrl, webhookUrl }) => console.log(`Media Streams on ${streamUrl}\nTwiML on ${webhookUrl}`),
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
