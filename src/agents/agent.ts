import type { AgentFailure, AgentTarget, CallIdentity } from '../call/index.ts';

/** What an agent is told of the call. */
export interface CallContext {
  readonly identity: CallIdentity;
  readonly recording: boolean;
}

/**
 * One agent on one call, whatever its wire. A wire only translates: pacing, playout, marks, clearing, draining and
 * backpressure belong to the media session that owns it.
 *
 * Life: `connect` once; `start` when the person is on the line; `callEnded` or `abort` once. After either of the last
 * two, nothing is emitted any more.
 */
export interface AgentWire {
  /** Rate of `callerAudio` and of `onAudio`, Hz. */
  readonly sampleRate: number;
  /** Dials and waits for the agent to be ready. Never rejects: the outcome goes to the listener. */
  connect(): void;
  /** Tells the agent that the person is on the line. */
  start(): void;
  /** 20 ms of caller sound, mono, every 20 ms without a hole. `pcm` is reused by the caller after the return. */
  callerAudio(pcm: Int16Array, mediaTimeMs: number, concealed: boolean): void;
  callerDtmf(digit: string, durationMs: number): void;
  /** A mark's sound went out (`cleared` false) or was thrown away. */
  marked(name: string, cleared: boolean): void;
  /** What a clear left of each item: milliseconds that were really played. */
  cleared(items: readonly PlayedItem[], discardedMs: number): void;
  /** Says why, closes within 500 ms. Resolves when the socket is gone. */
  callEnded(reason: string): Promise<void>;
  /** Closes at once, says nothing. */
  abort(): void;
  /** Caller sound thrown away because the agent did not read, milliseconds. */
  readonly callerAudioDroppedMs: number;
}

export interface PlayedItem {
  readonly itemId: string;
  readonly playedMs: number;
}

/** What a wire says to the session that owns it. Called synchronously, never after the wire was closed. */
export interface AgentListener {
  /** Comes again after every reconnect. */
  onReady(connectMs: number): void;
  /** Sound of any length at `sampleRate`; `pcm` belongs to the listener only until it returns. */
  onAudio(pcm: Int16Array, itemId: string | null): void;
  /** To be answered with `cleared`, also when nothing was queued. */
  onClear(): void;
  /** To be answered with `marked` once, at once if no sound is queued. */
  onMark(name: string): void;
  /** The agent presses keys towards the phone. */
  onDtmf(digits: string): void;
  /** Something the application defined; goes to the timeline and to events, not to the phone. */
  onMessage(data: unknown): void;
  onTranscript(transcript: Transcript): void;
  /** At most once. Nothing but marks, transcripts and messages follows. */
  onHangup(drain: boolean, reason: string | null): void;
  /** The socket is lost and will be dialled again; `onReady` or `onFailed` follows. */
  onReconnecting(attempt: number, code: AgentFailure): void;
  /** The last call. */
  onFailed(code: AgentFailure, detail: string): void;
}

export interface Transcript {
  readonly party: 'user' | 'agent';
  readonly text: string;
  readonly final: boolean;
}

/** Builds the wire of a target. */
export type CreateAgentWire = (target: AgentTarget, context: CallContext, listener: AgentListener) => AgentWire;
