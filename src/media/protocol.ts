import type { BridgedAgent, DoorCommand, DoorReport } from '../agents/index.ts';
import type { AgentInput, AgentInstruction, CallIdentity, CallQuality, MediaInput } from '../call/index.ts';
import type { LegNetwork } from '../webrtc/index.ts';

/**
 * What crosses between the main thread and a media thread: small typed messages, never sound. `key` is the call's own id
 * (CallIdentity.id).
 */
export type MediaCommand =
  | {
      readonly type: 'open';
      readonly key: string;
      readonly offer: string;
      readonly identity: CallIdentity;
      readonly firstMediaTimeoutMs: number;
      readonly mediaGapTimeoutMs: number;
    }
  /** Opens the leg of a dial; its answer follows. */
  | {
      readonly type: 'offer';
      readonly key: string;
      readonly identity: CallIdentity;
      readonly firstMediaTimeoutMs: number;
      readonly mediaGapTimeoutMs: number;
      readonly hearEarly: boolean;
    }
  | { readonly type: 'answer'; readonly key: string; readonly sdp: string }
  | { readonly type: 'ungate'; readonly key: string }
  | { readonly type: 'play'; readonly key: string; readonly prompt: string }
  /** Plays a prompt over the agent, whose sound is held, or, with `interrupt`, thrown away first. */
  | {
      readonly type: 'announce';
      readonly key: string;
      readonly id: string;
      readonly prompt: string;
      readonly interrupt: boolean;
    }
  | { readonly type: 'drain'; readonly key: string }
  | { readonly type: 'close'; readonly key: string; readonly reason: string }
  | {
      readonly type: 'agent.connect';
      readonly key: string;
      readonly seat: number;
      /** As it is by now: Meta names a dial after its leg was opened. */
      readonly identity: CallIdentity;
      readonly agent: BridgedAgent;
      readonly reconnectAttempts: number;
    }
  /** Dials another agent beside the one that has the call; `agent.switch` or `agent.drop` follows, or it fails. */
  | {
      readonly type: 'agent.prepare';
      readonly key: string;
      readonly seat: number;
      readonly identity: CallIdentity;
      readonly agent: BridgedAgent;
      readonly reconnectAttempts: number;
    }
  | { readonly type: 'agent.switch' | 'agent.drop'; readonly key: string; readonly seat: number }
  | { readonly type: 'agent.start'; readonly key: string }
  | { readonly type: 'agent.close'; readonly key: string; readonly reason: string }
  | { readonly type: 'agent.instruct'; readonly key: string; readonly instruction: AgentInstruction }
  /** For the door that agents come in by. */
  | { readonly type: 'door'; readonly message: DoorCommand }
  /** Closes every session, then lets the thread end by itself. */
  | { readonly type: 'shutdown' };

export type MediaReport =
  /** The thread works. */
  | { readonly type: 'ready' }
  /** Fed to the call machine as it is. */
  | { readonly type: 'input'; readonly key: string; readonly at: number; readonly input: MediaInput | AgentInput }
  /** For the timeline and events only: what the agent of this name said through its wire. */
  | {
      readonly type: 'agent.message';
      readonly key: string;
      readonly at: number;
      readonly agent: string;
      /** JSON, cut. */
      readonly text: string;
    }
  | {
      readonly type: 'agent.transcript';
      readonly key: string;
      readonly at: number;
      readonly agent: string;
      readonly party: 'user' | 'agent';
      readonly text: string;
      readonly final: boolean;
    }
  /** Now and then, for the live view and metrics. Levels in dBFS of the last interval. */
  | {
      readonly type: 'levels';
      readonly key: string;
      readonly at: number;
      readonly callerDb: number;
      readonly agentDb: number;
      readonly quality: CallQuality;
    }
  | { readonly type: 'door'; readonly message: DoorReport }
  | { readonly type: 'thread'; readonly at: number; readonly load: ThreadLoad }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, string | number | boolean | null>>;
    };

/** How busy a media thread is. `clockLagMs`: how late the 20 ms clock ticked, worst of the interval. */
export interface ThreadLoad {
  readonly calls: number;
  readonly clockLagMs: number;
  /** Event loop utilisation, 0..1. */
  readonly utilisation: number;
  readonly cpuMs: number;
  readonly encoderComplexity: number;
}

/** Given to a media thread when it starts. */
export interface MediaThreadOptions {
  readonly network: LegNetwork;
  readonly promptsFolder: string;
  /** Agents may have link-local and metadata addresses. */
  readonly allowLinkLocalAgents: boolean;
}
