import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { ZodType } from 'zod';
import { lineMessages } from '../../../src/agents/door/messages.ts';
import { endOfClose } from '../../../src/agents/net/socket-end.ts';
import { agentMessages, vonageMessages } from '../../../src/agents/wires/raw/agent-messages.ts';
import { bridgeMessages } from '../../../src/agents/wires/raw/bridge-messages.ts';
import { protocolSchema } from '../../../src/agents/wires/raw/protocol-schema.ts';
import type { AgentFailure } from '../../../src/call/index.ts';
import { ProtocolDocument } from '../../support/protocol-document.ts';

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
}

/** Complete by its type. */
const FAILURES: Readonly<Record<AgentFailure, true>> = {
  connect_refused: true,
  connect_timeout: true,
  unauthorized: true,
  protocol_error: true,
  socket_lost: true,
  stalled: true,
  agent_error: true,
  silent: true,
  not_ready: true,
  at_capacity: true,
  circuit_open: true,
  not_connected: true,
  address_refused: true,
};

const document = new ProtocolDocument();
const committed = JSON.parse(readFileSync(new URL('../../../docs/protocol.schema.json', import.meta.url), 'utf8'));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, validateFormats: false }).addSchema(
  committed,
  'protocol',
);
const zod: Record<'bridge' | 'agent' | 'line', Record<string, ZodType>> = {
  bridge: bridgeMessages,
  agent: agentMessages,
  line: lineMessages,
};

function definition(name: string): JsonSchema {
  return committed.$defs[name];
}

/** Paths of all fields but `type`, such as `call.from.phone` and `items[].id`. */
function paths(schema: JsonSchema, prefix = ''): { path: string; leaf: boolean; optional: boolean }[] {
  // An object that may be null.
  const { properties = {}, required = [] } = schema.anyOf?.find((each) => each.properties !== undefined) ?? schema;
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    if (path === 'type') return [];
    const inside = field.items ? paths(field.items, `${path}[].`) : paths(field, `${path}.`);
    const optional = !required.includes(name);
    return [{ path, leaf: inside.length === 0, optional }, ...inside];
  });
}

describe('docs/protocol.schema.json', () => {
  it('is what scripts/generate-protocol-schema.ts makes of the code', () => {
    expect(committed).toEqual(protocolSchema());
  });

  it('is a valid JSON Schema 2020-12', () => {
    expect(new Ajv2020({ strict: false }).validateSchema(committed)).toBe(true);
  });
});

describe('docs/protocol.md', () => {
  it('has a section for every message of both sides and of the line, and no other', () => {
    for (const from of ['bridge', 'agent', 'line'] as const) {
      const sections = document.messages.filter((message) => message.from === from).map((message) => message.type);
      expect(sections.toSorted()).toEqual(Object.keys(zod[from]).toSorted());
    }
  });

  describe.each(document.messages)('on $type from the $from', ({ from, type, fields, samples, text }) => {
    const schema = definition(`${from}.${type}`);

    it('has a sample that the schema and the code accept', () => {
      expect(samples.length).toBeGreaterThan(0);
      const validate = ajv.getSchema(`protocol#/$defs/${from}.${type}`)!;
      const reader = zod[from][type]!;
      for (const sample of samples) {
        expect(sample).toHaveProperty('type', type);
        expect(validate(sample), JSON.stringify(validate.errors)).toBe(true);
        expect(reader.safeParse(sample).success).toBe(true);
      }
    });

    it('names every field once, and no field that does not exist', () => {
      const documented = fields.map((field) => field.path);
      const all = paths(schema);
      expect(documented).toEqual([...new Set(documented)]);
      expect(all.map((field) => field.path)).toEqual(expect.arrayContaining(documented));
      expect(documented).toEqual(expect.arrayContaining(all.filter((field) => field.leaf).map((field) => field.path)));
      if (documented.length === 0) expect(text).toContain('No fields.');
    });

    it('says which fields may be left out', () => {
      const optional = paths(schema).filter((field) => field.optional);
      expect(fields.filter((field) => field.optional).map((field) => field.path)).toEqual(
        optional.map((each) => each.path),
      );
    });
  });

  it('has a sample of each Vonage form that the schema and the code accept', () => {
    const [clear, notify] = document.vonageSamples;
    expect(vonageMessages.clear.safeParse(clear).success).toBe(true);
    expect(vonageMessages.notify.safeParse(notify).success).toBe(true);
    const validate = ajv.getSchema('protocol#/$defs/agentMessage')!;
    expect([clear, notify].map((sample) => validate(sample))).toEqual([true, true]);
  });

  it('has no sample that these tests pass over', () => {
    const seen = document.messages.flatMap((message) => message.samples).length + document.vonageSamples.length;
    expect(document.sampleCount).toBe(seen);
  });

  it('explains every error code', () => {
    const section = document.messages.find((message) => message.from === 'bridge' && message.type === 'error')!;
    for (const code of bridgeMessages.error.shape.code.options) expect(section.text).toContain(`| \`${code}\` |`);
  });

  it('explains every word that the log has for an agent that failed', () => {
    expect(document.failures.toSorted()).toEqual(Object.keys(FAILURES).toSorted());
  });

  it('says of every close code what the bridge makes of it', () => {
    const meaning = (end: ReturnType<typeof endOfClose>) => {
      if (end.kind === 'closed') return 'the agent hangs up, what is queued is played';
      return end.retryable ? 'dialled again' : `\`${end.code}\``;
    };
    expect(document.closeCodes.length).toBeGreaterThan(4);
    const named = new Set<number>();
    for (const [codes, before, after] of document.closeCodes) {
      const numbers = codes === 'any other' ? [1004, 4000, 4999] : [...codes!.matchAll(/\d+/g)].map(Number);
      if (codes!.includes('or none')) numbers.push(1005);
      for (const number of numbers) {
        named.add(number);
        const end = endOfClose(number, '');
        expect(`${number} ${meaning(end)}`).toBe(`${number} ${after}`);
        if (end.kind === 'broken') expect(before).toBe(`\`${end.code}\``);
      }
    }
    // Whatever the table does not name must be "any other".
    for (let code = 1000; code < 5000; code += 1) {
      if (!named.has(code)) expect(endOfClose(code, '')).toMatchObject({ code: 'agent_error', retryable: false });
    }
  });
});
