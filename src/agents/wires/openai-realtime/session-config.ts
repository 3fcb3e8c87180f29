import type { OpenAiRealtimeAgent, ToolDefinition } from '../../../call/index.ts';
import { isObject, type JsonObject, objectOf } from '../../json.ts';
import type { Profile } from './profiles.ts';

/** Of both directions, Hz. The only rate that every service takes. */
export const RATE = 24_000;

export interface SessionConfig {
  /** `session` of `session.update`. */
  readonly session: JsonObject;
  /** What the model is told at all times, for responses that are told something beside it; null: the service knows. */
  readonly instructions: string | null;
  /** The instructions tell of the call. */
  readonly briefs: boolean;
  /** The service stops a response by itself when the person speaks. */
  readonly interruptsItself: boolean;
  /** The service responds by itself when the person has spoken. */
  readonly respondsItself: boolean;
}

interface Ingredients {
  readonly target: OpenAiRealtimeAgent;
  readonly profile: Profile;
  readonly model: string | null;
  readonly tools: readonly ToolDefinition[];
  /** What the model is told of the call, after its instructions; without any, those of the service or of a stored prompt hold. */
  readonly brief: string;
}

/** What a session is configured with: ours, the agent's own fields over it, and the formats that we can play. */
export function sessionConfig({ target, profile, model, tools, brief }: Ingredients): SessionConfig {
  const instructions = target.instructions === null ? null : `${target.instructions}\n\n${brief}`;
  const voice = target.voice === null ? {} : { voice: target.voice };
  const isFlat = profile.session === 'flat';
  const turnDetection = isFlat
    ? { type: 'server_vad' }
    : { type: 'server_vad', create_response: true, interrupt_response: true };
  const ours: JsonObject = {
    ...(isFlat ? { ...voice, turn_detection: turnDetection } : { type: 'realtime' }),
    ...(model === null ? {} : { model }),
    ...(instructions === null ? {} : { instructions }),
    audio: isFlat ? {} : { input: { turn_detection: turnDetection }, output: voice },
  };
  const { tools: moreTools, ...theirs } = target.session;
  const format = { type: 'audio/pcm', rate: RATE };
  const session = merge(merge(ours, theirs), {
    audio: { input: { format }, output: { format } },
    tools: [...tools.map((tool) => ({ type: 'function', ...tool })), ...(Array.isArray(moreTools) ? moreTools : [])],
  });
  const turns = isFlat ? session['turn_detection'] : objectOf(objectOf(session['audio'])['input'])['turn_detection'];
  const told = session['instructions'];
  return {
    session,
    instructions: typeof told === 'string' ? told : null,
    briefs: told !== undefined && told === instructions,
    interruptsItself: profile.interruptsItself && objectOf(turns)['interrupt_response'] !== false,
    respondsItself: isObject(turns) && turns['create_response'] !== false,
  };
}

/** Deep in objects; everything else of `over` takes the place of what was there. */
function merge(under: JsonObject, over: JsonObject): JsonObject {
  const merged = new Map(Object.entries(under));
  for (const [name, value] of Object.entries(over)) {
    const present = merged.get(name);
    merged.set(name, isObject(present) && isObject(value) ? merge(present, value) : value);
  }
  return Object.fromEntries(merged);
}
