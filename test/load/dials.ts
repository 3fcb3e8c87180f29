/**
 * Calls that the business starts. Three tables, and all figures as one line of JSON:
 *   npm run bench:dials -- [--only greeting,decisions,requests] [--at-once 1,5,20] [--calls 40] [--ring-ms 2000]
 *                          [--old-calls 0,100000,1000000] [--folder var]
 *
 * - greeting: dials over HTTP to simulated phones over real SRTP, with an agent that is ready while they ring and greets as
 *   soon as it is told of the pickup. `ACCEPTED to greeting` is from when WhatsApp begins to send that webhook to the arrival
 *   of the first packet with sound; the columns after it are its parts. Bridge, agent and phones are processes of their own.
 * - decisions: dials decided and reserved in the database with so many old calls in its log, 50 at a time, and nothing else.
 *   With TALKWIRE_TEST_POSTGRES on PostgreSQL as well; its server's CPU is not counted.
 * - requests: whole dials over HTTP to a bridge whose Graph refuses each connect, 50 at a time.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureDecisions } from './support/decisions.ts';
import { measureRequests } from './support/dial-requests.ts';
import { printTables, type Row } from './support/figures.ts';
import { measureGreetings } from './support/greetings.ts';
import { LoadDesk } from './support/load-desk.ts';
import { withPostgres } from './support/spare-postgres.ts';
import { startBenchAgent } from './support/start-bench-agent.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'greeting,decisions,requests' },
    'at-once': { type: 'string', default: '1,5,20' },
    calls: { type: 'string', default: '40' },
    'ring-ms': { type: 'string', default: '2000' },
    'old-calls': { type: 'string', default: '0,100000,1000000' },
    folder: { type: 'string', default: 'var' },
    port: { type: 'string', default: '4197' },
  },
});
const parts = new Set(values.only.split(','));
const oldCalls = values['old-calls'].split(',').map(Number);
mkdirSync(values.folder, { recursive: true });
const folder = mkdtempSync(join(values.folder, 'bench-dials-'));
const tables: Record<string, Row[]> = { greeting: [], decisions: [], requests: [] };
try {
  if (parts.has('greeting')) tables['greeting'] = await greetings();
  if (parts.has('decisions')) tables['decisions'] = await decisions();
  if (parts.has('requests')) tables['requests'] = await requests();
} catch (error) {
  process.exitCode = 1;
  console.error(error);
} finally {
  rmSync(folder, { recursive: true, force: true });
  printTables('dials', tables);
}
process.exit();

async function greetings(): Promise<Row[]> {
  const toldAt = new Map<string, number>();
  const { agent, agentUrl } = await startBenchAgent(({ callId, at }) => toldAt.set(callId, at));
  const desk = await LoadDesk.open(Number(values.port), null);
  try {
    const bridge = await desk.startBridge(`${agentUrl}greeting`);
    try {
      const ringMs = Number(values['ring-ms']);
      const calls = Number(values.calls);
      await measureGreetings(desk, bridge, { calls: 5, atOnce: 5, ringMs, toldAt });
      const rows: Row[] = [];
      for (const atOnce of values['at-once'].split(',').map(Number)) {
        rows.push(await measureGreetings(desk, bridge, { calls, atOnce, ringMs, toldAt }));
      }
      return rows;
    } finally {
      await bridge.stop();
    }
  } finally {
    agent.kill();
    await desk.close();
  }
}

async function decisions(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of oldCalls) {
    rows.push(await measureDecisions('SQLite', { path: join(folder, `decisions-${count}.db`) }, count));
    rmSync(join(folder, `decisions-${count}.db`), { force: true });
  }
  const server = process.env['TALKWIRE_TEST_POSTGRES'];
  if (server === undefined) return rows;
  for (const count of oldCalls) {
    rows.push(await withPostgres(server, (url) => measureDecisions('PostgreSQL', { url }, count)));
  }
  return rows;
}

async function requests(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of oldCalls.filter((each) => each <= 100_000)) rows.push(await measureRequests(folder, count));
  return rows;
}
