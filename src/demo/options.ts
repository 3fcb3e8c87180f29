import type { NetworkProfileName } from '../simulator/index.ts';

export interface DemoOptions {
  /** End after the first call. */
  readonly once: boolean;
  /** The business calls a user, after it asked; otherwise a user calls the business. */
  readonly outbound: boolean;
  /** Keeps the database here; a temporary folder otherwise. */
  readonly folder?: string;
  /** ws:// address of an agent that speaks the raw wire. Otherwise the echo agent, or one that greets if the call is outbound. */
  readonly agent?: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly phonePort: number;
  /** WAV file: what the phone speaks, or the greeting of the agent if the call is outbound. */
  readonly audio: string;
  readonly profile: NetworkProfileName;
}
