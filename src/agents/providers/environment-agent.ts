import { randomUUID } from 'node:crypto';
import { DEFAULT_PROJECT_ID } from '../../call/index.ts';
import { isObject } from '../json.ts';
import type { Assignment, VoiceAgent, VoiceAgentBook } from '../ports.ts';
import type { HostRules } from './fields.ts';
import { InvalidFields } from './invalid-fields.ts';
import { kindNamed, newVoiceAgent } from './voice-agent.ts';

const INTRO = 'talkwire cannot start: the agent of TALKWIRE_AGENT_FILE or TALKWIRE_AGENT_URL is wrong. ';

/** The voice agent that the environment describes for a number, or that it describes none. */
export interface EnvironmentAgent {
  /** The same at every start. */
  readonly id: string;
  readonly phoneNumberId: string;
  /** That of the number, which may have been moved over the API. Default: the first one. */
  readonly projectId?: string;
  /** As the body of `POST /voice_agents`; null: the environment names no agent. */
  readonly body: unknown;
  /** Becomes the key or token that the agent's kind is opened with, over the one in the body. */
  readonly token: string | null;
  readonly reconnectAttempts: number;
}

/**
 * Brings the book to what the environment says: its agent is written as it is described now, or is removed if it is described
 * no more. It is the number's primary unless another was made that by the API; whatever the API made of its assignment
 * (enabled, primary, position) stays over restarts.
 *
 * @param at Unix milliseconds
 * @throws InvalidFields, whose message is ready to be printed
 */
export async function putEnvironmentAgent(
  book: VoiceAgentBook,
  described: EnvironmentAgent,
  hosts: HostRules,
  at: number,
): Promise<void> {
  const { id, phoneNumberId, reconnectAttempts } = described;
  if (described.body === null) {
    await book.remove(id);
    return;
  }
  await book.put(agentOf(described, book.get(id), hosts, at));
  const all = book.assignments({ phoneNumberId });
  const own = all.find(({ voiceAgentId }) => voiceAgentId === id);
  const assignment: Assignment = {
    ...(own ?? {
      id: randomUUID(),
      voiceAgentId: id,
      phoneNumberId,
      isPrimary: !all.some(({ isPrimary, enabled }) => isPrimary && enabled),
      enabled: true,
      position: 0,
      createdAt: at,
    }),
    onLost: { reconnectAttempts, then: own?.onLost.then ?? { action: 'next' } },
    updatedAt: at,
  };
  await book.putAssignments([assignment]);
}

function agentOf(described: EnvironmentAgent, old: VoiceAgent | null, hosts: HostRules, at: number): VoiceAgent {
  const { id, projectId = DEFAULT_PROJECT_ID, body, token } = described;
  try {
    const made = newVoiceAgent(token === null ? body : withToken(body, token), {
      ...hosts,
      id,
      projectId,
      at,
    });
    return { ...made, createdAt: old?.createdAt ?? at };
  } catch (fault) {
    if (fault instanceof InvalidFields) throw new InvalidFields(fault.fields, INTRO);
    throw fault;
  }
}

/** A body that is no such body is left to be refused as what it is. */
function withToken(body: unknown, token: string): unknown {
  if (!isObject(body)) return body;
  if (isObject(body['voice_agent'])) return { voice_agent: withToken(body['voice_agent'], token) };
  const { provider_type: type, provider } = body;
  if (!isObject(provider)) return body;
  const named = type ?? provider['kind'];
  const kind = typeof named === 'string' ? kindNamed(named) : null;
  const field = kind === null ? null : tokenField(kind, provider);
  return field === null ? body : { ...body, provider: { ...provider, [field]: token } };
}

function tokenField(kind: VoiceAgent['provider']['kind'], provider: Readonly<Record<string, unknown>>): string {
  switch (kind) {
    case 'pipecat':
      return typeof provider['url'] === 'string' ? 'token' : 'public_api_key';
    case 'websocket':
      return 'token';
    case 'twilio':
      return 'auth_token';
    case 'openai_realtime':
    case 'elevenlabs':
      return 'api_key';
    default:
      return kind satisfies never;
  }
}
