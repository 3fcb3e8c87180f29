/**
 * What each agent wire costs the bridge: the same calls over real SRTP with an agent that echoes everything, once for each
 * wire. Bridge, agent and phones are processes of their own; CPU is the bridge's alone.
 *   npm run bench:agents -- [--calls 50] [--seconds 15] [--wires raw,twilio]
 */
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { EchoAgentsNote } from './support/echo-agents.ts';
import { printFigures, round } from './support/figures.ts';
import { LoadDesk, sum } from './support/load-desk.ts';
import { RATE, speechWithPulses } from './support/pulse.ts';

/** The body of POST /platform/v1/voice_agents for each wire; the rates are those that people use. */
const PROVIDERS: Readonly<Record<string, (host: string) => object>> = {
  raw: (host) => ({ kind: 'websocket', url: `ws://${host}/raw` }),
  twilio: (host) => ({ kind: 'twilio', url: `ws://${host}/twilio` }),
  pipecat: (host) => ({ kind: 'pipecat', url: `ws://${host}/pipecat`, agent_sample_rate: 16_000 }),
  'openai-realtime': (host) => ({
    kind: 'openai_realtime',
    profile: 'compatible',
    url: `ws://${host}/openai`,
    model: 'echo',
  }),
  elevenlabs: (host) => ({ kind: 'elevenlabs', agent_id: 'echo', base_url: `http://${host}` }),
};

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '15' },
    wires: { type: 'string', default: Object.keys(PROVIDERS).join(',') },
    port: { type: 'string', default: '4196' },
  },
});
const calls = Number(values.calls);
const folder = mkdtempSync(join(tmpdir(), 'talkwire-bench-'));
const { agents, host } = await startAgents();
const desk = await LoadDesk.open(Number(values.port), null);
const speech = speechWithPulses(readFileSync('assets/audio/hello.wav'), Number(values.seconds));
const rows: Record<string, number | string>[] = [];
let failed = false;
try {
  for (const wire of values.wires.split(',')) rows.push(await measure(wire));
} catch (error) {
  failed = true;
  console.error(error);
} finally {
  printFigures('agents', rows);
  agents.kill();
  await desk.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

async function measure(wire: string) {
  const provider = PROVIDERS[wire];
  if (provider === undefined) throw new Error(`--wires: there is no wire ${wire}`);
  const file = join(folder, `${wire}.json`);
  writeFileSync(file, JSON.stringify({ voice_agent: { name: wire, provider: provider(host) } }));
  const bridge = await desk.startBridge('', { TALKWIRE_AGENT_FILE: file });
  try {
    await desk.run(bridge, 1, speech.subarray(0, 2 * RATE));
    const idleMb = bridge.rssMb();
    const { reports, records, cpuMs, callSeconds, peakMb } = await desk.run(bridge, calls, speech);
    const cpu = cpuMs / callSeconds;
    const raw = Number(
      rows.find((row) => row['wire'] === 'raw')?.['cpu ms/call-s'] ?? (wire === 'raw' ? cpu : Number.NaN),
    );
    return {
      wire,
      calls,
      'cpu ms/call-s': round(cpu, 2),
      'of raw': round(cpu / raw, 2),
      'MB/call': round((peakMb - idleMb) / calls, 2),
      underruns: sum(records.map((record) => record.quality?.['playout_underruns'] ?? 0)),
      'dropped ms': sum(records.map((record) => record.quality?.['caller_audio_dropped_ms'] ?? 0)),
      'gaps >= 40 ms': sum(reports.map(({ phone }) => phone?.gaps ?? 0)),
    };
  } finally {
    await bridge.stop();
  }
}

function startAgents() {
  const child = fork(new URL('./support/echo-agents.ts', import.meta.url));
  return new Promise<{ agents: typeof child; host: string }>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the agents ended with code ${code}`)));
    child.once('message', (note: EchoAgentsNote) => resolve({ agents: child, host: note.host }));
  });
}
