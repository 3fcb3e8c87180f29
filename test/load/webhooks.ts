/**
 * How fast webhooks are answered: `node test/load/webhooks.ts [--rates 200,500] [--seconds 10] [--folder var]`.
 *
 * The bridge is a process of its own, with its database in `--folder` (put it on the disk that you care for: an answer waits
 * for its fsync). Webhooks leave at fixed times whether or not earlier ones were answered, and a webhook's time counts from
 * when it was due, so a bridge that stalls cannot hide it. `lateMs` is how late the generator itself was; it is part of
 * the times. One second of warm-up is not counted. `workedOffMs` is how long after the last answer the inbox was empty;
 * CPU is counted until then, for the whole process. Every new webhook that was answered must be in the inbox, once.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { bridgeEnvironment, PHONE_NUMBER_ID } from '../support/bridge.ts';
import { freePort } from '../support/free-port.ts';
import { BridgeProcess } from './support/bridge-process.ts';
import { AGREES, CannedGraph } from './support/canned-graph.ts';
import { percentile, printFigures, round } from './support/figures.ts';
import { type PreparedWebhook, webhookMix } from './support/webhook-mix.ts';

const APP_SECRET = 'benchmark-app-secret';
const CONNECTIONS = 32;
const WORK_OFF_TIMEOUT_MS = 120_000;

const { values } = parseArgs({
  options: {
    rates: { type: 'string', default: '200,500' },
    seconds: { type: 'string', default: '10' },
    folder: { type: 'string', default: 'var' },
  },
});
const seconds = Number(values.seconds);
const rows = [];
for (const rate of values.rates.split(',').map(Number)) rows.push(await measure(rate));
printFigures('webhooks', rows);
process.exitCode = rows.every(({ errors, lost }) => errors === 0 && lost === 0) ? 0 : 1;

async function measure(rate: number) {
  mkdirSync(values.folder, { recursive: true });
  const folder = mkdtempSync(join(values.folder, 'bench-webhooks-'));
  const graph = await CannedGraph.start(AGREES);
  const more = { TALKWIRE_LOG_LEVEL: 'info', TALKWIRE_LOG_FILE: '' };
  const setting = { folder, app: APP_SECRET, token: 'benchmark-token', graphUrl: graph.url, agentUrl: '', more };
  const bridge = await BridgeProcess.start(bridgeEnvironment(setting), await freePort());
  const inbox = new DatabaseSync(join(folder, 'talkwire.db'), { readOnly: true });
  const pool = new Pool(bridge.url, { connections: CONNECTIONS });
  try {
    const prepare = (count: number) => webhookMix({ count, appSecret: APP_SECRET, phoneNumberId: PHONE_NUMBER_ID });
    await sendAll(pool, prepare(rate), rate);
    await workedOff(inbox);

    const mix = prepare(rate * seconds);
    const storedBefore = count(inbox, 'webhook_inbox');
    const cpuBefore = bridge.cpuMs();
    const { tookMs, lateMs, errors } = await sendAll(pool, mix, rate);
    const workedOffMs = await workedOff(inbox);
    const cpuMs = bridge.cpuMs() - cpuBefore;
    const stored = count(inbox, 'webhook_inbox') - storedBefore;
    return {
      perSecond: rate,
      webhooks: mix.length,
      p50: round(percentile(tookMs, 50)),
      p95: round(percentile(tookMs, 95)),
      p99: round(percentile(tookMs, 99)),
      maxMs: round(Math.max(...tookMs)),
      lateMs: round(percentile(lateMs, 95)),
      errors,
      lost: mix.filter(({ isCopy }) => !isCopy).length - stored,
      cpuMs: round(cpuMs / mix.length, 2),
      workedOffMs: Math.round(workedOffMs),
    };
  } finally {
    await pool.close();
    inbox.close();
    await bridge.stop();
    await graph.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Sent {
  /** From when each was due until its answer was read, ms. */
  readonly tookMs: number[];
  /** From when each was due until it was handed to the client, ms. */
  readonly lateMs: number[];
  readonly errors: number;
}

/** Sends them at `rate` per second, the n-th at n/rate seconds, and waits for the last answer. */
async function sendAll(pool: Pool, mix: readonly PreparedWebhook[], rate: number): Promise<Sent> {
  const sent = { tookMs: [] as number[], lateMs: [] as number[], errors: 0 };
  const answers: Promise<void>[] = [];
  const begin = performance.now();
  for (const [index, webhook] of mix.entries()) {
    const due = begin + (index * 1_000) / rate;
    // Never early: a timer of 1.9 ms is one of 1 ms, and what leaves early would seem to be answered sooner.
    for (let early = due - performance.now(); early > 0; early = due - performance.now()) await sleep(Math.ceil(early));
    sent.lateMs.push(performance.now() - due);
    answers.push(
      send(pool, webhook).then((ok) => {
        sent.tookMs.push(performance.now() - due);
        if (!ok) sent.errors += 1;
      }),
    );
  }
  await Promise.all(answers);
  return sent;
}

async function send(pool: Pool, { body, signature }: PreparedWebhook): Promise<boolean> {
  try {
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature };
    const answer = await pool.request({ path: '/webhooks/whatsapp', method: 'POST', headers, body });
    await answer.body.dump();
    return answer.statusCode === 200;
  } catch {
    return false;
  }
}

/** Resolves, with the milliseconds it took, when nothing waits in the inbox and no call is live. */
async function workedOff(inbox: DatabaseSync): Promise<number> {
  const begin = performance.now();
  while (count(inbox, 'webhook_inbox where done_at is null') + count(inbox, 'calls where ending_class is null') > 0) {
    if (performance.now() - begin > WORK_OFF_TIMEOUT_MS) throw new Error('the inbox is not worked off');
    await sleep(20);
  }
  return performance.now() - begin;
}

function count(inbox: DatabaseSync, rowsOf: string): number {
  return Number(inbox.prepare(`select count(*) as n from ${rowsOf}`).get()?.['n']);
}
