import { setPriority } from 'node:os';

/** The nice value of media threads; that of an ordinary process is 0, and lower ones go first. */
const NICE = -4;

/**
 * Has the calling thread go before others on a busy machine, this process's own main thread among them: a frame that is late
 * is heard, an answer over HTTP that is late is waited for. False where that is not possible or not allowed: on Linux it
 * takes CAP_SYS_NICE or a limit of nice values (docs/operating.md), and elsewhere it would concern the whole process.
 */
export function goFirst(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    // 0 is the calling thread: nice values are kept by thread on Linux.
    setPriority(0, NICE);
    return true;
  } catch {
    return false;
  }
}
