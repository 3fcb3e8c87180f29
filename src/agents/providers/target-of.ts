import type {
  AgentTarget,
  ElevenLabsAgent,
  OpenAiRealtimeAgent,
  PipecatAgent,
  RawAgent,
  RuntimeAgent,
  ToolWebhook,
  TwilioAgent,
} from '../../call/index.ts';
import type { ProviderKind, VoiceAgent } from '../ports.ts';
import { realtimeUrl } from '../wires/openai-realtime/profiles.ts';
import type { ProviderFields } from './schemas.ts';

const PIPECAT_CLOUD = 'api.pipecat.daily.co';

type Common = Pick<
  AgentTarget,
  'id' | 'name' | 'connectTimeoutMs' | 'speakWithinMs' | 'maxConcurrentCalls' | 'parameters'
>;

/** How a voice agent is reached on a call. */
export function targetOf(agent: VoiceAgent): AgentTarget {
  const { id, name, settings } = agent;
  const common: Common = {
    id,
    name,
    connectTimeoutMs: Math.round(settings.connect_timeout_seconds * 1000),
    speakWithinMs: settings.speak_within_seconds === null ? null : Math.round(settings.speak_within_seconds * 1000),
    maxConcurrentCalls: settings.max_concurrent_calls,
    parameters: settings.parameters,
  };
  return TARGETS[agent.provider.kind](common, agent.provider as never);
}

const TARGETS: { readonly [K in ProviderKind]: (common: Common, provider: ProviderFields[K]) => AgentTarget } = {
  pipecat,
  websocket,
  twilio,
  openai_realtime: openAiRealtime,
  elevenlabs: elevenLabs,
};

function pipecat(common: Common, provider: ProviderFields['pipecat']): PipecatAgent | RuntimeAgent {
  const { public_api_key, private_api_key, token = null } = provider;
  const start = { url: startUrl(provider), key: public_api_key ?? private_api_key ?? null };
  if (provider.media === 'runtime') return { ...common, wire: 'runtime', ...start };
  const socket = socketUrl(provider);
  return {
    ...common,
    wire: 'pipecat',
    entry:
      socket === null
        ? { kind: 'start', ...start }
        : { kind: 'socket', url: socket, token, tokenIn: provider.token_in },
    callerRate: provider.caller_sample_rate,
    agentRate: provider.agent_sample_rate,
  };
}

/** Of a bot with a socket of its own, or of one in Pipecat Cloud that asks for no token of a session. */
function socketUrl({ url, organization, agent_name, region }: ProviderFields['pipecat']): string | null {
  if (organization === undefined) return url ?? null;
  const host = region === undefined ? PIPECAT_CLOUD : `${region}.${PIPECAT_CLOUD}`;
  return `wss://${host}/ws/generic/${agent_name}.${organization}`;
}

/** `{base_url}/public/{agent_name}/start`, as Kapso makes it. */
function startUrl({ start_url, base_url, agent_name }: ProviderFields['pipecat']): string {
  if (start_url !== undefined) return start_url;
  const base = new URL(base_url ?? `https://${PIPECAT_CLOUD}`);
  const path = base.pathname.replace(/\/+$/, '');
  // Pipecat Cloud's own API has its version in the path, which people leave out; a runtime of one's own need not have one.
  base.pathname = `${path === '' && base.hostname === PIPECAT_CLOUD ? '/v1' : path}/public/${agent_name}/start`;
  return base.href;
}

function websocket(common: Common, provider: ProviderFields['websocket']): RawAgent {
  const { url, token = null, token_in: tokenIn } = provider;
  return {
    ...common,
    wire: 'raw',
    entry: url === undefined ? { kind: 'wait', token: token ?? '' } : { kind: 'dial', url, token, tokenIn },
    sampleRate: provider.sample_rate,
  };
}

function twilio(common: Common, provider: ProviderFields['twilio']): TwilioAgent {
  const { url, account_sid, auth_token = null } = provider;
  return {
    ...common,
    wire: 'twilio',
    entry: { kind: /^ws/i.test(url) ? 'stream' : 'webhook', url },
    accountSid: account_sid ?? accountSidOf(common.id),
    authToken: auth_token,
  };
}

/** Of an agent that was given none: the same as long as the agent lives. */
export function accountSidOf(agentId: string): string {
  return `AC${agentId.replaceAll('-', '').toLowerCase()}`;
}

function openAiRealtime(common: Common, provider: ProviderFields['openai_realtime']): OpenAiRealtimeAgent {
  const { profile, api_key = null, instructions = null, voice = null, greeting = null } = provider;
  return {
    ...common,
    wire: 'openai-realtime',
    profile,
    url: realtimeUrl(profile, { url: provider.url ?? null, model: provider.model ?? null }),
    apiKey: api_key,
    instructions,
    voice,
    greeting,
    session: provider.session,
    tools: provider.tools,
    toolWebhook: toolWebhook(provider),
  };
}

function elevenLabs(common: Common, provider: ProviderFields['elevenlabs']): ElevenLabsAgent {
  return {
    ...common,
    wire: 'elevenlabs',
    agentId: provider.agent_id,
    apiKey: provider.api_key ?? null,
    baseUrl: provider.base_url.replace(/\/+$/, ''),
    dynamicVariables: provider.dynamic_variables,
    overrides: provider.overrides,
    toolWebhook: toolWebhook(provider),
  };
}

interface ToolFields {
  readonly tool_webhook_url?: string | undefined;
  readonly tool_webhook_secret?: string | undefined;
  readonly tool_timeout_seconds: number;
}

function toolWebhook({ tool_webhook_url: url, ...rest }: ToolFields): ToolWebhook | null {
  if (url === undefined) return null;
  const { tool_webhook_secret: secret = null, tool_timeout_seconds: seconds } = rest;
  return { url, secret, timeoutMs: Math.round(seconds * 1000) };
}
