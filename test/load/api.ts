/**
 * The HTTP API under load while calls talk: lists of a log of `--log` calls and webhooks at fixed rates, and what that does to
 * the sound of `--calls` calls.
 *   npm run bench:api -- [--lists 1000] [--webhooks 300] [--calls 20] [--seconds 20] [--log 100000] [--profile <folder>]
 *
 * Bridge, agent, phones with Graph, and the sender are four processes. The lists are first pages, pages after a cursor, and pages with
 * a filter; the webhooks those of bench:webhooks. Times count from when a request was due. `main thread` is the CPU of the
 * thread that serves HTTP and owns the database, as a share of one core. `worked off` is the time from a webhook's arrival until
 * all that it said is written and it is closed, p95 in ms. The same calls talk without any load before, which is
 * what the last column is of: it is wrong if the load gives calls an underrun that they do not have alone.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { openDatabase } from '../../src/storage/index.ts';
import { API_KEY, PHONE_NUMBER_ID } from '../support/bridge.ts';
import type { BridgeProcess } from './support/bridge-process.ts';
import { percentile, printFigures, type Row, round } from './support/figures.ts';
import type { LoadJob, StreamReport } from './support/http-load.ts';
import { LoadDesk, type LoadRun, sum } from './support/load-desk.ts';
import { withoutIndexes, writeLongLog } from './support/long-log.ts';
import { RATE, speechWithPulses } from './support/pulse.ts';
import { startBenchAgent } from './support/start-bench-agent.ts';
import { webhookMix } from './support/webhook-mix.ts';

const { values } = parseArgs({
  options: {
    lists: { type: 'string', default: '1000' },
    webhooks: { type: 'string', default: '300' },
    calls: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '20' },
    log: { type: 'string', default: '100000' },
    port: { type: 'string', default: '4198' },
    'media-threads': { type: 'string', default: '1' },
    profile: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const calls = Number(values.calls);
const port = Number(values.port);

const rows: Row[] = [];
let logPath = '';
const { agent, agentUrl } = await startBenchAgent(() => {});
const desk = await LoadDesk.open(port, null);
try {
  // No limit of requests: one key asks for all.
  const environment = {
    TALKWIRE_RATE_LIMIT: '0',
    TALKWIRE_MEDIA_THREADS: values['media-threads'],
  };
  const flags = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
  const bridge = await desk.startBridge(agentUrl, environment, { prepare: fillLog, flags });
  try {
    rows.push(...(await measure(bridge)));
  } finally {
    await bridge.stop();
  }
} catch (error) {
  process.exitCode = 1;
  console.error(error);
} finally {
  printFigures('api', rows);
  agent.kill();
  await desk.close();
}
process.exit();

async function measure(bridge: BridgeProcess): Promise<Row[]> {
  const speech = speechWithPulses(readFileSync('assets/audio/hello.wav'), seconds);
  await desk.run(bridge, 1, speech.subarray(0, 2 * RATE));
  const underrunsAlone = underrunsOf(await desk.run(bridge, calls, speech));
  const streams = [
    { name: 'lists', perSecond: Number(values.lists), connections: 64, requests: await lists(bridge.url) },
    { name: 'webhooks', perSecond: Number(values.webhooks), connections: 32, requests: webhooks() },
  ].filter(({ perSecond }) => perSecond > 0);
  const before = { main: 0, at: 0, time: 0 };
  let main = 0;
  let reports: readonly StreamReport[] = [];
  const run = await desk.run(bridge, calls, speech, async () => {
    before.main = bridge.mainCpuMs();
    before.at = performance.now();
    before.time = Date.now();
    reports = await load({ port, seconds, streams });
    main = (bridge.mainCpuMs() - before.main) / (performance.now() - before.at);
  });
  const underruns = underrunsOf(run);
  const workedOff = round(percentile(workOffMs(before.time), 95));
  if (underruns > underrunsAlone || reports.some(({ statuses, sent }) => statuses['200'] !== sent))
    process.exitCode = 1;
  return reports.map(({ name, sent, tookMs, statuses, allMs }) => ({
    requests: name,
    'per second': Math.round((sent * 1_000) / allMs),
    p50: round(percentile(tookMs, 50)),
    p95: round(percentile(tookMs, 95)),
    p99: round(percentile(tookMs, 99)),
    max: round(Math.max(...tookMs)),
    'not 200': sent - (statuses['200'] ?? 0),
    'worked off': name === 'webhooks' ? workedOff : '',
    'main thread': round(main, 2),
    'all cores': round((run.cpuMs * calls) / (run.callSeconds * 1_000), 2),
    calls,
    underruns,
    alone: underrunsAlone,
  }));
}

function underrunsOf({ records }: LoadRun): number {
  return sum(records.map(({ quality }) => quality?.['playout_underruns'] ?? 0));
}

/** How long each webhook took to be worked off that came from `since` on. Not yet: until now. Milliseconds. */
function workOffMs(since: number): number[] {
  const file = new DatabaseSync(logPath, { readOnly: true });
  const sql = 'select coalesce(done_at, ?) - received_at as ms from webhook_inbox where received_at >= ?';
  const times = file.prepare(sql).all(Date.now(), since);
  file.close();
  return times.map(({ ms }) => Number(ms));
}

async function load(job: LoadJob): Promise<readonly StreamReport[]> {
  const sender = fork(new URL('./support/http-load.ts', import.meta.url));
  sender.send(job);
  const [reports] = (await once(sender, 'message')) as [readonly StreamReport[]];
  return reports;
}

async function fillLog(path: string): Promise<void> {
  logPath = path;
  await (await openDatabase({ path, masterKey: Buffer.alloc(32, 7) })).close();
  const file = new DatabaseSync(path);
  const write = async (sql: string) => file.exec(sql);
  const numbers = [PHONE_NUMBER_ID, '106540352242002', '106540352242003'] as const;
  await withoutIndexes(
    write,
    async (sql) => file.prepare(sql).all(),
    { path },
    () => writeLongLog(write, 'sqlite', Number(values.log), numbers),
  );
  // The few that are not over: the bridge would take them for its own.
  file.exec(
    "update calls set status = 'failed', ending_class = 'failed', ending_reason = 'service_restarted' where ending_class is null",
  );
  file.exec('pragma wal_checkpoint(truncate)');
  file.close();
}

/** Of ten, six are first pages, two are pages after a cursor, and one each has a direction and a rare status. */
async function lists(url: string): Promise<string[]> {
  const path = `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/calls`;
  const after: string[] = [];
  for (let page = 0; page < 10; page += 1) {
    const query = after.length === 0 ? '' : `?after=${after.at(-1)}`;
    const answer = await fetch(`${url}${path}${query}`, { headers: { 'x-api-key': API_KEY } });
    after.push(((await answer.json()) as { paging: { cursors: { after: string } } }).paging.cursors.after);
  }
  return after.flatMap((cursor) =>
    ['', '', '', `?after=${cursor}`, '', '?direction=outbound', '', `?after=${cursor}`, '?status=failed', ''].map(
      (query) => request(`GET ${path}${query} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-api-key: ${API_KEY}\r\n\r\n`),
    ),
  );
}

function webhooks(): string[] {
  const count = Number(values.webhooks) * seconds;
  return webhookMix({ count, appSecret: desk.appSecret, phoneNumberId: PHONE_NUMBER_ID }).map(({ body, signature }) =>
    request(
      `POST /webhooks/whatsapp HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n` +
        `x-hub-signature-256: ${signature}\r\ncontent-length: ${body.length}\r\n\r\n`,
      body,
    ),
  );
}

function request(head: string, body: Buffer = Buffer.alloc(0)): string {
  return Buffer.concat([Buffer.from(head), body]).toString('base64');
}
