import type { AgentChoice } from './agent-target.ts';

/** What happens when no agent answers: refuse the call, or take it and say so. */
export type AgentUnavailable =
  | { readonly action: 'reject' }
  /** `prompt` names a file of the prompt folder (Ogg/Opus or WAV). */
  | { readonly action: 'prompt'; readonly prompt: string };

/** The rules one call is handled by, fixed when it begins. All times in milliseconds. */
export interface CallPolicy {
  /** Who is to speak, in order: the next one is tried when one cannot be had. Empty: nobody. A transfer adds to them. */
  readonly agents: readonly AgentChoice[];
  readonly onAgentUnavailable: AgentUnavailable;
  /** An offer older than this when it is handled is not rung (meta-calling.md §12: about 45 s). */
  readonly maxOfferAgeMs: number;
  /** From the pre_accept request, or a dial's pickup, until ICE and DTLS must be up (12 s: well under Meta's 30 s). */
  readonly mediaTimeoutMs: number;
  /**
   * From the offer until one of the agents must be ready: the ringing time that the chain is walked in. That of a dial is
   * `ringTimeoutMs`.
   */
  readonly agentTimeoutMs: number;
  /** How long an answered call may be without a ready agent while one is sought. */
  readonly recoveryTimeoutMs: number;
  /** How long queued sound may still play after the agent hung up. */
  readonly drainTimeoutMs: number;
  /** How long to wait for Graph and media to confirm while ending, before the call is closed regardless. */
  readonly endTimeoutMs: number;
  /** Nothing at all from the phone since accept (meta-calling.md §4.5: 20 s) and later on (30 s). */
  readonly firstMediaTimeoutMs: number;
  readonly mediaGapTimeoutMs: number;
  /** Of a dial: how long the phone may ring, from the moment that Meta has the call. */
  readonly ringTimeoutMs: number;
  /** Of a dial: Meta's ACCEPTED counts as picked up, or that or the phone's first sound, whichever comes first. */
  readonly answeredBy: 'accepted' | 'accepted_or_media';
  /** Of a dial whose outcome is not known: how long a webhook may still name it. */
  readonly connectWatchMs: number;
  /** Meta knows no limit on the length of a call; null means none here either. */
  readonly maxDurationMs: number | null;
}

export const DEFAULT_POLICY: Omit<CallPolicy, 'agents'> = {
  onAgentUnavailable: { action: 'reject' },
  maxOfferAgeMs: 45_000,
  mediaTimeoutMs: 12_000,
  agentTimeoutMs: 10_000,
  recoveryTimeoutMs: 20_000,
  drainTimeoutMs: 30_000,
  endTimeoutMs: 15_000,
  firstMediaTimeoutMs: 20_000,
  mediaGapTimeoutMs: 30_000,
  ringTimeoutMs: 45_000,
  answeredBy: 'accepted',
  connectWatchMs: 120_000,
  maxDurationMs: null,
};
