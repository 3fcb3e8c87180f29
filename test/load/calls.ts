/**
 * Calls over real SRTP with a websocket agent that echoes everything, at rising numbers: what the bridge costs, how fast
 * it answers, and how late sound gets through it. Bridge, agent and phones are processes of their own.
 *   npm run bench:calls -- --calls 1,20,50 [--seconds 15] [--profile <network>]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { CallReport, NetworkProfileName } from '../../src/simulator/index.ts';
import type { BridgeProcess } from './support/bridge-process.ts';
import { percentile, printFigures, round } from './support/figures.ts';
import { LoadDesk, sum } from './support/load-desk.ts';
import { findPulses, RATE, speechWithPulses } from './support/pulse.ts';
import { startBenchAgent } from './support/start-bench-agent.ts';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1,20,50' },
    seconds: { type: 'string', default: '15' },
    profile: { type: 'string' },
    port: { type: 'string', default: '4195' },
  },
});
const seconds = Number(values.seconds);
/** An echo that comes later than this is of another pulse. */
const PULSE_WINDOW_MS = 1_000;

const pulses = new Map<string, number[]>();
const { agent, agentUrl } = await startBenchAgent((note) => {
  const list = pulses.get(note.callId) ?? [];
  list.push(note.at);
  pulses.set(note.callId, list);
});
const desk = await LoadDesk.open(Number(values.port), (values.profile as NetworkProfileName | undefined) ?? null);
const speech = speechWithPulses(readFileSync('assets/audio/hello.wav'), seconds);
const rows: Record<string, number | string>[] = [];
let failed = false;
try {
  for (const calls of values.calls.split(',').map(Number)) {
    const bridge = await desk.startBridge(agentUrl);
    try {
      await desk.run(bridge, 1, speech.subarray(0, 2 * RATE));
      rows.push(await measure(bridge, calls));
    } finally {
      await bridge.stop();
    }
  }
} catch (error) {
  failed = true;
  console.error(error);
} finally {
  printFigures('calls', rows);
  agent.kill();
  await desk.close();
}
process.exit(failed ? 1 : 0);

async function measure(bridge: BridgeProcess, calls: number) {
  const idleMb = bridge.rssMb();
  pulses.clear();
  const { reports, records, cpuMs, callSeconds, peakMb } = await desk.run(bridge, calls, speech);
  const delays = reports.map(pulseDelays);
  const toAgent = delays.flatMap((each) => each.toAgent);
  const toPhone = delays.flatMap((each) => each.toPhone);
  const setups = reports.map((each) => each.setup);
  const known = (pick: (setup: CallReport['setup']) => number | null) =>
    setups.map(pick).filter((each): each is number => each !== null);
  const phones = reports.map((each) => each.phone).filter((phone) => phone !== null);
  return {
    calls,
    'cpu ms/call-s': round(cpuMs / callSeconds),
    'MB/call': round((peakMb - idleMb) / calls, 2),
    'connected p50': round(
      percentile(
        known((each) => each.connectedMs),
        50,
      ),
    ),
    'accept p50': round(
      percentile(
        known((each) => each.acceptedMs),
        50,
      ),
    ),
    'accept p95': round(
      percentile(
        known((each) => each.acceptedMs),
        95,
      ),
    ),
    'first audio p50': round(
      percentile(
        known((each) => each.heardMs),
        50,
      ),
    ),
    'first audio p95': round(
      percentile(
        known((each) => each.heardMs),
        95,
      ),
    ),
    'to agent p50': round(percentile(toAgent, 50)),
    'to agent p95': round(percentile(toAgent, 95)),
    'to phone p50': round(percentile(toPhone, 50)),
    'to phone p95': round(percentile(toPhone, 95)),
    pulses: toPhone.length,
    underruns: sum(records.map((record) => record.quality?.['playout_underruns'] ?? 0)),
    concealed: sum(records.map((record) => record.quality?.['frames_concealed'] ?? 0)),
    'gaps >= 40 ms': sum(phones.map((phone) => phone.gaps)),
    'longest gap': round(Math.max(...phones.map((phone) => phone.maxGapMs))),
    lost: sum(phones.map((phone) => phone.packetsLost)),
  };
}

/**
 * When each pulse left the phone, reached the agent (whose echo leaves at once), and came back to the phone. Delays are
 * counted from the packet that holds the pulse's begin, so they contain the bridge and the loopback, and nothing else.
 */
function pulseDelays(report: CallReport): { toAgent: number[]; toPhone: number[] } {
  const { phone, callId } = report;
  const atAgent = pulses.get(callId) ?? [];
  if (phone === null || phone.spokenStartMs === null || phone.heardStartMs === null)
    return { toAgent: [], toPhone: [] };
  const sent = findPulses(phone.spoken).map((sample) => phone.spokenStartMs! + (sample * 1_000) / RATE);
  const origin = phone.heardStartMs - phone.playoutMs;
  const heard = findPulses(phone.heard).map((sample) => origin + (sample * 1_000) / RATE);
  return { toAgent: delaysBetween(sent, atAgent), toPhone: delaysBetween(atAgent, heard) };
}

function delaysBetween(from: readonly number[], to: readonly number[]): number[] {
  return from.flatMap((start) => {
    const arrival = to.find((each) => each >= start - 20 && each < start + PULSE_WINDOW_MS);
    return arrival === undefined ? [] : [arrival - start];
  });
}
