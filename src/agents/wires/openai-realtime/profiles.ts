import type { OpenAiRealtimeAgent, RealtimeProfile } from '../../../call/index.ts';
import type { CallContext } from '../../agent.ts';

/** What one service makes different from another (agent-protocols.md §2.7). */
export interface Profile {
  /** Where it is; null: everyone has an address of their own. */
  readonly url: string | null;
  /** The model if none is named; null: the service has a default, or the address says it. */
  readonly model: string | null;
  readonly modelIn: 'url' | 'session';
  /** How a key is shown. A JSON Web Token is a bearer token everywhere. */
  readonly key: 'bearer' | 'api-key' | 'basic';
  /** `flat`: voice and turn detection stand in `session` itself, as in the beta. */
  readonly session: 'nested' | 'flat';
  /** Takes `conversation.item.truncate`. */
  readonly truncates: boolean;
  /** Stops speaking by itself when the person speaks, if `interrupt_response` says so. */
  readonly interruptsItself: boolean;
  /** A service that has not said `session.updated` so long after `session.update`, milliseconds, never will. */
  readonly confirmsWithinMs: number | null;
}

const OPENAI: Profile = {
  url: 'wss://api.openai.com/v1/realtime',
  model: 'gpt-realtime',
  modelIn: 'url',
  key: 'bearer',
  session: 'nested',
  truncates: true,
  interruptsItself: true,
  confirmsWithinMs: null,
};

export const PROFILES: Readonly<Record<RealtimeProfile, Profile>> = {
  openai: OPENAI,
  azure: { ...OPENAI, url: null, model: null, key: 'api-key' },
  grok: {
    ...OPENAI,
    url: 'wss://api.x.ai/v1/realtime',
    model: 'grok-voice-latest',
    session: 'flat',
    // It documents no `interrupt_response`; a cancel of nothing is only an error that is passed over.
    interruptsItself: false,
  },
  inworld: {
    ...OPENAI,
    url: 'wss://api.inworld.ai/api/v1/realtime/session',
    model: null,
    modelIn: 'session',
    // The portal gives out keys that are Basic credentials already.
    key: 'basic',
    truncates: false,
  },
  compatible: { ...OPENAI, url: null, model: null, confirmsWithinMs: 1_000 },
};

export interface RealtimeAddress {
  /** ws:// or wss://; null for the service's own. */
  readonly url: string | null;
  /** With `azure`, the name of the deployment. */
  readonly model: string | null;
}

/**
 * The URL of an agent (OpenAiRealtimeAgent.url): the given or the service's own, with the model in it unless it names one
 * itself. Azure's path may be left out.
 *
 * @throws TypeError if the URL is none, or missing where the service has none of its own
 */
export function realtimeUrl(profile: RealtimeProfile, { url: given, model }: RealtimeAddress): string {
  const { url: own, model: usual } = PROFILES[profile];
  const url = new URL(given ?? own ?? '');
  if (profile === 'azure' && url.pathname === '/') url.pathname = '/openai/v1/realtime';
  const wanted = model ?? usual;
  if (wanted !== null && !url.searchParams.has('model')) url.searchParams.set('model', wanted);
  return url.href;
}

export interface Dialling {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The model, where it belongs into the session; null where the URL says it. */
  readonly sessionModel: string | null;
}

/** How an agent is dialled on a call. */
export function diallingOf(target: OpenAiRealtimeAgent, context: CallContext): Dialling {
  const profile = PROFILES[target.profile];
  const headers = authorization(profile, target.apiKey);
  // WireSocket says what is wrong with a URL that is none.
  const url = URL.parse(target.url);
  if (profile.modelIn === 'url' || url === null) return { url: target.url, headers, sessionModel: null };
  const sessionModel = url.searchParams.get('model');
  url.searchParams.delete('model');
  if (!url.searchParams.has('key')) url.searchParams.set('key', `${context.identity.id}-${context.attempt}`);
  if (!url.searchParams.has('protocol')) url.searchParams.set('protocol', 'realtime');
  return { url: url.href, headers, sessionModel };
}

function authorization({ key: scheme }: Profile, key: string | null): Record<string, string> {
  if (key === null) return {};
  const isToken = key.split('.').length === 3;
  if (scheme === 'bearer' || isToken) return { Authorization: `Bearer ${key}` };
  return scheme === 'basic' ? { Authorization: `Basic ${key}` } : { 'api-key': key };
}
