import { recordAgent } from './chain.ts';
import { endCall } from './closing.ts';
import type { OfferingState, PlacingState, UnsureState } from './dial-state.ts';
import { failed, rejected } from './ending.ts';
import { DONE } from './farewell.ts';
import { codeOf, noteFailure } from './graph-failure.ts';
import { isNamed } from './identity.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { onLive } from './live.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import { ringUser } from './ringing.ts';
import type { Call } from './state.ts';

/** The Graph port promises a result to a connect. This is for the case that it does not. */
const CONNECT_RESULT_CAP_MS = 30_000;

/** Begins a dial: opens the leg that makes our offer. The agent is dialled when Meta has the call. */
export function dialUser(call: Call, at: number): Outcome {
  const { identity, policy } = call;
  if (identity.direction !== 'outbound') return ignored('not_ours_to_place');
  if (isNamed(identity)) return ignored('placed_already');
  const { onAgentUnavailable, mediaTimeoutMs, firstMediaTimeoutMs, mediaGapTimeoutMs, answeredBy } = policy;
  // A runtime answers calls of users, and cannot speak in one of ours.
  const seat = policy.agents.findIndex(({ agent }) => agent.wire !== 'runtime');
  // Better not to ring than to be picked up by nobody.
  if (seat < 0 && onAgentUnavailable.action === 'reject') {
    return endCall(call, { at, ending: rejected('no_agent', 'bridge') });
  }
  const hearEarly = answeredBy === 'accepted_or_media';
  return went({ phase: 'offering', mediaBy: at + mediaTimeoutMs }, [
    { type: 'media.offer', firstMediaTimeoutMs, mediaGapTimeoutMs, hearEarly },
    // The record is older than the plan, and names an agent only if one was asked for.
    ...(seat < 0 ? [] : [recordAgent(policy, seat)]),
    note(at, 'dial_begun'),
  ]);
}

/** The leg is opening. */
export function onOffering(call: Call, state: OfferingState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'media.opened':
      return went({ phase: 'placing', graphBy: at + CONNECT_RESULT_CAP_MS }, [
        { type: 'graph.connect', sdp: input.sdp },
        note(at, 'media_opened'),
        note(at, 'connect_sent'),
      ]);
    case 'timer':
      return endCall(call, {
        at,
        ending: failed('media_timeout', 'bridge'),
        notes: [note(at, 'media_timed_out')],
      });
    case 'dial.placed':
    case 'dial.named':
      // Meta has a call by this name that is not made of our offer.
      return endCall(call, { at, ending: failed('connect_unknown', 'bridge', 'named_before_it_was_placed') });
    default:
      return onLive(call, state, input);
  }
}

/** Graph was asked to place the call, once. Its answer and a webhook that names the call come in either order. */
export function onPlacing(call: Call, state: PlacingState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'dial.placed':
    case 'dial.named':
      return ringUser(call, at);
    case 'dial.failed':
      if (input.error.kind !== 'unknown') return refused(call, input);
      return went(watch(call, at), [noteFailure(at, 'connect', input.error)]);
    case 'timer':
      return went(watch(call, at), [note(at, 'connect_not_answered')]);
    default:
      return onLive(call, state, input);
  }
}

/**
 * It is not known whether Graph placed the call. To ask again could ring the user twice; so only a webhook, or a late
 * answer, can take it on from here.
 */
export function onUnsure(call: Call, state: UnsureState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'dial.placed':
    case 'dial.named':
      return ringUser(call, at);
    case 'dial.failed':
      return input.error.kind === 'unknown' ? ignored('duplicate') : refused(call, input);
    case 'timer':
      return endCall(call, {
        at,
        ending: failed('connect_unknown', 'bridge'),
        notes: [note(at, 'never_named')],
        farewell: DONE,
      });
    default:
      return onLive(call, state, input);
  }
}

function watch({ policy }: Call, at: number): UnsureState {
  return { phase: 'unsure', watchBy: at + policy.connectWatchMs };
}

function refused(call: Call, { at, error }: Extract<Input, { type: 'dial.failed' }>): Outcome {
  return endCall(call, {
    at,
    ending: failed('connect_refused', 'meta', codeOf(error)),
    notes: [noteFailure(at, 'connect', error)],
    farewell: DONE,
  });
}
