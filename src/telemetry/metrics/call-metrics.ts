import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CallIdentity, CallPatch, CallQuality, Direction, Ending, TimelineEvent } from '../../call/index.ts';
import type { CallObserver } from '../observe-calls.ts';

/** How many calls there are, asked at each scrape. */
export interface CallCounts {
  live(): Readonly<Record<Direction, number>>;
  readonly capacity: number;
}

/** When something of a live call happened, Unix milliseconds. */
interface Milestones {
  offeredAt: number | null;
  startedAt: number | null;
}

const SECONDS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 13];
const LENGTHS = [5, 15, 30, 60, 120, 300, 600, 1_200, 3_600];
const SCORES = [1.5, 2, 2.5, 3, 3.5, 3.8, 4, 4.2, 4.4];
const RATIOS = [0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2];

/** Counts the life of calls. No label names a number, a user or an agent: their values have no bound. */
export function callMetrics(registry: Registry, counts: CallCounts): CallObserver {
  const registers = [registry];
  new Gauge({
    name: 'talkwire_calls_live',
    help: 'Calls that are going on, those that ring included',
    labelNames: ['direction'],
    registers,
    collect() {
      for (const [direction, count] of Object.entries(counts.live())) this.set({ direction }, count);
    },
  });
  new Gauge({
    name: 'talkwire_calls_capacity',
    help: 'Calls that this process takes at once (TALKWIRE_MAX_CALLS)',
    registers,
  }).set(counts.capacity);
  const ended = new Counter({
    name: 'talkwire_calls_ended_total',
    help: 'Calls that ended, by class and reason (docs/closing.md)',
    labelNames: ['direction', 'class', 'reason'],
    registers,
  });
  const setup = new Histogram({
    name: 'talkwire_call_setup_seconds',
    help: 'From the webhook of an inbound call to the success of accept',
    buckets: SECONDS,
    registers,
  });
  const greeting = new Histogram({
    name: 'talkwire_call_greeting_seconds',
    help: 'From the moment that the person is on the line with an agent to its first sound',
    labelNames: ['direction'],
    buckets: SECONDS,
    registers,
  });
  const duration = new Histogram({
    name: 'talkwire_call_duration_seconds',
    help: 'Length of calls that were answered',
    labelNames: ['direction'],
    buckets: LENGTHS,
    registers,
  });
  const agentFailures = new Counter({
    name: 'talkwire_agent_failures_total',
    help: 'Agents that a call could not have, or lost, by the code of docs/protocol.md',
    labelNames: ['code'],
    registers,
  });
  const transfers = new Counter({
    name: 'talkwire_transfers_total',
    help: 'Calls that were to be given to another agent by API',
    labelNames: ['outcome'],
    registers,
  });
  const observeQuality = qualityMetrics(registry);
  const milestones = new Map<string, Milestones>();

  function onTimeline({ id, direction }: CallIdentity, { at, type, data }: TimelineEvent): void {
    const known = milestones.get(id);
    switch (type) {
      case 'offer_received':
        milestones.set(id, { offeredAt: at, startedAt: null });
        return;
      case 'accepted':
        if (known !== undefined && known.offeredAt !== null) setup.observe((at - known.offeredAt) / 1_000);
        return;
      case 'agent_started':
        milestones.set(id, { offeredAt: null, startedAt: at });
        return;
      case 'agent_spoke':
        if (known === undefined || known.startedAt === null) return;
        // Later agents of the call carry on a conversation.
        milestones.delete(id);
        greeting.observe({ direction }, (at - known.startedAt) / 1_000);
        return;
      case 'agent_failed':
        agentFailures.inc({ code: String(data['code']) });
        return;
      case 'transferred':
      case 'transfer_failed':
      case 'transfer_waiting':
        transfers.inc({ outcome: type.replace('transfer_', '') });
        return;
      default:
    }
  }

  function onEnded({ id, direction }: CallIdentity, ending: Ending, { durationSeconds, quality }: CallPatch): void {
    milestones.delete(id);
    ended.inc({ direction, class: ending.class, reason: ending.reason });
    if (typeof durationSeconds === 'number') duration.observe({ direction }, durationSeconds);
    if (quality !== undefined && quality !== null) observeQuality(direction, quality);
  }

  return {
    onTimeline,
    onUpdated(identity, patch) {
      if (patch.ending !== undefined) onEnded(identity, patch.ending, patch);
    },
  };
}

/** What was measured of the sound of calls, once they are over. */
function qualityMetrics(registry: Registry): (direction: Direction, quality: CallQuality) => void {
  const registers = [registry];
  const labelNames = ['direction'];
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers });
  const received = counter('talkwire_call_packets_received_total', 'Audio packets that came from phones');
  const lost = counter('talkwire_call_packets_lost_total', 'Audio packets of phones that never came');
  const concealed = counter(
    'talkwire_call_frames_concealed_total',
    'Frames of 20 ms that were made up for lost or late packets',
  );
  const underruns = counter(
    'talkwire_call_playout_underruns_total',
    'Times that the sound of an agent ran out in the middle',
  );
  const dropped = counter(
    'talkwire_call_caller_audio_dropped_seconds_total',
    'Sound of callers that did not reach an agent',
  );
  const mos = new Histogram({
    name: 'talkwire_call_mos',
    help: 'Estimated mean opinion score of what was heard of phones (E-model), 1 to 4.5',
    labelNames,
    buckets: SCORES,
    registers,
  });
  const loss = new Histogram({
    name: 'talkwire_call_loss_ratio',
    help: 'Share of the packets of phones that were lost, by call',
    labelNames,
    buckets: RATIOS,
    registers,
  });
  return (direction, quality) => {
    const { packetsReceived, packetsLost } = quality;
    received.inc({ direction }, packetsReceived);
    // RTP numbers that run backwards can make it negative.
    lost.inc({ direction }, Math.max(0, packetsLost));
    concealed.inc({ direction }, quality.framesConcealed);
    underruns.inc({ direction }, quality.playoutUnderruns);
    dropped.inc({ direction }, quality.callerAudioDroppedMs / 1_000);
    if (quality.mos !== null) mos.observe({ direction }, quality.mos);
    const all = packetsReceived + packetsLost;
    if (all > 0) loss.observe({ direction }, Math.max(0, packetsLost) / all);
  };
}
