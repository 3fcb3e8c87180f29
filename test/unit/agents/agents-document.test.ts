import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { ProviderKind } from '../../../src/agents/ports.ts';
import { newVoiceAgent, secretFields } from '../../../src/agents/providers/index.ts';
import { PROVIDER_SCHEMAS, settingsSchema } from '../../../src/agents/providers/schemas.ts';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { assignmentFields, toOnLost } from '../../../src/calls-api/platform/assignment-body.ts';
import { callRulesIn, toCallRules } from '../../../src/calls-api/platform/call-rules.ts';

const HOSTS = { allowLinkLocal: false };
const DOCUMENT = read('docs/agents.md');

function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');
}

/** What stands under a heading, up to the next of any level. */
function section(heading: string): string {
  const text = DOCUMENT.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  if (text === undefined) throw new Error(`there is no section ${heading}`);
  return text;
}

interface Row {
  readonly name: string;
  /** Undefined where the table has words for it. */
  readonly standard: unknown;
  readonly meaning: string;
}

function rowsUnder(heading: string): Row[] {
  const rows = section(heading).matchAll(/^\| `([a-z_.]+)` \| ?(.*?) ?\| ?(.*?) ?\|$/gm);
  return [...rows].map(([, name = '', standard = '', meaning = '']) => {
    const json = /^`(.*)`$/.exec(standard)?.[1];
    return { name, standard: json === undefined ? undefined : JSON.parse(json), meaning };
  });
}

function agent(body: unknown) {
  return newVoiceAgent(body, {
    ...HOSTS,
    id: '4ea1efa1-5cc3-45b9-a020-c0adbb184363',
    projectId: DEFAULT_PROJECT_ID,
    at: 1,
  });
}

/** The fields that a schema has, each with its default. */
function fieldsOf(schema: z.ZodType): Record<string, unknown> {
  const { shape } = schema as z.ZodObject<Record<string, z.ZodType>>;
  const standards = Object.entries(shape).map(([name, field]) => [name, field.safeParse(undefined).data]);
  return Object.fromEntries(standards);
}

describe('docs/agents.md', () => {
  it.each<[ProviderKind, string]>([
    ['websocket', 'Raw'],
    ['pipecat', 'Pipecat'],
    ['twilio', 'Twilio'],
    ['openai_realtime', 'OpenAI Realtime'],
    ['elevenlabs', 'ElevenLabs'],
  ])('says which fields a provider of the kind %s has, their defaults, and which are secret', (kind, heading) => {
    const rows = rowsUnder(heading);
    const told = Object.fromEntries(rows.map(({ name, standard }) => [name, standard]));
    expect(told).toStrictEqual(fieldsOf(PROVIDER_SCHEMAS[kind](HOSTS)));
    const secrets = rows.filter(({ meaning }) => /\bSecret\b/.test(meaning)).map(({ name }) => name);
    expect(secrets.toSorted()).toEqual([...secretFields(kind)].toSorted());
  });

  it('says which settings an agent has, and their defaults', () => {
    const told = rowsUnder('Settings of every agent').map(({ name, standard = null }) => [name, standard]);
    expect(Object.fromEntries(told)).toStrictEqual(fieldsOf(settingsSchema(HOSTS)));
  });

  it('says which fields an assignment has, and their defaults', () => {
    const { isPrimary, enabled, position, onLost } = assignmentFields({});
    const { reconnect_attempts, then } = toOnLost(onLost);
    const told = rowsUnder('More than one agent').map(({ name, standard }) => [name, standard]);
    expect(Object.fromEntries(told)).toStrictEqual({
      phone_number_id: undefined,
      is_primary: isPrimary,
      enabled,
      position,
      on_lost: undefined,
      'on_lost.reconnect_attempts': reconnect_attempts,
      'on_lost.then': then,
    });
  });

  it('says which call rules there are, and their defaults', () => {
    const told = rowsUnder('Call rules').map(({ name, standard = null }) => [name, standard]);
    expect(Object.fromEntries(told)).toStrictEqual(toCallRules(callRulesIn({})));
  });

  it('has examples of agents that can be made', () => {
    const blocks = [...DOCUMENT.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, json = '']) => json);
    expect(blocks.length).toBeGreaterThanOrEqual(9);
    // Where a key is cut, … stands for the rest of it.
    const kinds = blocks.map((json) => agent(JSON.parse(json.replaceAll('…', 'x'))).provider.kind);
    expect(new Set(kinds)).toEqual(new Set(Object.keys(PROVIDER_SCHEMAS)));
  });

  it('has requests that are taken', () => {
    const bodies = [...DOCUMENT.matchAll(/ -d '(\{.*\})'$/gm)].map(([, json = '']) => JSON.parse(json));
    const readers: Record<string, (body: unknown) => unknown> = {
      voice_agent: agent,
      voice_agent_whatsapp_config: assignmentFields,
      call_rules: callRulesIn,
    };
    expect(bodies.map((body) => Object.keys(body)[0])).toEqual([
      'voice_agent',
      'voice_agent_whatsapp_config',
      'voice_agent_whatsapp_config',
      'call_rules',
    ]);
    for (const body of bodies) readers[Object.keys(body)[0] ?? '']?.(body);
  });
});

it.each(['openai-realtime', 'elevenlabs'])('examples/%s/agent.json is an agent, but for its key', (example) => {
  const { voice_agent: body } = JSON.parse(read(`examples/${example}/agent.json`));
  expect(JSON.stringify(body)).not.toContain('api_key');
  const made = agent({ ...body, provider: { ...body.provider, api_key: 'key' } });
  // Names that nobody knows are left out without a word.
  expect(made.provider).toMatchObject(body.provider);
  expect(made.settings).toMatchObject(body.settings);
});
