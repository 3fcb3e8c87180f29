import type {
  AgentFailure,
  AgentInput,
  AgentInstruction,
  CallIdentity,
  CallPatch,
  CallPlan,
  CallStatus,
  Effect,
  GraphAction,
  GraphFailure,
  GraphResult,
  MediaEffect,
  MediaInput,
  PlannedCall,
  TimelineEvent,
  User,
} from '../call/index.ts';

/** Time, so that a world test can own it. Milliseconds. */
export interface Clock {
  now(): number;
  /** Returns a function that cancels. */
  at(time: number, run: () => void): () => void;
}

/** Sends the four actions of a call through Graph. Never rejects. Retries inside, only where it is safe. */
export interface GraphPort {
  act(request: GraphRequest): Promise<GraphResult>;
  /** Places a call, once: sent again only if not one byte of it had left. */
  connect(request: ConnectRequest): Promise<ConnectResult>;
}

export interface ConnectRequest {
  readonly phoneNumberId: string;
  /** Our own id of the call, for logs. */
  readonly key: string;
  readonly user: Pick<User, 'waId' | 'userId'>;
  readonly sdp: string;
  readonly callbackData: string;
}

export type ConnectResult =
  | { readonly type: 'placed'; readonly callId: string; readonly tookMs: number }
  | { readonly type: 'failed'; readonly error: GraphFailure };

export interface GraphRequest {
  readonly phoneNumberId: string;
  readonly callId: string;
  readonly action: GraphAction;
  readonly sdp: string | null;
}

/** Media of all calls, in whatever threads. Commands are fire and forget; what happens comes to the listener. */
export interface MediaPort {
  perform(identity: CallIdentity, effect: MediaEffect): void;
  /** Hands a word from outside to the agent of a call; nothing if it has none, or one whose wire has no use for it. */
  instruct(key: string, instruction: AgentInstruction): void;
  onReport(listener: (report: RuntimeMediaReport) => void): void;
  close(): Promise<void>;
}

export type Launch = Extract<Effect, { type: 'agent.launch' }>;

/** Hands a call to a runtime that does its own media. Never rejects. */
export interface LaunchPort {
  launch(identity: CallIdentity, launch: Launch, webhook: unknown): Promise<LaunchResult>;
}

export type LaunchResult =
  | { readonly type: 'launched'; readonly tookMs: number }
  | { readonly type: 'failed'; readonly code: AgentFailure; readonly detail: string };

export type RuntimeMediaReport =
  | { readonly type: 'input'; readonly key: string; readonly at: number; readonly input: MediaInput | AgentInput }
  | { readonly type: 'note'; readonly key: string; readonly event: TimelineEvent };

/** The call log. Writes are durable when the promise resolves. */
export interface CallLog {
  create(identity: CallIdentity, status: CallStatus, at: number, agent: AgentName | null): Promise<void>;
  update(id: string, patch: CallPatch, at: number): Promise<void>;
  append(id: string, event: TimelineEvent): Promise<void>;
  /** Our own id of the call with this Meta id, ended or not; null if it has no record. */
  keyOf(callId: string): Promise<string | null>;
  /** The call with our own id, ended or not; null if it has no record. */
  recorded(key: string): Promise<RecordedCall | null>;
  /** Calls that were live when the process died; those that were not placed yet are not among them. */
  unfinished(): Promise<readonly UnfinishedCall[]>;
  /** Keeps a terminated id whose connect has not come, so that a later connect does not ring (meta-calling.md §9.1). */
  bury(callId: string, at: number): Promise<void>;
  buried(callId: string): Promise<boolean>;
}

/** The agent that a call is for, as the log names it. */
export interface AgentName {
  readonly id: string;
  readonly name: string;
}

export interface RecordedCall {
  readonly identity: CallIdentity;
  readonly over: boolean;
}

export interface UnfinishedCall {
  readonly identity: CallIdentity;
  /** Accept had succeeded. */
  readonly answered: boolean;
  /** A runtime has it. */
  readonly launched: boolean;
  /** A client has its media. */
  readonly followed: boolean;
}

/** What we owe Graph: a row before it is an attempt, gone when it is done or known to be pointless. */
export interface DebtBook {
  owe(debt: Debt): Promise<void>;
  settle(callId: string, action: GraphAction): Promise<void>;
  open(): Promise<readonly Debt[]>;
}

export interface Debt {
  readonly phoneNumberId: string;
  readonly callId: string;
  readonly action: Extract<GraphAction, 'reject' | 'terminate'>;
  readonly since: number;
}

/** Decides by which rules a call is handled; null if its number is not ours. */
export interface PolicySource {
  planFor(call: PlannedCall): Promise<CallPlan | null>;
}

/** Watches without being asked to do anything: logs, metrics, the demo's screen, tests. */
export interface RuntimeObserver {
  onTimeline?(identity: CallIdentity, event: TimelineEvent): void;
  onUpdated?(identity: CallIdentity, patch: CallPatch): void;
  onIgnored?(callId: string, what: string, why: string): void;
}

export interface AnnounceOrder {
  /** Comes back in the timeline. */
  readonly id: string;
  /** A file of the folder of prompts. */
  readonly prompt: string;
  /** Throws away what the agent had queued. */
  readonly interrupt: boolean;
}

/**
 * Why nothing can be done to a call now:
 *
 * - `over`: it is not live, or ending
 * - `elsewhere`: a runtime or a client has its media
 * - `not_answered`: nobody is on the line
 * - `no_agent`: a prompt is played in place of an agent, or the agent's last words are
 * - `too_many_prompts`, `transfer_under_way`: there is more of the same than it takes
 * - `agent_has_it`: it would be given to the agent that has it
 * - `agent_not_ready`: the agent is being dialled
 */
export type ControlRefusal =
  | 'over'
  | 'elsewhere'
  | 'not_answered'
  | 'no_agent'
  | 'too_many_prompts'
  | 'transfer_under_way'
  | 'agent_has_it'
  | 'agent_not_ready';

/** One walk over everything of a kind that is old enough to go. */
export interface Sweep {
  /** Looks at the next few, in one short transaction, and deletes those that may go. */
  step(): Promise<Swept>;
}

export interface Swept {
  readonly deleted: number;
  /** Nothing is left to be looked at. */
  readonly done: boolean;
}

/** What grows with every call. `before`: Unix milliseconds. */
export interface Retained {
  /** Calls with their timelines, but those that go on or wait, or count for a limit. */
  calls(before: number): Sweep;
  /** Contacts, their conversations and requests for permission, if nothing belongs to them any more. */
  contacts(before: number): Sweep;
}
