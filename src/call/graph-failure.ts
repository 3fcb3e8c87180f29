import type { Effect } from './effects.ts';
import type { GraphFailure } from './inputs.ts';
import { note } from './journal.ts';

/** What Graph said no with, for the detail of an ending. */
export function codeOf({ code, kind }: GraphFailure): string {
  return code === null ? kind : String(code);
}

/** Meta's message stays out: it may quote the SDP. */
export function noteFailure(at: number, action: string, { kind, code, httpStatus }: GraphFailure): Effect {
  return note(at, 'graph_failed', { action, kind, code, httpStatus });
}
