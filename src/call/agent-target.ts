/** Sample rates that agents may ask for, Hz. Opus decodes to and encodes from each of them without a resampler. */
export type SampleRate = 8000 | 16000 | 24000 | 48000;

/**
 * One voice agent a call can be sent to, with everything needed to reach it, by the wire it speaks. Holds secrets: never
 * log it whole.
 */
export type AgentTarget = RawAgent | TwilioAgent | PipecatAgent | OpenAiRealtimeAgent | ElevenLabsAgent | RuntimeAgent;

interface AnyAgent {
  /** UUID; the agent of the environment has a stable one. */
  readonly id: string;
  readonly name: string;
  /** From dialling until the agent must be ready, milliseconds. */
  readonly connectTimeoutMs: number;
  /** Once the person is on the line it must be heard within this, milliseconds, or it counts as lost. Null: it may be silent. */
  readonly speakWithinMs: number | null;
  /** Calls it takes at once; null for any number. */
  readonly maxConcurrentCalls: number | null;
  /** Sent to the agent with every call, unchanged, in the way of its wire. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Where a token goes: an `Authorization: Bearer` header or a `token` query parameter. */
export type TokenPlace = 'header' | 'query';

/** Speaks "talkwire raw v1" (docs/protocol.md). */
export interface RawAgent extends AnyAgent {
  readonly wire: 'raw';
  readonly entry:
    | { readonly kind: 'dial'; readonly url: string; readonly token: string | null; readonly tokenIn: TokenPlace }
    /** The agent dials us, when it is told of a call over its line. `token` opens that line. */
    | { readonly kind: 'wait'; readonly token: string };
  /** Rate of both directions, Hz. */
  readonly sampleRate: SampleRate;
}

/** Speaks Twilio Media Streams. */
export interface TwilioAgent extends AnyAgent {
  readonly wire: 'twilio';
  readonly entry: /** ws:// or wss:// of the stream itself. */
    | { readonly kind: 'stream'; readonly url: string }
    /** http:// or https:// that is asked for TwiML, as Twilio asks a number's voice URL. */
    | { readonly kind: 'webhook'; readonly url: string };
  /** `AC` and 32 hexadecimal digits; with `authToken` it opens our REST stub and signs the webhook. */
  readonly accountSid: string;
  readonly authToken: string | null;
}

/** Speaks Pipecat's protobuf frames. */
export interface PipecatAgent extends AnyAgent {
  readonly wire: 'pipecat';
  readonly entry:
    | { readonly kind: 'socket'; readonly url: string; readonly token: string | null; readonly tokenIn: TokenPlace }
    /** A start route (`…/start` of a runner, `…/public/{agent}/start` of Pipecat Cloud) that answers with the socket's URL. */
    | { readonly kind: 'start'; readonly url: string; readonly key: string | null };
  /** The bot's audio_in_sample_rate and audio_out_sample_rate, Hz. */
  readonly callerRate: SampleRate;
  readonly agentRate: SampleRate;
}

export type RealtimeProfile = 'openai' | 'azure' | 'grok' | 'inworld' | 'compatible';

/** Speaks OpenAI's Realtime API, or a service that copies it. */
export interface OpenAiRealtimeAgent extends AnyAgent {
  readonly wire: 'openai-realtime';
  readonly profile: RealtimeProfile;
  /** ws:// or wss://, with the model in it where the service wants it there. */
  readonly url: string;
  readonly apiKey: string | null;
  readonly instructions: string | null;
  readonly voice: string | null;
  /** What the agent is told to say first; '' lets it choose its words; null: it waits for the caller. */
  readonly greeting: string | null;
  /** More fields of `session`, over those that the bridge makes; `audio` is merged, the audio formats stay ours. */
  readonly session: Readonly<Record<string, unknown>>;
  readonly tools: readonly ToolDefinition[];
  readonly toolWebhook: ToolWebhook | null;
}

/** Speaks ElevenLabs Agents' conversation socket. */
export interface ElevenLabsAgent extends AnyAgent {
  readonly wire: 'elevenlabs';
  readonly agentId: string;
  /** With it a signed URL is fetched; without it the agent must be public. */
  readonly apiKey: string | null;
  /** https:// of the API, such as a regional host. */
  readonly baseUrl: string;
  readonly dynamicVariables: Readonly<Record<string, string | number | boolean>>;
  /** `conversation_config_override`, unchanged. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly toolWebhook: ToolWebhook | null;
}

/**
 * A runtime that does its own media, by Kapso's launch contract (kapso-api.md §8): it is given the webhook and the token,
 * and answers the call itself. The bridge keeps the log.
 */
export interface RuntimeAgent extends AnyAgent {
  readonly wire: 'runtime';
  /** https:// or http:// that is posted to. */
  readonly url: string;
  readonly key: string | null;
}

/** A function that a model may call; `parameters` is a JSON Schema. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Where tool calls go that the bridge does not know itself. `secret` signs them (HMAC-SHA256 of the body, hexadecimal). */
export interface ToolWebhook {
  readonly url: string;
  readonly secret: string | null;
  readonly timeoutMs: number;
}

/** One place in a call's chain of agents. */
export interface AgentChoice {
  readonly agent: AgentTarget;
  readonly onLost: OnAgentLost;
  /** A transfer began here: a chain of its own, of which nobody before it is part. */
  readonly begins?: true;
}

/** What happens when an agent is lost in the middle of a call. */
export interface OnAgentLost {
  /** How often it is dialled again within one call before `then` comes. 0 = never. */
  readonly reconnectAttempts: number;
  /** `next` after the last of the chain is what CallPolicy.onAgentUnavailable says. */
  readonly then:
    | { readonly action: 'next' }
    | { readonly action: 'prompt'; readonly prompt: string }
    | { readonly action: 'end' };
}

/** Why a call was put to an agent's place in the chain but not to the agent, or was taken from it again. */
export type AgentFailure =
  | 'connect_timeout'
  | 'connect_refused'
  | 'unauthorized'
  | 'protocol_error'
  | 'socket_lost'
  | 'stalled'
  | 'agent_error'
  /** Put on the line, it said nothing in the time it has. */
  | 'silent'
  /** Its share of the ringing time is over. */
  | 'not_ready'
  /** It has as many calls as it takes. */
  | 'at_capacity'
  /** It failed too often just now to be tried. */
  | 'circuit_open'
  /** It dials us, and is not there. */
  | 'not_connected'
  /** Its address is one that agents may not have. */
  | 'address_refused';

/** What may be told to an agent in the middle of a call from outside; the wire that understands it acts on it. */
export type AgentInstruction =
  /** Twilio's REST API: run this document from now on. */
  | { readonly type: 'twiml'; readonly twiml: string }
  | { readonly type: 'twiml_url'; readonly url: string; readonly method: 'GET' | 'POST' }
  /** Something the application defined. */
  | { readonly type: 'message'; readonly data: unknown };
