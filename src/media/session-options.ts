import type { AgentDoor } from '../agents/index.ts';
import type { CallIdentity } from '../call/index.ts';
import type { FrameClock, LegNetwork } from '../webrtc/index.ts';
import type { PromptLibrary } from './prompts.ts';
import type { MediaReport } from './protocol.ts';

/** What one session is about, and what it shares with the others of its thread. */
export interface SessionOptions {
  readonly key: string;
  readonly identity: CallIdentity;
  readonly firstMediaTimeoutMs: number;
  readonly mediaGapTimeoutMs: number;
  readonly network: LegNetwork;
  readonly clock: FrameClock;
  readonly prompts: PromptLibrary;
  readonly door: AgentDoor;
  readonly allowLinkLocalAgents: boolean;
  readonly complexity: () => number;
  readonly report: (report: MediaReport) => void;
  /** The session is over and holds nothing any more. */
  readonly onClosed: () => void;
}
