import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sineTone } from '../../../src/audio/index.ts';
import { FAKE_KEY, FakeRealtime, type FakeRealtimeOptions } from '../../support/fake-realtime.ts';

/*
 * The fake Realtime service against the vendor's own client: what the client makes of it says whether it is a fair stand-in.
 * Only then is our wire tested on it (test/unit/agents/openai-wire.test.ts).
 */

const RATE = 24_000;
const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of cleanUp.splice(0)) await end();
});

type Tools = ConstructorParameters<typeof RealtimeAgent>[0]['tools'];

async function session(options: FakeRealtimeOptions = {}, tools: Tools = []) {
  const service = await FakeRealtime.start(options);
  cleanUp.push(() => service.stop());
  const transport = new OpenAIRealtimeWebSocket({ url: service.url });
  const raw: string[] = [];
  const typed: string[] = [];
  const errors: unknown[] = [];
  transport.on('*', (event) => {
    raw.push(event.type);
    // The client says an event under its own name only if it could read it.
    if (raw.filter((type) => type === event.type).length === 1) {
      transport.on(event.type, () => typed.push(event.type));
    }
  });
  transport.on('error', ({ error }) => errors.push(error));
  const agent = new RealtimeAgent({ name: 'Fake', instructions: 'Be brief.', voice: 'marin', tools: tools ?? [] });
  const realtime = new RealtimeSession(agent, {
    transport,
    config: {
      audio: { input: { turnDetection: { type: 'server_vad', interruptResponse: true, createResponse: true } } },
    },
  });
  cleanUp.unshift(() => realtime.close());
  // Said of every error again.
  realtime.on('error', () => {});
  const sound: Buffer[] = [];
  transport.on('audio', ({ data }) => sound.push(Buffer.from(data)));
  const connected = service.connection();
  await realtime.connect({ apiKey: FAKE_KEY });
  const connection = await connected;
  await connection.hear('session.update');
  return { service, transport, realtime, connection, raw, typed, errors, sound };
}

function once(transport: OpenAIRealtimeWebSocket, type: string): Promise<unknown> {
  return new Promise((resolve) => transport.once(type as 'audio_done', resolve as () => void));
}

function bytes(pcm: Int16Array): ArrayBuffer {
  return new Uint8Array(pcm.buffer.slice(0) as ArrayBuffer).buffer;
}

const SPEECH = bytes(sineTone(RATE, 300, 400));
const SILENCE = bytes(new Int16Array(RATE * 0.8));

describe("the vendor's client on the fake service", () => {
  it('is configured, speaks and is answered, and can read every event', async () => {
    const { transport, realtime, connection, raw, typed, errors, sound } = await session({
      replies: [[{ say: 'Good morning.', ms: 1_000, hz: 700 }]],
    });
    const done = once(transport, 'turn_done');
    realtime.transport.sendAudio(SPEECH, {});
    realtime.transport.sendAudio(SILENCE, {});
    await done;
    expect(errors).toEqual([]);
    expect(connection.session.faults).toEqual([]);
    expect(connection.session.config).toMatchObject({
      instructions: 'Be brief.',
      audio: { output: { voice: 'marin' } },
    });
    expect(Buffer.concat(sound)).toEqual(Buffer.from(sineTone(RATE, 700, 1_000).buffer));
    const told = [
      'session.created',
      'session.updated',
      'input_audio_buffer.speech_started',
      'input_audio_buffer.speech_stopped',
      'input_audio_buffer.committed',
      'response.created',
      'response.output_item.added',
      'conversation.item.added',
      'response.content_part.added',
      'response.output_audio.delta',
      'response.output_audio_transcript.delta',
      'response.output_audio.done',
      'response.output_audio_transcript.done',
      'response.content_part.done',
      'conversation.item.done',
      'response.output_item.done',
      'response.done',
    ];
    expect(raw).toEqual(expect.arrayContaining(told));
    // One that it cannot read, it passes on only as it came.
    expect(raw.filter((type) => !typed.includes(type))).toEqual([]);
    const answer = realtime.history.find((item) => item.type === 'message' && item.role === 'assistant');
    expect(answer).toMatchObject({ content: [{ type: 'output_audio', transcript: 'Good morning.' }] });
  });

  it('is interrupted, and truncates to what was heard', async () => {
    const { transport, realtime, connection, errors } = await session({
      replies: [[{ say: 'A long story.', ms: 60_000, hz: 700 }]],
      speed: 10,
    });
    realtime.transport.sendAudio(SPEECH, {});
    realtime.transport.sendAudio(SILENCE, {});
    await once(transport, 'audio');
    const interrupted = once(transport, 'audio_interrupted');
    realtime.transport.sendAudio(SPEECH, {});
    await interrupted;
    const truncated = await connection.hear('conversation.item.truncate');
    const itemId = String(truncated['item_id']);
    expect(connection.session.audioMs.get(itemId)).toBe(truncated['audio_end_ms']);
    expect(connection.session.isSpeaking).toBe(false);
    expect(connection.session.faults).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('is refused a truncation beyond what there is, or of an item that there is not', async () => {
    const { transport, connection } = await session({ replies: [[{ say: 'Hi.', ms: 500, hz: 700 }]] });
    const done = once(transport, 'turn_done');
    transport.requestResponse();
    await done;
    const [itemId] = [...connection.session.audioMs.keys()];
    const truncate = (item_id: string, audio_end_ms: number) => {
      transport.sendEvent({ type: 'conversation.item.truncate', item_id, content_index: 0, audio_end_ms });
    };
    truncate(itemId!, 501);
    truncate('item_unknown', 1);
    truncate(itemId!, 250);
    await once(transport, 'conversation.item.truncated');
    expect(connection.session.faults).toEqual(['invalid_value', 'item_not_found']);
  });

  it('runs a tool, and is answered with what came of it', async () => {
    const rooms = tool({
      name: 'free_rooms',
      description: 'How many rooms are free.',
      parameters: z.object({ night: z.string() }),
      execute: async ({ night }) => `3 on ${night}`,
    });
    const { connection, errors } = await session({}, [rooms]);
    connection.session.respond([{ call: 'free_rooms', args: { night: 'Monday' }, callId: 'call_1' }]);
    const created = await connection.hear('conversation.item.create');
    expect(created['item']).toMatchObject({ type: 'function_call_output', call_id: 'call_1', output: '3 on Monday' });
    await connection.hear('response.create');
    expect(connection.session.faults).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('is refused without the key', async () => {
    const service = await FakeRealtime.start();
    cleanUp.push(() => service.stop());
    const transport = new OpenAIRealtimeWebSocket({ url: service.url });
    transport.on('error', () => {});
    await expect(transport.connect({ apiKey: 'sk-other' })).rejects.toBeDefined();
  });
});
