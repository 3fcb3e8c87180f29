import { endCall } from './closing.ts';
import type { FollowingState, RingingState } from './dial-state.ts';
import { missed } from './ending.ts';
import { DONE } from './farewell.ts';
import type { Input } from './inputs.ts';
import { note } from './journal.ts';
import { ignored, type Outcome, went } from './outcome.ts';
import type { Call } from './state.ts';

export type DialStatus = Extract<Input, { type: 'meta.status' }>;

/**
 * What Meta's statuses say of a dial that nobody has picked up, whoever has its media.
 *
 * @param pickedUp given when that was, Unix milliseconds
 */
export function onDialStatus(
  call: Call,
  state: RingingState | FollowingState,
  { at, status, timestamp }: DialStatus,
  pickedUp: (sessionStartedAt: number) => Outcome,
): Outcome {
  switch (status) {
    case 'RINGING':
      if (state.rings) return ignored('duplicate');
      return went({ ...state, rings: true }, [
        { type: 'log.update', patch: { status: 'ringing' } },
        note(at, 'ringing'),
      ]);
    case 'ACCEPTED':
      return pickedUp(Math.min(at, timestamp));
    case 'REJECTED':
      // Meta's terminate follows by itself (meta-calling.md §3.5).
      return endCall(call, { at, ending: missed('declined'), notes: [note(at, 'declined')], farewell: DONE });
    default:
      status satisfies never;
      return ignored('unknown_status');
  }
}
