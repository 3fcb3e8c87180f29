import type { NetworkProfileName } from '../simulator/index.ts';

export interface DemoOptions {
  /** End after the first call. */
  readonly once: boolean;
  /** Keeps the database here; a temporary folder otherwise. */
  readonly folder?: string;
  /** ws:// address of an agent that speaks the raw wire; the echo agent otherwise. */
  readonly agent?: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly phonePort: number;
  readonly audio: string;
  readonly profile: NetworkProfileName;
}
