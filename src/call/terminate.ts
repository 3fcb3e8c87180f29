import type { CallPatch, LogEffect } from './effects.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';

export type Terminate = Extract<Input, { type: 'meta.terminate' }>;

/**
 * What a terminate that comes after the end still changes. Meta sends one for every ending, ours included
 * (meta-calling.md §3.6), seconds later; its duration is the billed one. With `pickupUnknown` it is also who tells that
 * it was picked up, which Meta counts against its limits though the call had ended otherwise for us.
 */
export function terminateAfterEnd(input: Terminate, pickupUnknown = false): readonly LogEffect[] {
  const durationSeconds = metaDuration(input);
  const { startTime } = input;
  const patch: CallPatch = {
    ...(durationSeconds === null ? {} : { durationSeconds }),
    ...(pickupUnknown && startTime !== null ? { sessionStartedAt: startTime } : {}),
  };
  const noted = noteTerminate(input);
  return Object.keys(patch).length === 0 ? [noted] : [noted, { type: 'log.update', patch }];
}

export function noteTerminate(input: Terminate): LogEffect {
  return note(input.at, 'terminate_received', {
    status: input.status,
    answered: input.startTime !== null,
    durationSeconds: input.durationSeconds,
    errorCode: input.errors[0]?.code ?? null,
  });
}

/** Whole seconds, as Meta counted them; null for a call that was never picked up. */
export function metaDuration({ durationSeconds, startTime, endTime }: Terminate): number | null {
  if (durationSeconds !== null) return durationSeconds;
  return startTime !== null && endTime !== null ? Math.max(0, Math.floor((endTime - startTime) / 1000)) : null;
}
