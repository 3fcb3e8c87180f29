import { endCall, noteResult } from './closing.ts';
import { connect } from './connected.ts';
import type { Effect } from './effects.ts';
import { failed, missed, rejected } from './ending.ts';
import { DONE, REJECT_ELSE_TERMINATE, TERMINATE } from './farewell.ts';
import { followVoice } from './follow-voice.ts';
import { codeOf } from './graph-failure.ts';
import type { GraphResult, Input } from './inputs.ts';
import { note } from './journal.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { AcceptingState, Call, OfferedState, PreAcceptingState, UnansweredState, WaitingState } from './state.ts';

/**
 * The Graph port promises a result to every action. This is for the case that it does not: by then Meta has given up
 * ringing (meta-calling.md §5: 30 to 60 s).
 */
const GRAPH_RESULT_CAP_MS = 30_000;

/** The leg is opening. */
export function onOffered(call: Call, state: OfferedState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'media.opened': {
      const { voice } = state;
      const mediaBy = at + call.policy.mediaTimeoutMs;
      const graphBy = at + GRAPH_RESULT_CAP_MS;
      return went({ phase: 'pre-accepting', voice, sdp: input.sdp, mediaConnected: false, mediaBy, graphBy }, [
        note(at, 'media_opened'),
        { type: 'graph.pre_accept', sdp: input.sdp },
        note(at, 'pre_accept_sent'),
      ]);
    }
    case 'timer':
      if (at >= state.mediaBy) return mediaTimedOut(call, at);
      return onVoice(call, state, input);
    default:
      return onVoice(call, state, input);
  }
}

/** pre_accept is under way. ICE starts as soon as Meta has our answer, so the media may be up before Graph replies. */
export function onPreAccepting(call: Call, state: PreAcceptingState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'graph.ok':
    case 'graph.failed':
      return input.action === 'pre_accept' ? onPreAcceptResult(call, state, at, input) : ignored('not_outstanding');
    case 'media.connected':
      if (state.mediaConnected) return ignored('duplicate');
      return went({ ...state, mediaConnected: true }, [note(at, 'media_connected', { setupMs: input.setupMs })]);
    case 'timer':
      if (!state.mediaConnected && at >= state.mediaBy) return mediaTimedOut(call, at);
      if (at >= state.graphBy) return onPreAcceptResult(call, state, at, noAnswer('pre_accept'));
      return onVoice(call, state, input);
    default:
      return onVoice(call, state, input);
  }
}

/** Pre-accepted; accept goes out when both the media and the voice are there. */
export function onWaiting(call: Call, state: WaitingState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'media.connected':
      if (state.mediaConnected) return ignored('duplicate');
      return acceptIfComplete({ ...state, mediaConnected: true }, at, [
        note(at, 'media_connected', { setupMs: input.setupMs }),
      ]);
    case 'timer':
      if (!state.mediaConnected && at >= state.mediaBy) return mediaTimedOut(call, at);
      return onVoice(call, state, input);
    default:
      return onVoice(call, state, input);
  }
}

/** accept is under way. */
export function onAccepting(call: Call, state: AcceptingState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'graph.ok':
    case 'graph.failed':
      return input.action === 'accept' ? onAcceptResult(call, state, at, input) : ignored('not_outstanding');
    case 'timer':
      return onAcceptResult(call, state, at, noAnswer('accept'));
    default:
      return onVoice(call, state, input);
  }
}

function onPreAcceptResult(call: Call, state: PreAcceptingState, at: number, result: GraphResult): Outcome {
  const notes = [noteResult(at, result)];
  if (result.type === 'graph.ok') {
    const { voice, sdp, mediaConnected, mediaBy } = state;
    return acceptIfComplete({ phase: 'waiting', voice, sdp, mediaConnected, mediaBy }, at, notes);
  }
  const { kind } = result.error;
  if (kind === 'gone') return endCall(call, { at, ending: missed('caller_gave_up'), notes, farewell: DONE });
  return endCall(call, {
    at,
    ending: failed('pre_accept_refused', 'meta', codeOf(result.error)),
    notes,
    farewell: kind === 'refused' ? REJECT_ELSE_TERMINATE : TERMINATE,
  });
}

function onAcceptResult(call: Call, state: AcceptingState, at: number, result: GraphResult): Outcome {
  const notes = [noteResult(at, result)];
  if (result.type === 'graph.ok') return connect(call, state.voice, at, notes);
  if (result.error.kind === 'gone') {
    return endCall(call, { at, ending: missed('caller_gave_up'), notes, farewell: DONE });
  }
  const ending = failed('accept_refused', 'meta', codeOf(result.error));
  return endCall(call, { at, ending, notes, farewell: TERMINATE });
}

function onVoice(call: Call, state: UnansweredState, input: Input): Outcome {
  return followVoice(
    call,
    state,
    input,
    (endedBy, detail) => rejected('agent_unavailable', endedBy, detail),
    (next, effects) => (next.phase === 'waiting' ? acceptIfComplete(next, input.at, effects) : went(next, effects)),
  );
}

function acceptIfComplete(state: WaitingState, at: number, effects: readonly Effect[]): Outcome {
  const { voice, sdp, mediaConnected } = state;
  if (!mediaConnected || (voice.kind === 'agent' && !voice.ready)) return went(state, effects);
  // The very string of pre_accept, or Graph refuses (meta-calling.md §2.1).
  return went({ phase: 'accepting', voice, graphBy: at + GRAPH_RESULT_CAP_MS }, [
    ...effects,
    { type: 'graph.accept', sdp },
    note(at, 'accept_sent'),
  ]);
}

function mediaTimedOut(call: Call, at: number): Outcome {
  return endCall(call, { at, ending: failed('media_timeout', 'bridge'), notes: [note(at, 'media_timed_out')] });
}

type GraphFailed = Extract<GraphResult, { type: 'graph.failed' }>;

function noAnswer(action: 'pre_accept' | 'accept'): GraphFailed {
  return { type: 'graph.failed', action, error: { code: null, httpStatus: null, kind: 'unknown', message: '' } };
}
