import { type CallContext, createAgentWire, type PlayedItem } from '../../src/agents/index.ts';
import { sineTone } from '../../src/audio/index.ts';
import type { OpenAiRealtimeAgent } from '../../src/call/index.ts';
import { callContext } from './call-context.ts';
import { FAKE_KEY, FakeRealtime, type FakeRealtimeConnection, type FakeRealtimeOptions } from './fake-realtime.ts';
import { RecordingWireListener, wireServices } from './wire-listener.ts';

export const RATE = 24_000;
const FRAME = RATE / 50;

/** An agent at a fake Realtime service. */
export function realtimeTarget(url: string, differences: Partial<OpenAiRealtimeAgent> = {}): OpenAiRealtimeAgent {
  return {
    id: '00000000-0000-4000-8000-00000000a9e0',
    name: 'Reception',
    wire: 'openai-realtime',
    connectTimeoutMs: 5_000,
    speakWithinMs: null,
    maxConcurrentCalls: null,
    parameters: {},
    profile: 'openai',
    url,
    apiKey: FAKE_KEY,
    instructions: 'You answer the phone of a hotel.',
    voice: null,
    greeting: null,
    session: {},
    tools: [],
    toolWebhook: null,
    ...differences,
  };
}

export interface DialOptions {
  readonly target?: Partial<OpenAiRealtimeAgent>;
  readonly context?: CallContext;
  readonly allowLinkLocal?: boolean;
}

/** Calls that the wire has with a fake service; `stop` ends all of them. */
export class FakeRealtimeCalls {
  readonly service: FakeRealtime;
  readonly listener = new RecordingWireListener();
  readonly warnings: Readonly<Record<string, unknown>>[] = [];
  /** What a clear finds in the playout queue. */
  played: readonly PlayedItem[] = [];
  readonly #wires: { abort(): void }[] = [];

  private constructor(service: FakeRealtime) {
    this.service = service;
  }

  static async start(options: FakeRealtimeOptions = {}): Promise<FakeRealtimeCalls> {
    return new FakeRealtimeCalls(await FakeRealtime.start(options));
  }

  dial({ target = {}, context = callContext(), allowLinkLocal = false }: DialOptions = {}) {
    const services = wireServices({ allowLinkLocal, warn: (_message, fields) => this.warnings.push(fields) });
    const wire = createAgentWire(realtimeTarget(this.service.url, target), context, this.listener, services);
    this.listener.react = (event) => {
      if (event.type === 'clear') wire.cleared(this.played, 0);
    };
    this.#wires.push(wire);
    wire.connect();
    return wire;
  }

  /** A call whose session is ready; the person is not on the line yet. */
  async ready(options: DialOptions = {}) {
    const connected = this.service.connection();
    const wire = this.dial(options);
    const connection: FakeRealtimeConnection = await connected;
    await this.listener.next('ready');
    return { wire, connection };
  }

  async stop(): Promise<void> {
    for (const wire of this.#wires) wire.abort();
    await this.service.stop();
  }
}

/** The person says something of this length, or nothing for as long, 20 ms at a time; returns what was sent. */
export function speak(wire: ReturnType<FakeRealtimeCalls['dial']>, ms: number, loud = true): Int16Array {
  const sound = loud ? sineTone(RATE, 300, ms) : new Int16Array((RATE * ms) / 1000);
  for (let at = 0; at + FRAME <= sound.length; at += FRAME) {
    wire.callerAudio(sound.subarray(at, at + FRAME), (at * 1000) / RATE);
  }
  return sound;
}
