import { z } from 'zod';
import type { ProviderKind } from '../ports.ts';
import { RESERVED_TOOLS } from '../tools/tools.ts';
import {
  type Field,
  flag,
  type HostRules,
  jsonObject,
  key,
  matching,
  number,
  oneOf,
  prose,
  scalarDictionary,
  text,
  textDictionary,
  url,
  wholeNumber,
} from './fields.ts';

/*
 * The fields of each kind, as the API spells them. Names that are not here are left out, as Kapso does. A field that may be
 * missing is optional or has its default; null never gets here.
 */

const SOCKET = ['ws', 'wss'];
const WEB = ['http', 'https'];
const MAX_NAME_LENGTH = 200;
const MAX_INSTRUCTIONS = 100_000;
const MAX_JSON = 65_536;
const MAX_TOOLS = 64;

const sampleRate = oneOf(8000, 16000, 24000, 48000);
const tokenIn = oneOf('header', 'query').default('header');

const object = <T extends z.ZodRawShape>(shape: T) => z.object(shape, { error: 'must be an object' });

type Rules = (name: string, rule: string) => void;

/** Adds rules between fields; they are asked only once every field is right by itself. */
function together<T extends object>(schema: z.ZodType<T>, check: (fields: T, fault: Rules) => void): Field<T> {
  return schema.superRefine((fields, context) =>
    check(fields, (name, message) => context.addIssue({ code: 'custom', path: [name], message })),
  );
}

const pipecat = (hosts: HostRules) =>
  together(
    object({
      url: url(SOCKET, hosts).optional(),
      token: key().optional(),
      token_in: tokenIn,
      start_url: url(WEB, hosts).optional(),
      agent_name: matching(/^\w[\w.-]{0,199}$/, 'must be a name of letters, digits, - _ and .').optional(),
      base_url: url(WEB, hosts).optional(),
      public_api_key: key().optional(),
      private_api_key: key().optional(),
      organization: matching(/^[\w-]{1,200}$/, 'must be a name of letters, digits, - and _').optional(),
      region: matching(/^[a-z0-9-]{1,40}$/, 'must be a region such as eu-central').optional(),
      media: oneOf('bridge', 'runtime').default('bridge'),
      caller_sample_rate: sampleRate.default(16_000),
      agent_sample_rate: sampleRate.default(24_000),
    }),
    (given, fault) => {
      const { url: socket, start_url, agent_name, organization, base_url, media } = given;
      const ways = [socket, start_url, agent_name].filter((way) => way !== undefined).length;
      if (ways === 0) fault('agent_name', 'is required, or url, or start_url');
      if (ways > 1) fault('agent_name', 'cannot be given together with url or start_url, nor these two');
      const isCloud = agent_name !== undefined && base_url === undefined && organization === undefined;
      if (isCloud && given.public_api_key === undefined) fault('public_api_key', 'is required');
      if (organization !== undefined && agent_name === undefined) fault('organization', 'needs agent_name');
      if (organization !== undefined && base_url !== undefined) {
        fault('organization', 'cannot be given together with base_url');
      }
      if (given.region !== undefined && organization === undefined) {
        fault('region', 'needs organization; without it the start route chooses the region');
      }
      if (media === 'runtime' && (socket !== undefined || organization !== undefined)) {
        fault('media', 'cannot be runtime without a start route: give agent_name or start_url alone');
      }
    },
  );

const websocket = (hosts: HostRules) =>
  together(
    object({
      url: url(SOCKET, hosts).optional(),
      inbound: flag.default(false),
      token: key().optional(),
      token_in: tokenIn,
      sample_rate: sampleRate.default(16_000),
    }),
    (given, fault) => {
      if (given.inbound && given.url !== undefined) fault('url', 'cannot be given together with inbound');
      if (!given.inbound && given.url === undefined) fault('url', 'is required, or inbound');
      // It is all that keeps others from taking the calls of an agent that dials us.
      if (given.inbound && (given.token ?? '').length < 16) fault('token', 'must have at least 16 characters');
    },
  );

const twilio = (hosts: HostRules) =>
  object({
    url: url([...SOCKET, ...WEB], hosts),
    account_sid: matching(/^AC[0-9a-fA-F]{32}$/, 'must be AC and 32 hexadecimal digits').optional(),
    auth_token: key().optional(),
  });

const toolWebhook = (hosts: HostRules) => ({
  tool_webhook_url: url(WEB, hosts).optional(),
  tool_webhook_secret: key().optional(),
  tool_timeout_seconds: number(0.5, 60).default(10),
});

const tool = object({
  name: matching(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, - and _'),
  description: prose(4_096).default(''),
  parameters: jsonObject(MAX_JSON).default({ type: 'object', properties: {} }),
});

const tools = z
  .array(tool, { error: `must be a list of at most ${MAX_TOOLS} tools` })
  .max(MAX_TOOLS, `must be a list of at most ${MAX_TOOLS} tools`);

const openAiRealtime = (hosts: HostRules) =>
  together(
    object({
      profile: oneOf('openai', 'azure', 'grok', 'inworld', 'compatible').default('openai'),
      url: url(SOCKET, hosts).optional(),
      model: text(MAX_NAME_LENGTH).optional(),
      api_key: key().optional(),
      instructions: prose(MAX_INSTRUCTIONS).optional(),
      voice: text(MAX_NAME_LENGTH).optional(),
      greeting: prose(4_096).optional(),
      session: jsonObject(MAX_JSON).default({}),
      tools: tools.default([]),
      ...toolWebhook(hosts),
    }),
    (given, fault) => {
      const { profile } = given;
      const hasUrl = profile !== 'azure' && profile !== 'compatible';
      if (!hasUrl && given.url === undefined) fault('url', `is required with the profile ${profile}`);
      if (profile !== 'compatible' && given.api_key === undefined) fault('api_key', 'is required');
      const names = given.tools.map(({ name }) => name);
      if (new Set(names).size < names.length) fault('tools', 'must have different names');
      if (names.some((name) => RESERVED_TOOLS.includes(name))) {
        fault('tools', `cannot be named ${RESERVED_TOOLS.join(' or ')}, which the bridge has already`);
      }
      if (names.length > 0 && given.tool_webhook_url === undefined) fault('tool_webhook_url', 'is required with tools');
    },
  );

const elevenLabs = (hosts: HostRules) =>
  object({
    agent_id: matching(/^[\w.-]{1,200}$/, 'must be the id of an agent'),
    api_key: key().optional(),
    base_url: url(['https', 'http'], hosts).default('https://api.elevenlabs.io'),
    dynamic_variables: scalarDictionary({ entries: 100, nameLength: 200, valueLength: 4_096 }).default({}),
    overrides: jsonObject(MAX_JSON).default({}),
    ...toolWebhook(hosts),
  });

/** What a provider of each kind holds, beside its kind. */
export interface ProviderFields {
  readonly pipecat: z.output<ReturnType<typeof pipecat>>;
  readonly websocket: z.output<ReturnType<typeof websocket>>;
  readonly twilio: z.output<ReturnType<typeof twilio>>;
  readonly openai_realtime: z.output<ReturnType<typeof openAiRealtime>>;
  readonly elevenlabs: z.output<ReturnType<typeof elevenLabs>>;
}

export const PROVIDER_SCHEMAS: { readonly [K in ProviderKind]: (hosts: HostRules) => Field<ProviderFields[K]> } = {
  pipecat: madeOnce(pipecat),
  websocket: madeOnce(websocket),
  twilio: madeOnce(twilio),
  openai_realtime: madeOnce(openAiRealtime),
  elevenlabs: madeOnce(elevenLabs),
};

export const agentName = text(MAX_NAME_LENGTH);

export const settingsSchema = madeOnce((hosts) =>
  object({
    max_concurrent_calls: wholeNumber(1, 100_000).nullable().default(null),
    connect_timeout_seconds: number(0.1, 30).default(5),
    speak_within_seconds: number(0.5, 120).nullable().default(null),
    health_url: url(WEB, hosts).nullable().default(null),
    parameters: textDictionary({ entries: 50, nameLength: 100, valueLength: 1_024 }).default({}),
  }),
);

/** To make a schema takes much longer than to use it. */
function madeOnce<T>(make: (hosts: HostRules) => T): (hosts: HostRules) => T {
  const made = new Map<boolean, T>();
  return ({ allowLinkLocal }) => {
    const schema = made.get(allowLinkLocal) ?? make({ allowLinkLocal });
    made.set(allowLinkLocal, schema);
    return schema;
  };
}

const SECRET_FIELDS: Readonly<Record<ProviderKind, readonly string[]>> = {
  pipecat: ['token', 'public_api_key', 'private_api_key'],
  websocket: ['token'],
  twilio: ['auth_token'],
  openai_realtime: ['api_key', 'tool_webhook_secret'],
  elevenlabs: ['api_key', 'tool_webhook_secret'],
};

/** The fields of a kind that are taken and never told. */
export function secretFields(kind: ProviderKind): readonly string[] {
  return SECRET_FIELDS[kind];
}
