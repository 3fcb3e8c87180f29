/** What the agents' room needs of storage, and what storage and the HTTP routes know of agents. */
import type { AgentChoice, AgentUnavailable, CallPolicy, OnAgentLost } from '../call/index.ts';

export type ProviderKind = 'pipecat' | 'websocket' | 'twilio' | 'openai_realtime' | 'elevenlabs';

/**
 * What a voice agent is reached by: `kind` and the fields of that kind, as the API spells them, already checked
 * (providers/). Holds secrets; which fields those are, providers/ knows too.
 */
export type ProviderConfig = { readonly kind: ProviderKind } & Readonly<Record<string, unknown>>;

/** What holds for an agent of any kind, as the API spells it. */
export interface AgentSettings {
  readonly max_concurrent_calls: number | null;
  readonly connect_timeout_seconds: number;
  readonly speak_within_seconds: number | null;
  /** http:// or https:// that answers 2xx while the agent is well; null: a connection to its port is tried instead. */
  readonly health_url: string | null;
  readonly parameters: Readonly<Record<string, string>>;
}

/** One voice agent. Times in Unix milliseconds. */
export interface VoiceAgent {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly provider: ProviderConfig;
  readonly settings: AgentSettings;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** That an agent may answer a number. */
export interface Assignment {
  readonly id: string;
  readonly voiceAgentId: string;
  readonly phoneNumberId: string;
  readonly isPrimary: boolean;
  readonly enabled: boolean;
  /** Its place in the number's fallback chain, behind the primary: lowest first, then the oldest. */
  readonly position: number;
  readonly onLost: OnAgentLost;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Rules of one business number, beside the policy of its calls. */
export interface NumberRules {
  /** Calls that are live on it at once; null for any number. */
  readonly maxConcurrentCalls: number | null;
  readonly hours: CallHours | null;
  /** What a caller hears outside of them. */
  readonly outsideHours: AgentUnavailable;
  /** Phone numbers in digits or BSUIDs. A list that is not empty lets in only those on it. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** The ringing time that the agents have (CallPolicy.agentTimeoutMs); null: as long as the number's policy says, or the most patient agent. */
  readonly answerWithinMs: number | null;
}

export const NO_RULES: NumberRules = {
  maxConcurrentCalls: null,
  hours: null,
  outsideHours: { action: 'reject' },
  allow: [],
  deny: [],
  answerWithinMs: null,
};

/** When calls are taken, by the clock on the wall of `timeZone` (IANA). */
export interface CallHours {
  readonly timeZone: string;
  readonly weekly: readonly CallHoursSpan[];
  /** Dates without calls, YYYY-MM-DD. */
  readonly closedOn: readonly string[];
}

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** HH:MM, `to` exclusive; 24:00 is the day's end. A span that ends before it begins goes on into the next day. */
export interface CallHoursSpan {
  readonly day: Weekday;
  readonly from: string;
  readonly to: string;
}

/** Where calls are planned from. */
export interface RoutingSource {
  /** Null if the number is not ours. */
  rulesOf(phoneNumberId: string): NumberRouting | null;
  /** One agent by its id, as a call to or from this number would have it; null if there is none. */
  choiceOf(voiceAgentId: string, phoneNumberId: string): AgentChoice | null;
}

export interface NumberRouting {
  readonly policy: Omit<CallPolicy, 'agents'>;
  readonly rules: NumberRules;
  /** Primary first, then the fallback chain. */
  readonly chain: readonly AgentChoice[];
}

/** The voice agents and whom they answer for. Writes are durable when their promise resolves. */
export interface VoiceAgentBook {
  list(): readonly VoiceAgent[];
  get(id: string): VoiceAgent | null;
  /** Keeps an agent, new or changed. */
  put(agent: VoiceAgent): Promise<void>;
  /** Its assignments go with it. False if there was none. */
  remove(id: string): Promise<boolean>;
  assignments(of?: { readonly voiceAgentId?: string; readonly phoneNumberId?: string }): readonly Assignment[];
  assignment(id: string): Assignment | null;
  /**
   * Keeps assignments, new or changed, all or none of them.
   *
   * @throws PrimaryTaken if a number would have two enabled primaries
   */
  putAssignments(assignments: readonly Assignment[]): Promise<void>;
  removeAssignment(id: string): Promise<boolean>;
}

/** The number is answered by another primary. */
export class PrimaryTaken extends Error {
  override readonly name = 'PrimaryTaken';
  readonly phoneNumberId: string;

  constructor(phoneNumberId: string) {
    super('Primary assignment already exists for this number');
    this.phoneNumberId = phoneNumberId;
  }
}
