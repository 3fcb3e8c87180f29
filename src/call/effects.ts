import type { AgentFailure, AgentTarget, RuntimeAgent } from './agent-target.ts';
import type { Ending } from './ending.ts';
import type { CallQuality } from './quality.ts';

/** What the machine wants done. The runtime performs each and feeds the result back as an input. */
export type Effect =
  /** Results: graph.ok or graph.failed of the same action. */
  | { readonly type: 'graph.pre_accept'; readonly sdp: string }
  | { readonly type: 'graph.accept'; readonly sdp: string }
  | { readonly type: 'graph.reject' }
  | { readonly type: 'graph.terminate' }
  /** Places the call with our offer. Never repeated. Results: dial.placed or dial.failed. */
  | { readonly type: 'graph.connect'; readonly sdp: string }
  /** Opens the leg that answers, gated: no RTP leaves. Results: media.opened or media.failed, later media.connected. */
  | {
      readonly type: 'media.open';
      readonly offer: string;
      readonly firstMediaTimeoutMs: number;
      readonly mediaGapTimeoutMs: number;
    }
  /** Opens the leg of a dial, gated. Results: media.opened with our offer, or media.failed. */
  | {
      readonly type: 'media.offer';
      readonly firstMediaTimeoutMs: number;
      readonly mediaGapTimeoutMs: number;
      /** `media.heard` may come before `media.ungate`: the phone's first sound is a sign that it was picked up. */
      readonly hearEarly: boolean;
    }
  /** Gives the leg of a dial Meta's answer. Results: media.connected or media.failed. */
  | { readonly type: 'media.answer'; readonly sdp: string }
  /** Accept succeeded, or the dial was picked up: RTP flows from now on, a packet every 20 ms. */
  | { readonly type: 'media.ungate' }
  /** Result: media.prompt_done. */
  | { readonly type: 'media.play'; readonly prompt: string }
  /** Plays a prompt while the agent's sound is held, or, with `interrupt`, thrown away first. Result: media.announced. */
  | { readonly type: 'media.announce'; readonly id: string; readonly prompt: string; readonly interrupt: boolean }
  /** Play what is queued, take nothing new from the agent. Result: media.drained. */
  | { readonly type: 'media.drain' }
  /** Result: media.closed. Closes the agent's socket too, saying why. */
  | { readonly type: 'media.close'; readonly ending: Ending }
  /**
   * Results: agent.ready or agent.failed of this seat. Lets go of the agent before. Sound does not flow before `agent.start`;
   * after it, the agent is put on the line as soon as it is ready, and until then the caller hears the comfort tone.
   */
  | {
      readonly type: 'agent.connect';
      readonly seat: number;
      readonly agent: Exclude<AgentTarget, RuntimeAgent>;
      readonly reconnectAttempts: number;
      /** Nobody comes after it: it is worth trying whatever is known of it. */
      readonly last: boolean;
    }
  /**
   * Dials another agent beside the one that has the call. Results: agent.ready or agent.failed of this seat. It neither hears
   * nor is heard before `agent.switch`, which lets go of the one before, or `agent.drop`, which lets go of this one.
   */
  | {
      readonly type: 'agent.prepare';
      readonly seat: number;
      readonly agent: Exclude<AgentTarget, RuntimeAgent>;
      readonly reconnectAttempts: number;
    }
  | { readonly type: 'agent.switch'; readonly seat: number }
  | { readonly type: 'agent.drop'; readonly seat: number }
  /** Results: agent.launched or agent.failed of this seat. */
  | {
      readonly type: 'agent.launch';
      readonly seat: number;
      readonly agent: RuntimeAgent;
      /** A launch that succeeded later could not be taken back, and two would answer. */
      readonly timeoutMs: number;
      readonly last: boolean;
    }
  /** The person is on the line: caller audio flows to the agent and the agent may speak. */
  | { readonly type: 'agent.start' }
  | { readonly type: 'agent.close'; readonly ending: Ending }
  /** Whoever asked for the transfer to this seat is told what came of it. */
  | { readonly type: 'transfer.over'; readonly seat: number; readonly outcome: TransferOutcome }
  /** A line of the call's timeline. */
  | { readonly type: 'log.append'; readonly event: TimelineEvent }
  /** The call's record changed: write what differs. */
  | { readonly type: 'log.update'; readonly patch: CallPatch };

export type TransferOutcome =
  | { readonly type: 'transferred' }
  /** The agent before was gone first: the call waits for the new one, as for any of its chain. */
  | { readonly type: 'waiting' }
  /** The agent before has the call still, unless it is over. */
  | { readonly type: 'failed'; readonly code: AgentFailure | 'call_over' };

/** What a media thread is told. */
export type MediaEffect = Exclude<
  Extract<Effect, { type: `media.${string}` | `agent.${string}` }>,
  { type: 'agent.launch' }
>;

/** What is written down of a call. */
export type LogEffect = Extract<Effect, { type: `log.${string}` }>;

/** `data` holds what a person who debugs a call wants to see; never SDP, tokens, phone numbers or addresses. */
export interface TimelineEvent {
  readonly at: number;
  readonly type: string;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

/** The first two are of a dial that is not placed yet. */
export type CallStatus =
  | 'scheduled'
  | 'awaiting_permission'
  | 'initiated'
  | 'ringing'
  | 'answered'
  | 'completed'
  | 'failed';

/** Times in Unix milliseconds. */
export interface CallPatch {
  readonly status?: CallStatus;
  /** Meta's id, once it is known of a dial. */
  readonly callId?: string;
  /** When the media session began, that is, when accept succeeded. */
  readonly sessionStartedAt?: number;
  readonly endedAt?: number;
  readonly durationSeconds?: number | null;
  /** Who speaks, from now on. */
  readonly agent?: { readonly id: string; readonly name: string };
  /** A runtime has the call, media and all. */
  readonly launched?: true;
  readonly ending?: Ending;
  readonly quality?: CallQuality | null;
}
