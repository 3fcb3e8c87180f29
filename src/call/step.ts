import { onNew } from './arrival.ts';
import { onEnded, onEnding } from './closing.ts';
import { onConnected, onDraining } from './connected.ts';
import { deadlineOf } from './deadline.ts';
import type { Effect } from './effects.ts';
import type { CallIdentity } from './identity.ts';
import type { Input } from './inputs.ts';
import { EMPTY_JOURNAL, withinLimit, writeIgnored, writeObservation } from './journal.ts';
import { onLaunched, onLaunching } from './launch.ts';
import { onAccepting, onOffered, onPreAccepting, onWaiting } from './offer.ts';
import type { Outcome } from './outcome.ts';
import type { CallPolicy } from './policy.ts';
import type { Call, CallState } from './state.ts';

/*
 * Every input, by origin:
 *
 *   meta     meta.connect  meta.status  meta.terminate
 *   api      api.hangup
 *   service  service.refused  service.drained  service.restarted
 *   media    media.opened  media.connected  media.failed  media.heard  media.silent  media.prompt_done  media.drained
 *            media.dtmf  media.closed
 *   agent    agent.ready  agent.reconnecting  agent.failed  agent.hangup  agent.spoke  agent.launched
 *   graph    graph.ok  graph.failed, of pre_accept, accept, reject, terminate
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
 * or a crash already decided, `service.refused` or `service.restarted`.
 */
export function beginCall(identity: CallIdentity, policy: CallPolicy): Call {
  return { identity, policy, state: { phase: 'new' }, journal: EMPTY_JOURNAL };
}

/**
 * Takes one input. Pure, and never throws: an unknown, late or repeated input is ignored with a reason in the timeline,
 * and a timer that comes before the deadline changes nothing.
 */
export function step(call: Call, input: Input): Step {
  if (input.type === 'timer' && !isDue(call.state, input.at)) return stepTo(call, []);
  const observed = hasLeg(call.state) ? writeObservation(call.journal, input) : null;
  if (observed !== null) return stepTo({ ...call, journal: observed.journal }, observed.effects);

  const outcome = dispatch(call, input);
  if ('ignored' in outcome) {
    const { journal, effects } = writeIgnored(call.journal, input, outcome.ignored);
    return stepTo({ ...call, journal }, effects);
  }
  const { journal, effects } = withinLimit(call.journal, outcome.effects);
  return stepTo({ ...call, state: outcome.state, journal }, effects);
}

/** Whether the call has ended and everything about it is closed; what it is fed from now on changes only the log. */
export function isOver(call: Call): boolean {
  return call.state.phase === 'ended';
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
    case 'connected':
      return onConnected(call, state, input);
    case 'draining':
      return onDraining(call, state, input);
    case 'ending':
      return onEnding(state, input);
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
  return !['new', 'launching', 'launched', 'ending', 'ended'].includes(phase);
}
