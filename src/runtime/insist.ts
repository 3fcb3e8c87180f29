import type { Clock } from './ports.ts';

/** Pauses between attempts, milliseconds: a database that restarts is back within them. */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000];

/** Tries a write again while it fails; `onFault` hears of each failure but the last, which rejects. */
export async function insist(
  write: () => Promise<void>,
  clock: Clock,
  onFault: (fault: unknown) => void,
): Promise<void> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await write();
    } catch (fault) {
      onFault(fault);
    }
    await new Promise<void>((wake) => clock.at(clock.now() + pauseMs, wake));
  }
  await write();
}
