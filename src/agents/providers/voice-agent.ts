import { isObject, type JsonObject } from '../json.ts';
import type { AgentSettings, ProviderConfig, ProviderKind, VoiceAgent } from '../ports.ts';
import type { HostRules } from './fields.ts';
import { FieldFaults } from './invalid-fields.ts';
import { agentName, PROVIDER_SCHEMAS, secretFields, settingsSchema } from './schemas.ts';

export interface Creation extends HostRules {
  readonly id: string;
  readonly projectId: string;
  /** Unix milliseconds. */
  readonly at: number;
}

export interface Change extends HostRules {
  /** Unix milliseconds. */
  readonly at: number;
}

const KINDS = Object.keys(PROVIDER_SCHEMAS) as ProviderKind[];

/**
 * The voice agent that a body of `POST /voice_agents` describes, in any of Kapso's spellings (kapso-api.md §7): with or
 * without the envelope `voice_agent`, its kind in `provider_type` or in `provider.kind`.
 *
 * @throws InvalidFields
 */
export function newVoiceAgent(body: unknown, { id, projectId, at, ...hosts }: Creation): VoiceAgent {
  return build(null, body, { id, projectId, createdAt: at, updatedAt: at }, hosts);
}

/**
 * The agent after a `PATCH` with this body. What it does not name stays, secrets too; null takes an optional field away. A
 * provider of another kind is a new one, of which nothing stays.
 *
 * @throws InvalidFields
 */
export function changedVoiceAgent(agent: VoiceAgent, body: unknown, { at, ...hosts }: Change): VoiceAgent {
  const { id, projectId, createdAt } = agent;
  return build(agent, body, { id, projectId, createdAt, updatedAt: at }, hosts);
}

type Rest = Pick<VoiceAgent, 'id' | 'projectId' | 'createdAt' | 'updatedAt'>;

function build(old: VoiceAgent | null, body: unknown, rest: Rest, hosts: HostRules): VoiceAgent {
  const faults = new FieldFaults();
  const given = contentOf(body, faults);
  const name = faults.check(agentName, (given['name'] === undefined ? old?.name : given['name']) ?? undefined, 'name');
  const provider = providerOf(old?.provider ?? null, given, hosts, faults);
  const settings = settingsOf(old?.settings ?? null, given['settings'], hosts, faults);
  if (faults.any || name === null || provider === null || settings === null) throw faults.toError();
  return { ...rest, name, provider, settings };
}

function contentOf(body: unknown, faults: FieldFaults): JsonObject {
  const content = isObject(body) && body['voice_agent'] !== undefined ? body['voice_agent'] : body;
  if (isObject(content)) return content;
  faults.add('voice_agent', 'must be an object');
  return {};
}

function providerOf(
  old: ProviderConfig | null,
  { provider_type: type, provider: given = {} }: JsonObject,
  hosts: HostRules,
  faults: FieldFaults,
): ProviderConfig | null {
  if (!isObject(given)) {
    faults.add('provider', 'must be an object');
    return null;
  }
  const kinds = [kindIn(type, 'provider_type', faults), kindIn(given['kind'], 'provider.kind', faults)];
  if (faults.any && kinds.includes(null)) return null;
  const [first, second] = kinds.filter((kind) => kind !== undefined);
  if (second !== undefined && first !== second) faults.add('provider_type', 'must be the same as provider.kind');
  const kind = first ?? old?.kind ?? null;
  if (kind === null) {
    faults.add('provider_type', `is required: ${KINDS.join(', ')}`);
    return null;
  }
  const before = old?.kind === kind ? old : {};
  const fields = faults.check<object>(PROVIDER_SCHEMAS[kind](hosts), withoutNulls({ ...before, ...given }), 'provider');
  return fields === null ? null : { kind, ...fields };
}

/** Undefined if nothing is said; null, with the fault noted, if it is no kind. */
function kindIn(given: unknown, name: string, faults: FieldFaults): ProviderKind | null | undefined {
  if (given === undefined || given === null) return undefined;
  const kind = typeof given === 'string' ? kindNamed(given) : null;
  if (kind === null) faults.add(name, `must be one of ${KINDS.join(', ')}`);
  return kind;
}

/** `pipecat` as well as `pipecat_provider` and `VoiceAgents::PipecatProvider`. */
export function kindNamed(name: string): ProviderKind | null {
  const plain = (text: string) => text.replaceAll('_', '').toLowerCase();
  const bare = plain(name.replace(/^VoiceAgents::/, '').replace(/_?provider$/i, ''));
  return KINDS.find((kind) => plain(kind) === bare) ?? null;
}

function settingsOf(
  old: AgentSettings | null,
  given: unknown = {},
  hosts: HostRules,
  faults: FieldFaults,
): AgentSettings | null {
  const changes = given === null ? {} : given;
  if (!isObject(changes)) {
    faults.add('settings', 'must be an object');
    return null;
  }
  return faults.check(settingsSchema(hosts), withoutNulls({ ...old, ...changes }), 'settings');
}

function withoutNulls(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** What may be told of a provider: all but its secrets. */
export function withoutSecrets({ kind, ...fields }: ProviderConfig): JsonObject {
  const secrets = secretFields(kind);
  return told(fields, (name) => secrets.includes(name)) as JsonObject;
}

/** Credentials that people put into free fields, such as ElevenLabs' `secret__…` variables or the header of an MCP tool. */
const SECRET_NAME = /^secret__|^authorization$|(token|api[_-]?key|password|secret)$/i;

/** A copy without what is secret by its name; at the top `isSecret` says, because there every field is known. */
function told(value: unknown, isSecret = (name: string) => SECRET_NAME.test(name)): unknown {
  if (Array.isArray(value)) return value.map((item) => told(item));
  if (!isObject(value)) return value;
  const open = Object.entries(value).filter(([name]) => !isSecret(name));
  return Object.fromEntries(open.map(([name, inner]) => [name, told(inner)]));
}
