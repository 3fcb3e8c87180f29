import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAgentWire } from '../../src/agents/index.ts';
import { parseAudioFormat, printableFormat } from '../../src/agents/wires/elevenlabs/audio-format.ts';
import { signedUrlIn } from '../../src/agents/wires/elevenlabs/conversation-url.ts';
import { parseEvent } from '../../src/agents/wires/elevenlabs/parse-event.ts';
import { callContext } from '../support/call-context.ts';
import { FakeElevenLabs } from '../support/fake-elevenlabs.ts';
import { elevenLabsTarget } from '../support/fake-elevenlabs-calls.ts';
import { RecordingWireListener, wireServices } from '../support/wire-listener.ts';

/** One of every event that we act on. */
const samples: readonly Readonly<Record<string, unknown>>[] = [
  {
    type: 'conversation_initiation_metadata',
    conversation_initiation_metadata_event: {
      conversation_id: 'c',
      agent_output_audio_format: 'pcm_16000',
      user_input_audio_format: 'ulaw_8000',
    },
  },
  { type: 'audio', audio_event: { audio_base_64: 'AAAAAA==', event_id: 3 } },
  { type: 'interruption', interruption_event: { event_id: 2 } },
  { type: 'ping', ping_event: { event_id: 4, ping_ms: 12 } },
  { type: 'user_transcript', user_transcription_event: { user_transcript: 'hi', event_id: 5 } },
  { type: 'tentative_user_transcript', tentative_user_transcription_event: { user_transcript: 'h', event_id: 5 } },
  { type: 'agent_response', agent_response_event: { agent_response: 'hello', event_id: 6 } },
  {
    type: 'agent_response_correction',
    agent_response_correction_event: {
      original_agent_response: 'hello',
      corrected_agent_response: 'he',
      event_id: 6,
    },
  },
  { type: 'client_tool_call', client_tool_call: { tool_name: 'x', tool_call_id: 't', parameters: {}, event_id: 7 } },
  { type: 'agent_tool_response', agent_tool_response: { tool_name: 'end_call', is_error: false } },
  { type: 'agent_tool_response_full_payload', agent_tool_response_full_payload: { tool_name: 'other' } },
  { type: 'error', error_event: { code: 1011, error_type: 'llm_error', message: 'no' } },
  { type: 'vad_score', vad_score_event: { vad_score: 0.5 } },
];

/** A sample with something in its event replaced or taken out. */
const nearEvent = fc
  .tuple(fc.constantFrom(...samples), fc.nat(5), fc.option(fc.jsonValue({ maxDepth: 2 }), { nil: undefined }))
  .map(([sample, at, value]) => {
    const body = Object.keys(sample).find((name) => name !== 'type') ?? '';
    const fields = Object.keys(sample[body] as object);
    const field = fields[at];
    if (field === undefined) return at === 5 ? { ...sample, [body]: value } : sample;
    return { ...sample, [body]: { ...(sample[body] as object), [field]: value } };
  });

const anyText = fc.oneof(
  fc.string(),
  fc.json(),
  nearEvent.map((event) => JSON.stringify(event)),
);

describe('reading what the service sends', () => {
  it('takes any bytes without a throw', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      anyText.map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, (each) => {
        expect(parseEvent(Buffer.from(each)).kind).toEqual(expect.any(String));
      }),
      { numRuns: 3_000 },
    );
  });

  it('knows each event', () => {
    expect(samples.map((sample) => parseEvent(Buffer.from(JSON.stringify(sample))).kind)).toEqual([
      'metadata',
      'audio',
      'interruption',
      'ping',
      'user said',
      'user said',
      'agent said',
      'agent was cut',
      'tool call',
      'ended',
      'ignored',
      'error',
      'ignored',
    ]);
  });

  it('takes no rate of sound but those that the service has, and prints no name as it came', () => {
    const name = fc.oneof(
      fc.string(),
      fc.integer().map((rate) => `pcm_${rate}`),
    );
    fc.assert(
      fc.property(name, (each) => {
        const format = parseAudioFormat(each);
        if (format !== null) expect([8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]).toContain(format.rate);
        expect(printableFormat(each)).toMatch(/^[\w.?-]{0,32}$/);
      }),
    );
  });
});

describe('reading the answer to the request for a signed URL', () => {
  const url = fc.oneof(fc.webUrl({ validSchemes: ['ws', 'wss', 'http'] }), fc.string(), fc.jsonValue());
  const answer = fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    fc.oneof(fc.record({ signed_url: url }), fc.jsonValue()).map((value) => Buffer.from(JSON.stringify(value))),
  );

  it('finds a websocket as safe as the service or nothing, and never throws', () => {
    fc.assert(
      fc.property(answer, fc.constantFrom('https', 'http'), (told, scheme) => {
        const found = signedUrlIn(told, `${scheme}://service.test`);
        if (found !== null) expect(new URL(found).protocol).toMatch(scheme === 'https' ? /^wss:$/ : /^wss?:$/);
      }),
    );
  });
});

describe('a wire whose service says anything at all', () => {
  let fake: FakeElevenLabs;
  beforeAll(async () => {
    fake = await FakeElevenLabs.start({ greeting: null });
  });
  afterAll(() => fake.stop());

  it('goes on, or ends once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { maxLength: 30 }), fc.boolean(), async (texts, started) => {
        const listener = new RecordingWireListener();
        const wire = createAgentWire(elevenLabsTarget(fake.baseUrl), callContext(), listener, wireServices());
        wire.connect();
        const conversation = await fake.conversation();
        await listener.next('ready');
        if (started) {
          wire.start();
          await conversation.hear('conversation_initiation_client_data');
        }
        for (const text of texts) conversation.text(text);
        await Promise.race([conversation.roundTrip(), conversation.closed]);
        wire.callerAudio(new Int16Array(320), 0);
        wire.callerDtmf('#', 100);
        wire.instruct({ type: 'message', data: texts });
        const { types } = listener;
        expect(types.filter((type) => type === 'lost' || type === 'hangup').length).toBeLessThanOrEqual(1);
        if (types.includes('lost')) expect(types.at(-1)).toBe('lost');
        if (!started)
          expect(types.filter((type) => type !== 'lost' && type !== 'message' && type !== 'transcript')).toEqual([
            'ready',
          ]);
        await wire.callEnded('user_hangup');
        const before = listener.events.length;
        conversation.drop();
        await conversation.closed;
        expect(listener.events).toHaveLength(before);
      }),
      { numRuns: 200 },
    );
  });
});
