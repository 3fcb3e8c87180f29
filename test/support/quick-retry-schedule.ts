import type { Verdict } from '../../src/events/ports.ts';
import { type FailedTry, afterFailure as inRealTime } from '../../src/events/retry-schedule.ts';

const FASTER = 200;

/** Stands where src/events/retry-schedule.ts stands in a service whose receiver is back in a moment: the same waits, shortened. */
export function afterFailure(failed: FailedTry, now: number, random: number): Verdict {
  const verdict = inRealTime(failed, now, random);
  return verdict.type === 'retry' ? { ...verdict, at: now + Math.ceil((verdict.at - now) / FASTER) } : verdict;
}
