import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { type CallPolicy, DEFAULT_POLICY } from './call/index.ts';
import { agentFaults, type FirstAgent, firstAgent } from './config-agent.ts';
import { type DatabasePlace, databasePasswords } from './config-values.ts';
import { describeVariable, isSecret, VARIABLES, type VariableName } from './config-variables.ts';

/** The whole configuration, parsed once at the start. Holds secrets: never log it whole. Times in milliseconds. */
export interface Config {
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly publicUrl: string | null;
    readonly apiKeys: readonly string[];
    /** Of one key; 0 for any number. */
    readonly requestsPerSecond: number;
    /** Addresses and networks. */
    readonly trustedProxies: readonly string[];
  };
  readonly database: { readonly place: DatabasePlace; readonly masterKey: Buffer; readonly inboxDays: number };
  /** How long things are kept, in days; null: for ever. */
  readonly retention: {
    readonly callsDays: number | null;
    readonly messagesDays: number | null;
    readonly eventsDays: number;
  };
  readonly webhooks: {
    readonly appSecrets: readonly string[];
    readonly kapsoSecrets: readonly string[];
    readonly verifyToken: string | null;
  };
  /** Of webhooks that events are sent to. */
  readonly events: { readonly privateAllowed: boolean };
  readonly graph: { readonly baseUrl: string; readonly version: string; readonly timeoutMs: number };
  /** The number that the environment describes, to be stored at the start; null if it describes none. */
  readonly firstNumber: FirstNumber | null;
  /** Its agent, to be put at the start; null if there is no first number. */
  readonly firstAgent: FirstAgent | null;
  /** Agents may have link-local and metadata addresses. */
  readonly allowLinkLocalAgents: boolean;
  readonly media: {
    /** 0: one per core. */
    readonly threads: number;
    readonly network: {
      readonly portRange: readonly [number, number] | null;
      readonly announcedIp: string | null;
      readonly bindAddresses: readonly string[];
      readonly ipv6: boolean;
      readonly iceServers: readonly {
        readonly urls: string;
        readonly username?: string;
        readonly credential?: string;
      }[];
    };
    readonly promptsFolder: string;
  };
  readonly maxCalls: number;
  readonly drainMs: number;
  readonly logLevel: string;
  readonly logFile: string | null;
  /** Every secret value above as it stands, for the logger to keep out of its lines. */
  readonly secrets: readonly string[];
}

export interface FirstNumber {
  readonly phoneNumberId: string;
  readonly displayPhoneNumber: null;
  readonly credentials: { readonly kind: 'bearer' | 'api-key'; readonly secret: string };
  readonly policy: Omit<CallPolicy, 'agents'>;
}

/** The environment cannot be used. `message` is ready to be printed: every fault, with what the variable means. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Beside src, and beside dist in the package. */
const OWN_PROMPTS = fileURLToPath(new URL('../assets/prompts', import.meta.url));

type Environment = Readonly<Record<string, string | undefined>>;
type Values = z.output<typeof VARIABLES>;

/**
 * Reads the configuration. An empty variable counts as not set. A secret may be given as a file, by its name with `_FILE`.
 *
 * @throws ConfigError with every wrong or missing variable at once
 */
export function loadConfig(environment: Environment, readFile: (path: string) => string = readTextFile): Config {
  const { given, faults } = collect(environment, readFile);
  const parsed = VARIABLES.safeParse(given);
  for (const { path, message } of parsed.error?.issues ?? []) {
    const name = path[0] as VariableName;
    if (!faults.has(name)) faults.set(name, name in given ? `is wrong: ${message}` : 'is missing');
  }
  for (const [name, fault] of togetherFaults(given)) if (!faults.has(name)) faults.set(name, fault);
  const agentBody = bodyInFile(given, readFile, faults);
  if (faults.size > 0 || !parsed.success) throw new ConfigError(report(faults));
  return toConfig(parsed.data, given, agentBody);
}

type Given = Partial<Record<VariableName, string>>;
type Faults = Map<VariableName, string>;

function collect(environment: Environment, readFile: (path: string) => string): { given: Given; faults: Faults } {
  const given: Given = {};
  const faults: Faults = new Map();
  for (const name of Object.keys(VARIABLES.shape) as VariableName[]) {
    const value = environment[name]?.trim() || undefined;
    const file = isSecret(name) ? environment[`${name}_FILE`]?.trim() || undefined : undefined;
    if (value !== undefined) given[name] = value;
    if (file === undefined) continue;
    if (value !== undefined) faults.set(name, `is given twice: as ${name} and as ${name}_FILE`);
    try {
      given[name] = readFile(file).trim();
    } catch {
      faults.set(name, `is missing: the file of ${name}_FILE cannot be read`);
    }
  }
  return { given, faults };
}

/** Null without TALKWIRE_AGENT_FILE. */
function bodyInFile(given: Given, readFile: (path: string) => string, faults: Faults): unknown {
  const path = given.TALKWIRE_AGENT_FILE;
  if (path === undefined) return null;
  const fault = (text: string) => {
    if (!faults.has('TALKWIRE_AGENT_FILE')) faults.set('TALKWIRE_AGENT_FILE', text);
    return null;
  };
  let text: string;
  try {
    text = readFile(path);
  } catch {
    return fault('is wrong: the file cannot be read');
  }
  try {
    return JSON.parse(text) ?? fault('is wrong: the file must hold one JSON object');
  } catch {
    return fault('is wrong: the file must hold one JSON object');
  }
}

/** Rules between variables; they hold on what is given, so that they are reported together with wrong values. */
function togetherFaults(given: Given): Faults {
  const faults: Faults = new Map();
  const needs = (name: VariableName, other: VariableName) => {
    if (given[name] !== undefined && given[other] === undefined) faults.set(other, `is missing: ${name} needs it`);
  };
  if (given.TALKWIRE_APP_SECRETS === undefined && given.TALKWIRE_KAPSO_SECRETS === undefined) {
    faults.set('TALKWIRE_APP_SECRETS', 'is missing, and so is TALKWIRE_KAPSO_SECRETS: no webhook could be verified');
  }
  needs('TALKWIRE_PHONE_NUMBER_ID', 'TALKWIRE_ACCESS_TOKEN');
  needs('TALKWIRE_ACCESS_TOKEN', 'TALKWIRE_PHONE_NUMBER_ID');
  needs('TALKWIRE_AGENT_URL', 'TALKWIRE_PHONE_NUMBER_ID');
  needs('TALKWIRE_AGENT_FILE', 'TALKWIRE_PHONE_NUMBER_ID');
  for (const [name, fault] of agentFaults(given)) faults.set(name, fault);
  return faults;
}

function report(faults: Faults): string {
  const count = faults.size === 1 ? '1 setting is' : `${faults.size} settings are`;
  const lines = [...faults].map(([name, fault]) => `  ${name} ${fault}.\n      ${describeVariable(name)}\n`);
  return `talkwire cannot start: ${count} wrong or missing in the environment.\n\n${lines.join('\n')}\nAll settings are explained in docs/configuration.md.`;
}

function toConfig(values: Values, given: Given, agentBody: unknown): Config {
  const number = firstNumber(values);
  return {
    http: {
      host: values.TALKWIRE_HOST,
      port: values.TALKWIRE_PORT,
      publicUrl: values.TALKWIRE_PUBLIC_URL,
      apiKeys: values.TALKWIRE_API_KEYS,
      requestsPerSecond: values.TALKWIRE_RATE_LIMIT,
      trustedProxies: values.TALKWIRE_TRUSTED_PROXIES ?? [],
    },
    database: {
      place: values.TALKWIRE_DATABASE,
      masterKey: values.TALKWIRE_MASTER_KEY,
      inboxDays: values.TALKWIRE_INBOX_DAYS,
    },
    retention: {
      callsDays: values.TALKWIRE_CALLS_DAYS,
      messagesDays: values.TALKWIRE_MESSAGES_DAYS,
      eventsDays: values.TALKWIRE_EVENTS_DAYS,
    },
    webhooks: {
      appSecrets: values.TALKWIRE_APP_SECRETS ?? [],
      kapsoSecrets: values.TALKWIRE_KAPSO_SECRETS ?? [],
      verifyToken: values.TALKWIRE_VERIFY_TOKEN,
    },
    events: { privateAllowed: values.TALKWIRE_WEBHOOKS_PRIVATE },
    graph: {
      baseUrl: values.TALKWIRE_GRAPH_URL,
      version: values.TALKWIRE_GRAPH_VERSION,
      timeoutMs: values.TALKWIRE_GRAPH_TIMEOUT_MS,
    },
    firstNumber: number,
    firstAgent: number === null ? null : firstAgent(values, number.phoneNumberId, agentBody),
    allowLinkLocalAgents: values.TALKWIRE_ALLOW_LINK_LOCAL_AGENTS,
    media: {
      threads: values.TALKWIRE_MEDIA_THREADS,
      network: {
        portRange: values.TALKWIRE_UDP_PORTS,
        announcedIp: values.TALKWIRE_ANNOUNCED_IP,
        bindAddresses: values.TALKWIRE_BIND_ADDRESSES ?? [],
        ipv6: values.TALKWIRE_IPV6,
        iceServers: values.TALKWIRE_ICE_SERVERS ?? [],
      },
      promptsFolder: values.TALKWIRE_PROMPTS_FOLDER ?? OWN_PROMPTS,
    },
    maxCalls: values.TALKWIRE_MAX_CALLS,
    drainMs: values.TALKWIRE_DRAIN_SECONDS * 1000,
    logLevel: values.TALKWIRE_LOG_LEVEL,
    logFile: values.TALKWIRE_LOG_FILE,
    secrets: secretsOf(values, given),
  };
}

function firstNumber(values: Values): FirstNumber | null {
  const phoneNumberId = values.TALKWIRE_PHONE_NUMBER_ID;
  const secret = values.TALKWIRE_ACCESS_TOKEN;
  if (phoneNumberId === null || secret === null) return null;
  const maxSeconds = values.TALKWIRE_MAX_CALL_SECONDS;
  return {
    phoneNumberId,
    displayPhoneNumber: null,
    credentials: { kind: values.TALKWIRE_CREDENTIAL_KIND, secret },
    policy: {
      ...DEFAULT_POLICY,
      onAgentUnavailable: values.TALKWIRE_ON_AGENT_UNAVAILABLE,
      maxDurationMs: maxSeconds === null ? null : maxSeconds * 1000,
    },
  };
}

function secretsOf(values: Values, given: Given): string[] {
  const names = (Object.keys(given) as VariableName[]).filter(isSecret);
  // A path is no secret, and may be a word that stands in many lines.
  const isPath = 'path' in values.TALKWIRE_DATABASE;
  const whole = names.flatMap((name) => (name === 'TALKWIRE_DATABASE' && isPath ? [] : (given[name] ?? [])));
  const parts = [values.TALKWIRE_API_KEYS, values.TALKWIRE_APP_SECRETS ?? [], values.TALKWIRE_KAPSO_SECRETS ?? []];
  const ice = (values.TALKWIRE_ICE_SERVERS ?? []).flatMap((server) => server.credential ?? []);
  return [...new Set([...whole, ...parts.flat(), ...ice, ...databasePasswords(values.TALKWIRE_DATABASE)])];
}

function readTextFile(path: string): string {
  return readFileSync(path, 'utf8');
}
