import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseServerEvent } from '../../src/agents/wires/openai-realtime/server-events.ts';
import { SpokenItems } from '../../src/agents/wires/openai-realtime/spoken-items.ts';
import { FakeRealtimeCalls, speak } from '../support/fake-realtime-calls.ts';

const TYPES = [
  'session.created',
  'session.updated',
  'response.created',
  'response.done',
  'response.output_audio.delta',
  'response.audio.delta',
  'response.output_audio.done',
  'response.output_audio_transcript.done',
  'conversation.item.input_audio_transcription.completed',
  'input_audio_buffer.speech_started',
  'response.output_item.added',
  'response.output_item.done',
  'response.function_call_arguments.done',
  'error',
  'constructor',
];

const word = fc.oneof(
  fc.constantFrom('a', 'b', 'hang_up', 'send_dtmf', '{"digits":"1"}', 'failed', 'AAAA'),
  fc.string(),
);
const value = fc.oneof(word, fc.integer(), fc.constant(null), fc.jsonValue());
const inner = fc.dictionary(
  fc.constantFrom('id', 'type', 'status', 'call_id', 'name', 'arguments', 'code', 'event_id', 'status_details'),
  fc.oneof(value, fc.constant('function_call')),
);
/** An event of the service with fields taken out, replaced or added. */
const nearEvent = fc
  .tuple(
    fc.constantFrom(...TYPES),
    fc.dictionary(
      fc.constantFrom('item_id', 'response_id', 'call_id', 'delta', 'transcript', 'name', 'arguments'),
      value,
    ),
    fc.dictionary(fc.constantFrom('item', 'response', 'error', 'session'), fc.oneof(inner, value)),
  )
  .map(([type, fields, objects]) => JSON.stringify({ ...fields, ...objects, type }));
const anyText = fc.oneof({ weight: 4, arbitrary: nearEvent }, fc.string(), fc.json());

describe('reading what a Realtime service says', () => {
  it('takes any bytes without a throw, and gives whole samples', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each)),
      anyText.map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, (each) => {
        const event = parseServerEvent(each);
        if (event.kind === 'audio') expect(event.bytes.length % 2).toBe(0);
        if (event.kind === 'error') expect(event.code ?? 'none').toMatch(/^[\w.-]{1,64}$/);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('what was heard of an item', () => {
  it('is never more than came, and is told once', () => {
    const sound = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 5_000 }));
    const played = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.double({ min: 0, max: 2_000, noNaN: true }));
    fc.assert(
      fc.property(fc.array(sound), fc.array(played), (sounds, plays) => {
        const items = new SpokenItems();
        for (const [id, samples] of sounds) items.take(id, null, 0, samples);
        const receivedMs = (id: string) => sounds.reduce((ms, [each, n]) => (each === id ? ms + n / 24 : ms), 0);
        const told = items.truncations(plays.map(([itemId, playedMs]) => ({ itemId, playedMs })));
        for (const { itemId, audioEndMs } of told) {
          expect(Number.isInteger(audioEndMs)).toBe(true);
          expect(audioEndMs).toBeLessThanOrEqual(receivedMs(itemId));
          expect(audioEndMs).toBeGreaterThanOrEqual(0);
        }
        expect(new Set(told.map(({ itemId }) => itemId)).size).toBe(told.length);
      }),
    );
  });

  it('is of no more sound once it was cut off, in whatever order it comes', () => {
    const items = new SpokenItems();
    for (let i = 0; i < 1_000; i += 1) items.take(`i${i}`, `r${i}`, 0, 10);
    items.cut('r999');
    expect(items.take('i999', 'r999', 0, 10)).toBe(false);
    expect(items.take('new', 'r999', 0, 10)).toBe(false);
    expect(items.take('i900', null, 0, 10)).toBe(false);
    expect(items.take('new', 'r1000', 0, 10)).toBe(true);
  });
});

describe('a wire whose service says anything at all', () => {
  let calls: FakeRealtimeCalls;
  beforeAll(async () => {
    calls = await FakeRealtimeCalls.start();
  });
  afterAll(() => calls.stop());

  it('goes on, and ends at most once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { maxLength: 30 }), async (texts) => {
        const before = calls.listener.events.length;
        const { wire, connection } = await calls.ready();
        wire.start();
        for (const text of texts) connection.text(text);
        await Promise.race([connection.settle().catch(() => {}), connection.closed]);
        speak(wire, 40);
        const types = calls.listener.types.slice(before);
        const ends = types.filter((type) => type === 'lost' || type === 'hangup');
        expect(ends.length).toBeLessThanOrEqual(1);
        if (types.includes('lost')) expect(types.at(-1)).toBe('lost');
        const soFar = calls.listener.events.length;
        await wire.callEnded('user_hangup');
        expect(calls.listener.events).toHaveLength(soFar);
      }),
      { numRuns: 200 },
    );
  });
});
