import type { AgentFailure, AgentInstruction, AgentTarget, CallIdentity, SampleRate } from '../call/index.ts';

/** What an agent is told of the call when it is connected. */
export interface CallContext {
  readonly identity: CallIdentity;
  readonly recording: boolean;
  /** 0 for the first connection of this agent on this call, then 1, 2, … */
  readonly attempt: number;
  /** The agent that had the call before this one, and why it has it no more; null for the first of the chain. */
  readonly previousAgent: { readonly name: string; readonly failure: AgentFailure | 'transferred' } | null;
  /** What was said so far, oldest first, as far as agents told; final lines only. */
  readonly transcript: readonly TranscriptLine[];
}

export interface TranscriptLine {
  readonly party: 'user' | 'agent';
  readonly text: string;
}

export interface Transcript extends TranscriptLine {
  readonly final: boolean;
}

export interface PlayedItem {
  readonly itemId: string;
  readonly playedMs: number;
}

/** Rates of a wire, Hz: of the sound that the agent hears, and of the sound that it makes. */
export interface WireRates {
  readonly callerRate: SampleRate;
  readonly agentRate: SampleRate;
}

/**
 * One connection to one agent on one call, whatever its protocol. A wire only translates. Pacing, playout, marks, clearing
 * and draining belong to the media session; the connect deadline, reconnecting and the watch over silence to the AgentLine
 * that owns the wire. A wire is used once: a reconnect is a new wire.
 *
 * Life: `connect` once; `start` once, after `onReady`, when the person is on the line; `callEnded` or `abort` once, also
 * after `onLost`. After either of them, and after `onLost`, nothing is emitted any more.
 *
 * Methods never throw, whatever the agent did and whenever they are called.
 */
export interface AgentWire {
  /** Dials. The outcome goes to the listener: `onReady`, `onHangup` (it declined) or `onLost`. */
  connect(): void;
  /** The person is on the line: the agent may be told, greet, and hear. */
  start(): void;
  /**
   * 20 ms of caller sound at `callerRate`, mono, every 20 ms without a hole. `pcm` is reused by the caller after the return.
   * `mediaTimeMs` is 0 at the first frame after `start`, and never jumps.
   */
  callerAudio(pcm: Int16Array, mediaTimeMs: number): void;
  callerDtmf(digit: string, durationMs: number): void;
  /** A mark's sound went out (`cleared` false) or was thrown away. */
  marked(name: string, cleared: boolean): void;
  /** What a clear left of each item: milliseconds that were really played. */
  cleared(items: readonly PlayedItem[], discardedMs: number): void;
  /** A word from outside; a wire without a use for it drops it. */
  instruct(instruction: AgentInstruction): void;
  /** Says why in the way of the protocol, closes within 500 ms. Resolves when the socket is gone. */
  callEnded(reason: string): Promise<void>;
  /** Closes at once, says nothing. */
  abort(): void;
  /** Caller sound of the time after `start` that was thrown away because the agent did not take it, milliseconds. */
  readonly callerAudioDroppedMs: number;
}

/** Why a connection is gone. `detail` is for people; it holds no address and nothing of the agent's own words. */
export interface AgentLoss {
  readonly code: AgentFailure;
  /** Dialling again may help. */
  readonly retryable: boolean;
  readonly detail: string;
}

/** What a wire says to the line that owns it. Called synchronously, never after the wire was closed. */
export interface WireListener {
  /** Once: the agent can talk. */
  onReady(): void;
  /** Sound of any length at `agentRate`, at any pace; `pcm` belongs to the listener only until it returns. */
  onAudio(pcm: Int16Array, itemId: string | null): void;
  /**
   * A sound file (WAV or Ogg/Opus) to be played after what is queued. Resolves to its length in milliseconds once it is
   * queued; sound that is sent meanwhile overtakes it. Rejects with a SoundFileError that says what is wrong with it.
   */
  onFile(bytes: Uint8Array): Promise<number>;
  /** Throw away what is queued. Answered by `cleared` before this returns, also when nothing was queued. */
  onClear(): void;
  /** To be answered by `marked` once, at once if no sound is queued. */
  onMark(name: string): void;
  /** The agent presses keys towards the phone. */
  onDtmf(digits: string): void;
  /** Something the application defined; goes to the timeline and to events, not to the phone. */
  onMessage(data: unknown): void;
  onTranscript(transcript: Transcript): void;
  /** At most once. Nothing but marks, transcripts and messages follows; whoever owns the wire ends it. */
  onHangup(drain: boolean, reason: string | null): void;
  /** The connection is gone, or of no use. The last call; it is not made after `onHangup`. */
  onLost(loss: AgentLoss): void;
}

/** What an AgentLine says to the session that owns it. As WireListener, over as many connections as it takes. */
export interface AgentListener extends Omit<WireListener, 'onReady' | 'onLost'> {
  /** Comes again after every reconnect. `connectMs`: from dialling to ready. */
  onReady(connectMs: number): void;
  /** The agent is lost and will be dialled again; `onReady` or `onFailed` follows. */
  onReconnecting(attempt: number, code: AgentFailure): void;
  /** The last call. */
  onFailed(code: AgentFailure, detail: string): void;
}

/** What wires share within one media thread. */
export interface WireServices {
  /** Link-local and metadata addresses are let through (TALKWIRE_ALLOW_LINK_LOCAL_AGENTS). */
  readonly allowLinkLocal: boolean;
  /** Where agents that dial us come in. */
  readonly door: AgentDoor;
  /** Something for the log that is nobody's fault; never with words of the agent, addresses or numbers. */
  warn(message: string, fields: Readonly<Record<string, string | number>>): void;
}

/** Lets agents in that dial us (RawAgent with entry `wait`), each by a token of one call. */
export interface AgentDoor {
  /**
   * Invites the agent to this call. `onSocket` gets the upgraded connection; `onAbsent` says that the agent is not there to
   * be told. Returns a function that withdraws the invitation.
   */
  invite(invitation: Invitation): () => void;
}

export interface Invitation {
  readonly agentId: string;
  /** The call's own id. */
  readonly key: string;
  /** How long the invitation is good for, milliseconds. */
  readonly waitMs: number;
  readonly onSocket: (socket: import('ws').WebSocket) => void;
  readonly onAbsent: () => void;
}

/** An agent that a media thread can be joined with. */
export type BridgedAgent = Exclude<AgentTarget, { wire: 'runtime' }>;

/** Builds the wire of a target. Nothing is dialled before `connect`. */
export type CreateAgentWire = (
  target: BridgedAgent,
  context: CallContext,
  listener: WireListener,
  services: WireServices,
) => AgentWire;
