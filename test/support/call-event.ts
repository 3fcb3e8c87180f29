import type { IncomingCallEvent } from '../../src/runtime/index.ts';
import { identity } from './call.ts';

/** The connect of a call that begins at `at`, Unix milliseconds. */
export function connectEvent(callId: string, at: number): IncomingCallEvent {
  return {
    identity: identity({ callId, startedAt: at }),
    input: { type: 'meta.connect', sdpType: 'offer', sdp: 'v=0', timestamp: at },
    webhook: { of: callId },
  };
}

/** The terminate of a call; with a duration it was picked up. */
export function terminateEvent(callId: string, at: number, durationSeconds: number | null): IncomingCallEvent {
  const picked = durationSeconds === null ? null : at;
  return {
    identity: identity({ callId, startedAt: at }),
    input: {
      type: 'meta.terminate',
      timestamp: at,
      status: 'COMPLETED',
      startTime: picked,
      endTime: picked,
      durationSeconds,
      errors: [],
    },
  };
}
