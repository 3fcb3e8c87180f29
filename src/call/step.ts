import { onAnswering } from './answering.ts';
import { onNew } from './arrival.ts';
import { onEnded, onEnding } from './closing.ts';
import { onConnected, onDraining } from './connected.ts';
import { deadlineOf } from './deadline.ts';
import { onOffering, onPlacing, onUnsure } from './dial.ts';
import type { Effect } from './effects.ts';
import { onFollowing } from './follow.ts';
import { type CallIdentity, isNamed } from './identity.ts';
import type { Input } from './inputs.ts';
import { EMPTY_JOURNAL, note, withinLimit, writeIgnored, writeObservation } from './journal.ts';
import { onLaunched, onLaunching } from './launch.ts';
import { onAccepting, onOffered, onPreAccepting, onWaiting } from './offer.ts';
import type { Outcome } from './outcome.ts';
import type { CallPolicy } from './policy.ts';
import { onRinging } from './ringing.ts';
import type { Call, CallState } from './state.ts';

/*
 * Every input, by origin:
 *
 *   meta     meta.connect  meta.status  meta.terminate
 *   api      api.dial  api.follow  api.hangup  api.announce  api.transfer
 *   service  service.refused  service.drained  service.restarted
 *   media    media.opened  media.connected  media.failed  media.heard  media.silent  media.prompt_done  media.drained
 *            media.announced  media.dtmf  media.closed
 *   agent    agent.ready  agent.reconnecting  agent.failed  agent.hangup  agent.spoke  agent.launched
 *   graph    graph.ok  graph.failed, of pre_accept, accept, reject, terminate
 *   dial     dial.placed  dial.failed  dial.named
 *   timer    timer
 *
 * Each phase takes those that mean something to it; the others are ignored with a reason. Who closes whom: docs/closing.md.
 */

export interface Step {
  readonly call: Call;
  readonly effects: readonly Effect[];
  /** When to feed a `timer`, Unix milliseconds; replaces the deadline of the step before. Null for never. */
  readonly deadline: number | null;
}

/**
 * A call nothing is known of yet but who it is. Feed it what came in: `meta.connect`, `meta.terminate`, or, if admission
 * or a crash already decided, `service.refused` or `service.restarted`; a call of ours is begun by `api.dial` or `api.follow`.
 */
export function beginCall(identity: CallIdentity, policy: CallPolicy): Call {
  return { identity, policy, state: { phase: 'new' }, journal: EMPTY_JOURNAL };
}

/**
 * Takes one input. Pure, and never throws: an unknown, late or repeated input is ignored with a reason in the timeline,
 * and a timer that comes before the deadline changes nothing. The identity of a dial changes once, when Meta has named it:
 * `callId` of the result is the one that effects of this step are about.
 */
export function step(call: Call, input: Input): Step {
  if (input.type === 'timer' && !isDue(call.state, input.at)) return stepTo(call, []);
  if (input.type === 'dial.placed' || input.type === 'dial.named') return onName(call, input);
  const observed = hasLeg(call.state) ? writeObservation(call.journal, input) : null;
  if (observed === null) return take(call, input, []);
  const seen = { ...call, journal: observed.journal };
  // The first sound of the phone may mean that it was picked up.
  if (input.type === 'media.heard' && call.state.phase === 'ringing') return take(seen, input, observed.effects);
  return stepTo(seen, observed.effects);
}

/** Whether the call has ended and everything about it is closed; what it is fed from now on changes only the log. */
export function isOver(call: Call): boolean {
  return call.state.phase === 'ended';
}

/** Meta's name of a dial comes once, from Graph or from a webhook, in whatever phase; the phases hear only of that. */
function onName(call: Call, input: Extract<Input, { type: 'dial.placed' | 'dial.named' }>): Step {
  const { at, callId } = input;
  const tookMs = input.type === 'dial.placed' ? input.tookMs : null;
  if (!isNamed(call.identity)) {
    const named = { ...call, identity: { ...call.identity, callId } };
    return take(named, input, [
      { type: 'log.update', patch: { callId } },
      note(at, 'named', { by: input.type === 'dial.placed' ? 'graph' : 'webhook', tookMs }),
    ]);
  }
  // Graph's answer, after the webhook.
  if (tookMs !== null && callId === call.identity.callId)
    return stepTo(call, [note(at, 'connect_confirmed', { tookMs })]);
  return ignore(call, input, callId === call.identity.callId ? 'duplicate' : 'named_otherwise');
}

/** `before`: effects of the input that do not depend on the phase. */
function take(call: Call, input: Input, before: readonly Effect[]): Step {
  const outcome = dispatch(call, input);
  if ('ignored' in outcome) {
    const { call: after, effects, deadline } = ignore(call, input, outcome.ignored);
    return { call: after, effects: [...before, ...effects], deadline };
  }
  const { journal, effects } = withinLimit(call.journal, outcome.effects);
  const { agents } = outcome;
  const policy = agents === undefined ? call.policy : { ...call.policy, agents };
  return stepTo({ ...call, policy, state: outcome.state, journal }, [...before, ...effects]);
}

function ignore(call: Call, input: Input, reason: string): Step {
  const { journal, effects } = writeIgnored(call.journal, input, reason);
  return stepTo({ ...call, journal }, effects);
}

function dispatch(call: Call, input: Input): Outcome {
  const { state } = call;
  switch (state.phase) {
    case 'new':
      return onNew(call, input);
    case 'launching':
      return onLaunching(call, state, input);
    case 'launched':
      return onLaunched(call, state, input);
    case 'offered':
      return onOffered(call, state, input);
    case 'pre-accepting':
      return onPreAccepting(call, state, input);
    case 'waiting':
      return onWaiting(call, state, input);
    case 'accepting':
      return onAccepting(call, state, input);
    case 'offering':
      return onOffering(call, state, input);
    case 'placing':
      return onPlacing(call, state, input);
    case 'unsure':
      return onUnsure(call, state, input);
    case 'ringing':
      return onRinging(call, state, input);
    case 'answering':
      return onAnswering(call, state, input);
    case 'following':
      return onFollowing(call, state, input);
    case 'connected':
      return onConnected(call, state, input);
    case 'draining':
      return onDraining(call, state, input);
    case 'ending':
      return onEnding(call, state, input);
    case 'ended':
      return onEnded(state, input);
    default:
      return state satisfies never;
  }
}

function stepTo(call: Call, effects: readonly Effect[]): Step {
  return { call, effects, deadline: deadlineOf(call.state) };
}

function isDue(state: CallState, at: number): boolean {
  const deadline = deadlineOf(state);
  return deadline !== null && at >= deadline;
}

/** Whether there is sound to observe. */
function hasLeg({ phase }: CallState): boolean {
  return !['new', 'launching', 'launched', 'following', 'ending', 'ended'].includes(phase);
}
