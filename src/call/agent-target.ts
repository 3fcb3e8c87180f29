/** Sample rates that agents may ask for, Hz. Opus decodes to and encodes from each of them without a resampler. */
export type SampleRate = 8000 | 16000 | 24000 | 48000;

/** One voice agent a call can be sent to, with everything needed to reach it. Holds a secret: never log it whole. */
export interface AgentTarget {
  readonly id: string;
  readonly name: string;
  readonly wire: 'raw';
  /** ws:// or wss:// */
  readonly url: string;
  readonly token: string | null;
  /** Where the token goes: an `Authorization: Bearer` header or a `token` query parameter. */
  readonly tokenIn: 'header' | 'query';
  /** Rate of both directions, Hz. */
  readonly sampleRate: SampleRate;
  /** From dialling the socket to `ready`, milliseconds. */
  readonly connectTimeoutMs: number;
  /** How often a lost socket is dialled again within one call. 0 = never. */
  readonly reconnectAttempts: number;
  /** Sent to the agent in `start`, unchanged. */
  readonly parameters: Readonly<Record<string, string>>;
}
