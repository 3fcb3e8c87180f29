import { z } from 'zod';
import { AGENT_VARIABLES } from './config-agent-variables.ts';
import { optional, required, standard, type Text, type VariableMeta } from './config-meta.ts';
import {
  address,
  addresses,
  databasePlace,
  httpUrl,
  iceServers,
  integer,
  masterKey,
  networks,
  onOff,
  portRange,
  secretList,
  token,
} from './config-values.ts';

const SERVICE = 'Service';
const WHATSAPP = 'WhatsApp';
const NUMBER = 'First number';
const MEDIA = 'Media';

/** Every environment variable: its meaning, and how its text becomes a value. docs/configuration.md is made from this. */
export const VARIABLES = z.object({
  TALKWIRE_HOST: standard(
    '0.0.0.0',
    { group: SERVICE, description: 'Address that the HTTP server listens on.' },
    z.string(),
  ),
  TALKWIRE_PORT: standard(
    '8080',
    { group: SERVICE, description: 'Port that the HTTP server listens on.' },
    integer(0, 65_535),
  ),
  TALKWIRE_PUBLIC_URL: optional(
    {
      group: SERVICE,
      description:
        'Where clients reach this service; base of the links in lists. Without it, links follow the request.',
      example: 'https://bridge.example.com',
    },
    httpUrl,
  ),
  TALKWIRE_API_KEYS: required(
    {
      group: SERVICE,
      description: 'Keys that open the API (X-API-Key or Bearer), separated by commas, at least 16 characters each.',
      secret: true,
    },
    secretList(16),
  ),
  TALKWIRE_RATE_LIMIT: standard(
    '100',
    {
      group: SERVICE,
      description:
        'Requests to the API that one key may make in a second; more are answered 429. Addresses that send wrong keys are shut out for a while. 0 for no limits at all.',
    },
    integer(0, 1_000_000),
  ),
  TALKWIRE_TRUSTED_PROXIES: optional(
    {
      group: SERVICE,
      description:
        'Addresses or networks of the proxies in front, separated by commas. Only from them X-Forwarded-For, -Host and -Proto are believed. Without it every client of a proxy has the address of the proxy.',
      example: '127.0.0.1,10.0.0.0/8',
    },
    networks,
  ),
  TALKWIRE_DATABASE: standard(
    './var/talkwire.db',
    {
      group: SERVICE,
      description:
        'Path of a SQLite file, whose folder is made if it is missing, or URL of a PostgreSQL database, such as postgres://user:password@host:5432/name.',
      secret: true,
    },
    databasePlace,
  ),
  TALKWIRE_MASTER_KEY: required(
    {
      group: SERVICE,
      description:
        'Key that seals the tokens in the database: 32 random bytes in base64 or hex, as `openssl rand -base64 32` makes them. Without it the tokens cannot be read again.',
      secret: true,
    },
    masterKey,
  ),
  TALKWIRE_INBOX_DAYS: standard(
    '8',
    {
      group: SERVICE,
      description:
        'Days that a handled webhook is kept, and known as a duplicate. Meta repeats for up to 7 days; webhooks hold phone numbers.',
    },
    integer(1, 365),
  ),
  TALKWIRE_CALLS_DAYS: optional(
    {
      group: SERVICE,
      description:
        'Days that calls are kept when they are over, with their timelines, and contacts and conversations that nothing belongs to any more. Not less than 30, because limits are counted from calls. Without it they stay for ever.',
      example: '365',
    },
    integer(30, 3_650),
  ),
  TALKWIRE_MESSAGES_DAYS: optional(
    {
      group: SERVICE,
      description: 'Days that messages of numbers which keep them are kept. Without it they stay for ever.',
      example: '90',
    },
    integer(1, 3_650),
  ),
  TALKWIRE_EVENTS_DAYS: standard(
    '30',
    {
      group: SERVICE,
      description: 'Days that the log of events shows what was delivered, or given up, to whom.',
    },
    integer(1, 3_650),
  ),
  TALKWIRE_WEBHOOKS_PRIVATE: standard(
    'off',
    {
      group: SERVICE,
      description:
        'Whether events may be sent to http:// URLs and into private networks: on or off. Link-local addresses and metadata services stay refused.',
    },
    onOff,
  ),
  TALKWIRE_MAX_CALLS: standard(
    '100',
    { group: SERVICE, description: 'Calls at the same time; one more is rejected as at capacity.' },
    integer(1, 1_000),
  ),
  TALKWIRE_DRAIN_SECONDS: standard(
    '30',
    { group: SERVICE, description: 'How long calls may go on after SIGTERM before they are ended.' },
    integer(0, 86_400),
  ),
  TALKWIRE_LOG_LEVEL: standard(
    'info',
    { group: SERVICE, description: 'One of trace, debug, info, warn, error, fatal, silent.' },
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'must be trace, debug, info, warn, error, fatal or silent',
    }) as Text<string>,
  ),
  TALKWIRE_LOG_FILE: optional(
    { group: SERVICE, description: 'A file that gets a copy of every log line, besides the standard output.' },
    z.string(),
  ),

  TALKWIRE_APP_SECRETS: optional(
    {
      group: WHATSAPP,
      description:
        "App secrets that Meta's webhooks are signed with, separated by commas; several while one is being rotated. This or TALKWIRE_KAPSO_SECRETS must be set.",
      secret: true,
    },
    secretList(8),
  ),
  TALKWIRE_KAPSO_SECRETS: optional(
    {
      group: WHATSAPP,
      description: 'Secrets that webhooks forwarded by Kapso are signed with, separated by commas.',
      secret: true,
    },
    secretList(8),
  ),
  TALKWIRE_VERIFY_TOKEN: optional(
    {
      group: WHATSAPP,
      description: "The verify token typed into Meta's webhook page. Without it Meta's verification is refused.",
      secret: true,
    },
    z.string(),
  ),
  TALKWIRE_GRAPH_URL: standard(
    'https://graph.facebook.com',
    { group: WHATSAPP, description: "Base URL of the Graph API, or of Kapso's Meta proxy." },
    httpUrl,
  ),
  TALKWIRE_GRAPH_VERSION: standard(
    'v24.0',
    { group: WHATSAPP, description: 'Version of the Graph API.' },
    z.string().regex(/^v\d{1,3}\.\d{1,2}$/, 'must look like v24.0'),
  ),
  TALKWIRE_GRAPH_TIMEOUT_MS: standard(
    '4000',
    {
      group: WHATSAPP,
      description:
        'How long one request to Graph may take, milliseconds. All attempts together have 8 s (pre_accept, accept), 10 s (reject) or 15 s (terminate); an accept is one attempt and may take all of its time.',
    },
    integer(100, 15_000),
  ),

  TALKWIRE_PHONE_NUMBER_ID: optional(
    {
      group: NUMBER,
      description: "Meta's id of a business number of yours (not the number itself), to be set up at the start.",
      example: '106540352242922',
    },
    z.string().regex(/^\d{5,25}$/, "must be Meta's id of the number, digits only"),
  ),
  TALKWIRE_ACCESS_TOKEN: optional(
    {
      group: NUMBER,
      description: "Meta's access token for it, or a Kapso project key. Kept sealed in the database.",
      secret: true,
    },
    token,
  ),
  TALKWIRE_CREDENTIAL_KIND: standard(
    'bearer',
    { group: NUMBER, description: 'How TALKWIRE_ACCESS_TOKEN is sent: bearer (Meta) or api-key (Kapso).' },
    z.enum(['bearer', 'api-key'], { error: 'must be bearer or api-key' }) as Text<'bearer' | 'api-key'>,
  ),
  TALKWIRE_MAX_CALL_SECONDS: optional(
    { group: NUMBER, description: 'Longest call, seconds. Without it a call may last as long as it likes.' },
    integer(1, 86_400),
  ),

  ...AGENT_VARIABLES,

  TALKWIRE_MEDIA_THREADS: standard(
    '0',
    { group: MEDIA, description: 'Threads that handle sound; 0 for one per core.' },
    integer(0, 256),
  ),
  TALKWIRE_UDP_PORTS: optional(
    {
      group: MEDIA,
      description: 'UDP ports for media, both ends included. Without it, any free port.',
      example: '40000-40999',
    },
    portRange,
  ),
  TALKWIRE_ANNOUNCED_IP: optional(
    { group: MEDIA, description: 'Public address of this host, if it sits behind 1:1 NAT.', example: '203.0.113.7' },
    address,
  ),
  TALKWIRE_BIND_ADDRESSES: optional(
    { group: MEDIA, description: 'Local addresses to use for media, separated by commas. Without it, all.' },
    addresses,
  ),
  TALKWIRE_IPV6: standard('off', { group: MEDIA, description: 'Use IPv6 for media: on or off.' }, onOff),
  TALKWIRE_ICE_SERVERS: optional(
    {
      group: MEDIA,
      description:
        'STUN and TURN servers, separated by commas (stun:host:port, turn:user:password@host:port), or as JSON [{"urls","username","credential"}]. The first of each kind is used. Meta needs neither.',
      secret: true,
    },
    iceServers,
  ),
  TALKWIRE_PROMPTS_FOLDER: optional(
    {
      group: MEDIA,
      description: 'Folder of the prompts (Ogg/Opus or WAV). Default: the one that comes with talkwire.',
      example: './prompts',
    },
    z.string(),
  ),
});

export type VariableName = keyof typeof VARIABLES.shape;

export function describeVariable(name: VariableName): string {
  return metaOf(name).description;
}

export function isSecret(name: VariableName): boolean {
  return metaOf(name).secret === true;
}

export function metaOf(name: VariableName): VariableMeta {
  return VARIABLES.shape[name].meta() as unknown as VariableMeta;
}
