import type { AgentFailure } from './agent-target.ts';
import { noteAgent, recordAgent } from './chain.ts';
import { endCall } from './closing.ts';
import { completed, dropped, type Ending, rejected } from './ending.ts';
import { DONE } from './farewell.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { metaEnding } from './live.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import { ring } from './ring.ts';
import type { Call, LaunchedState, LaunchingState } from './state.ts';
import { noteTerminate, type Terminate } from './terminate.ts';

/** By then Meta's terminate is lost, for which a runtime's call otherwise waits for ever. */
const LAUNCHED_CAP_MS = 24 * 60 * 60_000;

/** A runtime is asked to take the call. It may answer the phone before it answers us. */
export function onLaunching(call: Call, state: LaunchingState, input: Input): Outcome {
  const { at } = input;
  const { seat } = state;
  switch (input.type) {
    case 'agent.launched':
      if (input.seat !== seat) return ignored('another_agent');
      return launched(call, seat, [
        noteAgent(call.policy, seat, at, 'agent_launched', { tookMs: input.tookMs }),
        { type: 'log.update', patch: { launched: true, ...recordAgent(call.policy, seat).patch } },
      ]);
    case 'agent.failed':
      return input.seat === seat ? passOn(call, state, at, input.code) : ignored('another_agent');
    case 'timer':
      return passOn(call, state, at, 'not_ready');
    case 'meta.terminate':
      return endedElsewhere(call, input);
    case 'api.hangup':
      return hangUp(call, at, rejected('api_reject', 'api'));
    case 'service.drained':
      return endCall(call, { at, ending: rejected('draining', 'bridge') });
    default:
      return ignored(`means_nothing_when_${state.phase}`);
  }
}

/** A runtime has the call. A stop of this service does not concern it: the next start takes the watch over. */
export function onLaunched(call: Call, state: LaunchedState, input: Input): Outcome {
  const { at } = input;
  switch (input.type) {
    case 'meta.terminate':
      return endedElsewhere(call, input);
    case 'api.hangup':
      return hangUp(call, at, completed('api_hangup', 'api'));
    case 'timer':
      return endCall(call, { at, ending: timeIsUp(call) });
    case 'service.drained':
      return ignored('a_runtime_has_it');
    default:
      return ignored(`means_nothing_when_${state.phase}`);
  }
}

/** This start finds a call that a runtime has. */
export function launchedBefore(call: Call, at: number): Outcome {
  return launched(call, null, [note(at, 'watched_again')]);
}

function launched(call: Call, seat: number | null, effects: Parameters<typeof went>[1]): Outcome {
  // From Meta's own time, which a restart does not lose; when the phone was picked up is not known here.
  return went({ phase: 'launched', seat, endBy: untilWhen(call) }, effects);
}

/** How long a call is watched that others have, Unix milliseconds. */
export function untilWhen({ identity, policy }: Call): number {
  return identity.startedAt + Math.min(policy.maxDurationMs ?? Infinity, LAUNCHED_CAP_MS);
}

function passOn(call: Call, { seat, offer, chainBy }: LaunchingState, at: number, failure: AgentFailure): Outcome {
  const notes = [noteAgent(call.policy, seat, at, 'agent_failed', { code: failure })];
  return ring(call, { at, offer, seat: seat + 1, chainBy, failure, notes });
}

/** Meta tells the end of a call that others have. `answered`: that it was picked up is known already. */
export function endedElsewhere(call: Call, input: Terminate, answered = false): Outcome {
  const { at, startTime } = input;
  const startKnown = 'sessionStartedAt' in call.state && call.state.sessionStartedAt !== null;
  const ending = metaEnding(answered || startTime !== null, call.identity.direction, input);
  return endCall(call, {
    at,
    ending: ending.reason === 'user_hangup' ? completed('hangup', 'meta') : ending,
    notes: [noteTerminate(input)],
    farewell: DONE,
    terminate: input,
    ...(startTime === null || startKnown ? {} : { sessionStartedAt: startTime }),
  });
}

function hangUp(call: Call, at: number, ending: Ending): Outcome {
  return endCall(call, { at, ending, notes: [note(at, 'hangup_requested')] });
}

/** The time of such a call is over. */
export function timeIsUp({ policy: { maxDurationMs } }: Call): Ending {
  const byPolicy = maxDurationMs !== null && maxDurationMs <= LAUNCHED_CAP_MS;
  return byPolicy ? completed('max_duration', 'bridge') : dropped('no_terminate', 'bridge');
}
