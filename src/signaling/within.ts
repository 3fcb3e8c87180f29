import type { SignalingClock } from './ports.ts';

/** Rejects if the work is not done in time; the work itself goes on, and its result is dropped. */
export async function within(clock: SignalingClock, ms: number, work: Promise<void>): Promise<void> {
  let cancel = () => {};
  const tooLate = new Promise<never>((_, reject) => {
    cancel = clock.at(clock.now() + ms, () => reject(new Error(`The sink took longer than ${ms} ms.`)));
  });
  try {
    await Promise.race([work, tooLate]);
  } finally {
    cancel();
  }
}
