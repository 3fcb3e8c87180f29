import type { AgentChoice, AgentFailure } from './agent-target.ts';
import type { CallQuality } from './quality.ts';

/** Everything that can happen to a call, by origin. `at` is the time it happened, Unix milliseconds. */
export type Input = { readonly at: number } & (
  | MetaInput
  | ApiInput
  | MediaInput
  | AgentInput
  | GraphResult
  | DialInput
  | { readonly type: 'timer' }
);

/** What Meta's webhooks say. */
export type MetaInput =
  | {
      readonly type: 'meta.connect';
      readonly sdpType: 'offer' | 'answer';
      readonly sdp: string;
      /** Meta's own time of the event, Unix milliseconds. */
      readonly timestamp: number;
    }
  | { readonly type: 'meta.status'; readonly status: 'RINGING' | 'ACCEPTED' | 'REJECTED'; readonly timestamp: number }
  | {
      readonly type: 'meta.terminate';
      readonly timestamp: number;
      readonly status: 'COMPLETED' | 'FAILED' | null;
      /** Present only when the call was picked up (meta-calling.md §3.6). */
      readonly startTime: number | null;
      readonly endTime: number | null;
      readonly durationSeconds: number | null;
      readonly errors: readonly MetaError[];
    };

/** Of a call that we place. */
export type DialInput =
  /** Graph took our connect and names the call. */
  | { readonly type: 'dial.placed'; readonly callId: string; readonly tookMs: number }
  /** `unknown`: it may have been placed. */
  | { readonly type: 'dial.failed'; readonly error: GraphFailure }
  /** A webhook with our callback data names the call, maybe before Graph's own answer. Fed before what the webhook says. */
  | { readonly type: 'dial.named'; readonly callId: string };

export interface MetaError {
  readonly code: number;
  readonly title: string | null;
  readonly details: string | null;
}

/** What our own API or the service itself asks for. */
export type ApiInput =
  /** Place the call; its record is written. */
  | { readonly type: 'api.dial' }
  /** A client placed the call and has its media; ours is to write down what Meta says of it. */
  | {
      readonly type: 'api.follow';
      /** A process before this one saw that it was picked up. */
      readonly answered?: boolean;
    }
  | { readonly type: 'api.hangup' }
  /** Play a prompt over the agent that has the call. */
  | {
      readonly type: 'api.announce';
      /** Comes back in the timeline. */
      readonly id: string;
      readonly prompt: string;
      /** Throws away what the agent had queued. */
      readonly interrupt: boolean;
    }
  /** Give the call to the first of these; the others are who comes after it, if it is lost. */
  | { readonly type: 'api.transfer'; readonly agents: readonly AgentChoice[] }
  /** Admission says no, before the connect is fed: reject it, class `rejected`, with this reason. */
  | { readonly type: 'service.refused'; readonly why: Refusal }
  /** The service is stopping and the time for calls to end by themselves is over. */
  | { readonly type: 'service.drained' }
  /**
   * This call was live when the process died. It is closed by the next start, unless a runtime has it (`launched`), which
   * a restart of ours does not concern. A dial that was not named yet is closed when Meta names it, or never does.
   */
  | { readonly type: 'service.restarted'; readonly answered: boolean; readonly launched: boolean };

/** Why a call is not let in. */
export type Refusal = 'at_capacity' | 'draining' | 'number_busy' | 'outside_hours' | 'caller_denied';

/** What the media thread reports. */
export type MediaInput =
  /** The leg is open (gated) and this is its answer (inbound) or offer (outbound). */
  | { readonly type: 'media.opened'; readonly sdp: string }
  /** ICE and DTLS are up. */
  | { readonly type: 'media.connected'; readonly setupMs: number }
  | { readonly type: 'media.failed'; readonly code: MediaFailure; readonly detail: string }
  /** First RTP from the phone. */
  | { readonly type: 'media.heard' }
  /** Nothing, neither RTP nor RTCP, came from the phone for the time the policy allows. */
  | { readonly type: 'media.silent'; readonly silentMs: number }
  /** A prompt was played to its end, or could not be. */
  | { readonly type: 'media.prompt_done'; readonly prompt: string; readonly played: boolean }
  /** The same of an announcement. */
  | { readonly type: 'media.announced'; readonly id: string; readonly played: boolean }
  /** All agent sound was sent after `media.drain`. */
  | { readonly type: 'media.drained' }
  | { readonly type: 'media.dtmf'; readonly digit: string; readonly durationMs: number }
  /** Peer, sockets, codec and agent socket are gone. The last report of a leg. */
  | { readonly type: 'media.closed'; readonly quality: CallQuality | null };

export type MediaFailure =
  | 'bad_offer'
  | 'ice_failed'
  | 'dtls_failed'
  | 'dtls_key_refused'
  | 'no_port'
  | 'media_lost'
  | 'thread_died'
  | 'internal';

/** `seat` is the agent's place in CallPolicy.agents: what one agent says late must not be taken for the next one's. */
export type AgentInput = { readonly seat: number } & (
  | { readonly type: 'agent.ready'; readonly connectMs: number }
  /** Never became ready, or was lost and could not be reached again. */
  | { readonly type: 'agent.failed'; readonly code: AgentFailure; readonly detail: string }
  | { readonly type: 'agent.reconnecting'; readonly attempt: number; readonly code: AgentFailure }
  /** The agent ends the call. With `drain`, what it said is played first. */
  | { readonly type: 'agent.hangup'; readonly drain: boolean; readonly reason: string | null }
  /** First sound of the agent was put on the wire. */
  | { readonly type: 'agent.spoke' }
  /** A runtime (RuntimeAgent) took the call: media and answer are its own from now on. */
  | { readonly type: 'agent.launched'; readonly tookMs: number }
);

export type GraphAction = 'pre_accept' | 'accept' | 'reject' | 'terminate';

/** The outcome of a Graph effect, fed back. */
export type GraphResult =
  | { readonly type: 'graph.ok'; readonly action: GraphAction; readonly tookMs: number }
  | { readonly type: 'graph.failed'; readonly action: GraphAction; readonly error: GraphFailure };

export interface GraphFailure {
  /** Meta's error code; null when no answer was had. */
  readonly code: number | null;
  readonly httpStatus: number | null;
  /**
   * - `refused`: Graph said no, and will say no again
   * - `gone`: Graph says that the call is over or unknown
   * - `unknown`: no answer was had (timeout, 5xx after safe retries), it may have happened or not
   */
  readonly kind: 'refused' | 'gone' | 'unknown';
  readonly message: string;
  /** Of a connect, when Graph says that it would allow it (138012), Unix milliseconds. */
  readonly retryAt?: number;
}
