import { FRAME_MS, meanOpinionScore } from '../audio/index.ts';
import type { CallQuality } from '../call/index.ts';
import type { LegStats } from '../webrtc/index.ts';
import type { SoundPath } from './sound-path.ts';

/** One way through a network and a phone that nothing was measured of, milliseconds. */
const UNKNOWN_NETWORK_MS = 50;
/** What the phone itself adds: capture, codec, its own jitter buffer. */
const PHONE_MS = 60;

/** Joins what the leg counted with what jitter buffer and playout counted, and estimates how it sounded. */
export function measureQuality(
  leg: LegStats,
  { hearing, speaking }: SoundPath,
  callerAudioDroppedMs: number,
): CallQuality {
  const jitter = hearing.jitter.stats();
  const { underruns, droppedMs } = speaking.counts();
  return {
    ...leg,
    packetsLate: jitter.late,
    framesConcealed: jitter.concealed,
    framesRecoveredByFec: jitter.fec,
    playoutUnderruns: underruns,
    agentAudioDroppedMs: Math.round(droppedMs),
    callerAudioDroppedMs,
    mos: estimateMos(leg, jitter.concealed, jitter.delayMs),
  };
}

/** Of what we heard of the phone: concealment and the delay of network, jitter buffer and phone. */
function estimateMos(leg: LegStats, concealed: number, bufferMs: number): number | null {
  if (leg.packetsReceived === 0) return null;
  const networkMs = leg.rttMs === null ? UNKNOWN_NETWORK_MS : leg.rttMs / 2;
  const score = meanOpinionScore({
    delayMs: networkMs + bufferMs + FRAME_MS + PHONE_MS,
    lossRatio: concealed / (concealed + leg.packetsReceived),
  });
  return Math.round(score * 100) / 100;
}
