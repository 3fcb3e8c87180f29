import { type Input, terminateAfterEnd } from '../call/index.ts';
import type { CallLog } from './ports.ts';

/** Writes down the terminate of a call that is over and forgotten here, maybe since before a restart. */
export async function writeLateTerminate(
  log: CallLog,
  key: string,
  input: Extract<Input, { type: 'meta.terminate' }>,
): Promise<void> {
  // The user may have picked up while we ended it, or a crash took the answer to our accept: Meta's limits count it as
  // connected (meta-calling.md §6). Where the record knows when it was picked up, that stays.
  for (const effect of terminateAfterEnd(input, true)) {
    if (effect.type === 'log.append') await log.append(key, effect.event);
    else await log.update(key, effect.patch, input.at);
  }
}
