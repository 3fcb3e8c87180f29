/**
 * Calls over real SRTP with a websocket agent that echoes everything, at rising numbers: what the bridge costs, how fast
 * it answers, and how late sound gets through it. Bridge, agent and phones are processes of their own.
 *   npm run bench:calls -- --calls 1,20,50 [--seconds 15] [--profile <network>]
 */
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type CallReport,
  type NetworkProfileName,
  type SimulatedCall,
  type SimulatedWhatsApp,
  startSimulatedWhatsApp,
} from '../../src/simulator/index.ts';
import { apiOf, bridgeEnvironment, endedRecord, PHONE_NUMBER_ID } from '../support/bridge.ts';
import type { AgentNote } from './support/bench-agent.ts';
import { BridgeProcess } from './support/bridge-process.ts';
import { percentile, printFigures, round } from './support/figures.ts';
import { findPulses, RATE, speechWithPulses } from './support/pulse.ts';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1,20,50' },
    seconds: { type: 'string', default: '15' },
    profile: { type: 'string' },
    port: { type: 'string', default: '4195' },
  },
});
const seconds = Number(values.seconds);
/** From one call's ringing to the next one's. */
const STAGGER_MS = 40;
/** An echo that comes later than this is of another pulse. */
const PULSE_WINDOW_MS = 1_000;

const folder = mkdtempSync(join(tmpdir(), 'talkwire-bench-'));
const secrets = { app: randomBytes(16).toString('hex'), token: randomBytes(16).toString('hex') };
const pulses = new Map<string, number[]>();
const { agent, agentUrl } = await startAgent();
const whatsapp = await startSimulatedWhatsApp({
  bridgeWebhookUrl: `http://127.0.0.1:${values.port}/webhooks/whatsapp`,
  appSecret: secrets.app,
  phoneNumberId: PHONE_NUMBER_ID,
  displayPhoneNumber: '15550001111',
  token: secrets.token,
  profile: (values.profile as NetworkProfileName | undefined) ?? null,
});
const environment = bridgeEnvironment({
  folder,
  ...secrets,
  graphUrl: whatsapp.graphUrl,
  agentUrl,
  more: { TALKWIRE_LOG_LEVEL: 'error', TALKWIRE_LOG_FILE: '' },
});
const speech = speechWithPulses(readFileSync('assets/audio/hello.wav'), seconds);
const rows: Record<string, number | string>[] = [];
let failed = false;
try {
  for (const calls of values.calls.split(',').map(Number)) {
    // A fresh process for each row: memory of the row before must not be counted in.
    const bridge = await BridgeProcess.start(environment, Number(values.port));
    try {
      await runCalls(bridge, whatsapp, 1, speech.subarray(0, 2 * RATE));
      rows.push(await measure(bridge, whatsapp, calls));
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
  await whatsapp.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

async function measure(bridge: BridgeProcess, desk: SimulatedWhatsApp, calls: number) {
  const idleMb = bridge.rssMb();
  const { reports, records, cpuMs, callSeconds, peakMb } = await runCalls(bridge, desk, calls, speech);
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

/** Rings, lets all phones speak `audio`, measures CPU while all of them talk, hangs up. */
async function runCalls(bridge: BridgeProcess, desk: SimulatedWhatsApp, calls: number, audio: Int16Array) {
  pulses.clear();
  const placed: SimulatedCall[] = [];
  for (let index = 0; index < calls; index += 1) {
    placed.push(await desk.call({ audio, loop: true }));
    await new Promise((wake) => setTimeout(wake, STAGGER_MS));
  }
  await Promise.all(placed.map((call) => call.waitFor('heard', 30_000)));
  const before = { cpu: bridge.cpuMs(), at: performance.now() };
  await new Promise((wake) => setTimeout(wake, (audio.length / RATE) * 1_000));
  const cpuMs = bridge.cpuMs() - before.cpu;
  const callSeconds = (calls * (performance.now() - before.at)) / 1_000;
  const peakMb = bridge.rssMb();
  for (const call of placed) call.hangUp();
  await Promise.all(placed.map((call) => call.waitFor('closed', 30_000)));
  const get = apiOf(bridge.url);
  const records = await Promise.all(placed.map((call) => endedRecord(get, call.callId)));
  const reports = await Promise.all(placed.map((call) => call.report()));
  return { reports, records, cpuMs, callSeconds, peakMb };
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

function startAgent() {
  const child = fork(new URL('./support/bench-agent.ts', import.meta.url));
  return new Promise<{ agent: typeof child; agentUrl: string }>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the agent ended with code ${code}`)));
    child.on('message', (note: AgentNote) => {
      if (note.type === 'listening') return resolve({ agent: child, agentUrl: note.url });
      const list = pulses.get(note.callId) ?? [];
      list.push(note.at);
      pulses.set(note.callId, list);
    });
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
