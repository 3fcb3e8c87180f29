import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { TwilioRealtimeTransportLayer } from '@openai/agents-extensions';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { TwilioCalls } from '../../support/twilio-agent.ts';

/** As much of OpenAI's Realtime API as the transport layer of its Agents SDK talks to. */
class FakeOpenAi {
  readonly events: { readonly type: string; readonly [field: string]: unknown }[] = [];
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  #socket: WebSocket | null = null;
  #wake: () => void = () => {};

  constructor() {
    this.#server.on('connection', (socket) => {
      this.#socket = socket;
      socket.on('message', (data: Buffer) => {
        const event = JSON.parse(data.toString()) as { type: string };
        this.events.push(event);
        if (event.type === 'session.update') this.say({ type: 'session.updated', session: {} });
        this.#wake();
      });
      this.say({ type: 'session.created', session: { tracing: null } });
    });
  }

  async listening(): Promise<string> {
    if (this.#server.address() === null) await once(this.#server, 'listening');
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  say(event: { readonly type: string; readonly [field: string]: unknown }): void {
    this.#socket?.send(JSON.stringify({ event_id: 'event_1', ...event }));
  }

  /** Waits until this many events of the type came. */
  async heard(type: string, count = 1): Promise<readonly { readonly [field: string]: unknown }[]> {
    for (;;) {
      const found = this.events.filter((event) => event.type === type);
      if (found.length >= count) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    this.#socket?.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const FRAME = new Int16Array(160).fill(4_000);

let calls: TwilioCalls;
let openAi: FakeOpenAi;

beforeEach(async () => {
  calls = await TwilioCalls.start();
  openAi = new FakeOpenAi();
});

afterEach(async () => {
  await calls.stop();
  await openAi.stop();
});

it('OpenAI’s TwilioRealtimeTransportLayer takes us for Twilio', async () => {
  const url = await openAi.listening();
  const wire = calls.dial();
  const { socket } = await calls.bot.stream();
  const transport = new TwilioRealtimeTransportLayer({ twilioWebSocket: socket as never });
  transport.on('error', () => {});
  await transport.connect({ apiKey: 'a-key', url, initialSessionConfig: {} });

  // Caller sound: what we send is what the model gets, without a padding of silence for jumps of the timestamp.
  wire.start();
  for (let i = 0; i < 50; i += 1) wire.callerAudio(FRAME, 1_000 + i * 20);
  const appended = await openAi.heard('input_audio_buffer.append', 50);
  const bytes = Buffer.concat(appended.map(({ audio }) => Buffer.from(String(audio), 'base64')));
  expect(bytes.length).toBe(50 * 160);
  expect(new Set(bytes)).toHaveProperty('size', 1);

  // Agent sound: each delta comes with a mark.
  const marks: string[] = [];
  calls.listener.react = (event) => {
    if (event.type === 'mark') marks.push(event.name);
    if (event.type === 'clear') for (const name of marks.splice(0)) wire.marked(name, true);
  };
  openAi.say({ type: 'response.created', response: { id: 'resp_1' } });
  for (let i = 0; i < 20; i += 1) {
    const delta = Buffer.alloc(800, 0x55).toString('base64');
    const ids = { response_id: 'resp_1', item_id: 'item_1', output_index: 0, content_index: 0 };
    openAi.say({ type: 'response.output_audio.delta', ...ids, delta });
  }
  for (let i = 0; i < 20; i += 1) await calls.listener.next('mark');
  expect(calls.listener.all('audio').reduce((sum, { samples }) => sum + samples.length, 0)).toBe(20 * 800);

  // Half a second was played when the person speaks: it clears, and truncates by the marks that we echoed.
  const echoed: unknown[] = [];
  transport.on('*', (event) => {
    if (event.type === 'twilio_message')
      echoed.push((event as unknown as { message: { event: string } }).message.event);
  });
  for (const name of marks.splice(0, 5)) wire.marked(name, false);
  while (echoed.filter((event) => event === 'mark').length < 5) await new Promise((resolve) => setImmediate(resolve));
  openAi.say({ type: 'input_audio_buffer.speech_started', item_id: 'item_2', audio_start_ms: 0 });
  await calls.listener.next('clear');
  const [truncate] = await openAi.heard('conversation.item.truncate');
  expect(truncate).toMatchObject({ item_id: 'item_1', audio_end_ms: 550 });

  await wire.callEnded('over');
  while (transport.status !== 'disconnected') await new Promise((resolve) => setImmediate(resolve));
});
