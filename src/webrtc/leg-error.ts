import type { MediaFailure } from '../call/index.ts';

/** Why a leg could not be opened. `message` names the field and the rule that was broken, never the SDP itself. */
export class LegError extends Error {
  readonly code: MediaFailure;

  constructor(code: MediaFailure, message: string) {
    super(message);
    this.name = 'LegError';
    this.code = code;
  }
}
