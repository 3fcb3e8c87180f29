import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAgentWire } from '../../src/agents/index.ts';
import { agentMessages } from '../../src/agents/wires/raw/agent-messages.ts';
import { parseAgentMessage } from '../../src/agents/wires/raw/parse-agent-message.ts';
import { protocolSchema } from '../../src/agents/wires/raw/protocol-schema.ts';
import { callContext } from '../support/call-context.ts';
import { ProtocolDocument } from '../support/protocol-document.ts';
import { RawAgent } from '../support/raw-agent.ts';
import { rawTarget } from '../support/raw-calls.ts';
import { RecordingWireListener, wireServices } from '../support/wire-listener.ts';

const document = new ProtocolDocument();
const samples = [
  ...document.messages.flatMap((message) => message.samples as Record<string, unknown>[]),
  ...(document.vonageSamples as Record<string, unknown>[]),
];
const fieldNames = [...new Set(samples.flatMap((sample) => Object.keys(sample)))];

/** A message of the document with fields taken out, replaced or added. */
const nearMessage = fc
  .tuple(
    fc.constantFrom(...samples),
    fc.subarray(fieldNames, { maxLength: 2 }),
    fc.dictionary(fc.constantFrom(...fieldNames), fc.jsonValue(), { maxKeys: 2 }),
  )
  .map(([sample, without, changes]) => {
    const kept = Object.entries(sample).filter(([name]) => !without.includes(name));
    return { ...Object.fromEntries(kept), ...changes };
  });

const anyText = fc.oneof(
  fc.string(),
  fc.json(),
  nearMessage.map((message) => JSON.stringify(message)),
);

describe('reading what an agent says', () => {
  it('takes any bytes without a throw', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      anyText.map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(bytes, (each) => {
        expect(['message', 'unknown', 'refused']).toContain(parseAgentMessage(Buffer.from(each)).kind);
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees with the JSON Schema on which messages of a known type are valid', () => {
    const ajv = new Ajv2020({ allowUnionTypes: true, validateFormats: false }).addSchema(protocolSchema(), 'protocol');
    const known = nearMessage.filter((message) => Object.hasOwn(agentMessages, String(message['type'])));
    fc.assert(
      fc.property(known, (message) => {
        const text = JSON.stringify(message);
        const valid = ajv.validate({ $ref: `protocol#/$defs/agent.${message['type']}` }, JSON.parse(text));
        expect(parseAgentMessage(Buffer.from(text)).kind === 'message').toBe(valid);
      }),
      { numRuns: 2000 },
    );
  }, 60_000);
});

describe('a wire whose agent says anything at all', () => {
  let agent: RawAgent;
  beforeAll(async () => {
    agent = await RawAgent.start();
  });
  afterAll(() => agent.stop());

  it('goes on, hands over whole samples only, and ends with one failure at most', async () => {
    const utterance = fc.oneof(
      anyText.map((text) => ({ text, sound: null })),
      fc.uint8Array({ maxLength: 100 }).map((sound) => ({ text: null, sound })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(utterance, { maxLength: 30 }), async (utterances) => {
        const listener = new RecordingWireListener();
        const wire = createAgentWire(rawTarget(agent.url), callContext(), listener, wireServices());
        wire.connect();
        const connection = await agent.connection();
        wire.start();
        for (const { text, sound } of utterances) {
          if (text !== null) connection.text(text);
          else connection.sound(sound);
        }
        // Everything was taken when this comes back; an agent that gave up by chance is closed instead.
        await Promise.race([connection.settle(), connection.closed]);
        wire.callerAudio(new Int16Array(320), 0);
        const { types } = listener;
        const final = types.filter((type) => type === 'lost' || type === 'hangup');
        expect(final.length).toBeLessThanOrEqual(1);
        if (types.includes('lost')) expect(types.at(-1)).toBe('lost');
        const sounds = listener.events.filter((event) => event.type === 'audio');
        const whole = utterances.filter(({ sound }) => sound !== null && sound.length > 0 && sound.length % 2 === 0);
        expect(sounds.length).toBeLessThanOrEqual(whole.length);
        if (final.length === 0) expect(sounds).toHaveLength(whole.length);
        const before = types.length;
        await wire.callEnded('user_hangup');
        expect(listener.events).toHaveLength(before);
      }),
      { numRuns: 200 },
    );
  });
});
