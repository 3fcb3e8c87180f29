import type { GraphFailure } from '../call/index.ts';

/** A failure that Graph had no part in. */
export function localFailure(kind: GraphFailure['kind'], message: string): GraphFailure {
  return { code: null, httpStatus: null, kind, message };
}
