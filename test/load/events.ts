/**
 * How fast events leave: `node test/load/events.ts [--deliveries 6000] [--rate 300] [--seconds 10] [--history 1000000] [--folder var]`.
 *
 * One webhook, a receiver on this machine in a process of its own, events of 1.5 kB, five of each call. `burst`: all
 * are in the outbox before the first is sent. `steady`: they are emitted at fixed times, and a delivery's time counts from
 * then until it is written down as delivered. CPU is that of this process: emitting, signing, sending, the log. `history`
 * is what lies in the tables before. `lists` are pages of 50 of that log, and what is due in it.
 * On SQLite in `--folder`, and with TALKWIRE_TEST_POSTGRES on PostgreSQL.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DeliveryDesk, type DeliveryQuery, HttpCourier } from '../../src/events/index.ts';
import { systemClock } from '../../src/runtime/index.ts';
import type { DatabasePlace } from '../../src/storage/index.ts';
import { NUMBER_ID, newEvent, openOutboxAt, PROJECT_ID, type TestOutbox, webhook } from '../support/outbox-at.ts';
import { writeEventHistory } from './support/event-history.ts';
import { percentile, printTables, type Row, round } from './support/figures.ts';
import { withPostgres } from './support/spare-postgres.ts';

const EVENTS_OF_CALL = 5;
const BODY = JSON.stringify({ call: { id: 'x'.repeat(36), more: 'y'.repeat(1_440) } });
const WEBHOOK_ID = webhook().id;

const { values } = parseArgs({
  options: {
    deliveries: { type: 'string', default: '6000' },
    rate: { type: 'string', default: '300' },
    seconds: { type: 'string', default: '10' },
    history: { type: 'string', default: '1000000' },
    folder: { type: 'string', default: 'var' },
  },
});
const history = Number(values.history);
const tables = { burst: [] as Row[], steady: [] as Row[], lists: [] as Row[] };
mkdirSync(values.folder, { recursive: true });
const folder = mkdtempSync(join(values.folder, 'bench-events-'));
try {
  await measure('SQLite', { path: join(folder, 'talkwire.db') });
  const server = process.env['TALKWIRE_TEST_POSTGRES'];
  if (server !== undefined) await withPostgres(server, (url) => measure('PostgreSQL', { url }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
printTables('events', tables);

async function measure(database: string, place: DatabasePlace): Promise<void> {
  await (await openOutboxAt(place)).close();
  if (history > 0) await writeEventHistory(place, WEBHOOK_ID, history);
  const receiver = spawn(process.execPath, [join(import.meta.dirname, 'support/event-receiver.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(receiver.stdout, 'data');
  const box = await openOutboxAt(place);
  const done = new Map<string, number>();
  const desk = deskOf(box, done);
  try {
    await box.webhooks.put(webhook({ url: `http://127.0.0.1:${String(port).trim()}/` }));
    await burst(database, box, desk, done);
    await steady(database, box, done);
    if (history > 0) await lists(database, box);
  } finally {
    await desk.stop();
    await box.close();
    receiver.kill();
  }
}

function deskOf(box: TestOutbox, done: Map<string, number>): DeliveryDesk {
  const queue = box.deliveryQueue;
  return new DeliveryDesk({
    queue: {
      queued: (...given) => queue.queued(...given),
      load: (...given) => queue.load(...given),
      giveUp: (...given) => queue.giveUp(...given),
      prune: (...given) => queue.prune(...given),
      onChange: (listener) => queue.onChange(listener),
      async record(webhookId, id, attempt, verdict) {
        await queue.record(webhookId, id, attempt, verdict);
        if (verdict.type !== 'delivered') throw new Error(`a delivery failed: ${attempt.error}`);
        done.set(attempt.requestHeaders['X-Idempotency-Key']!, performance.now());
      },
    },
    webhooks: box.webhooks,
    courier: new HttpCourier({ privateAllowed: true }),
    clock: systemClock,
    onFault: (fault) => console.error(fault),
  });
}

function emit(box: TestOutbox, key: string, n: number): Promise<void> {
  const orderingKey = `${key} ${Math.floor(n / EVENTS_OF_CALL)}`;
  return box.emit(newEvent({ at: Date.now(), body: BODY, idempotencyKey: `${key} ${n}`, orderingKey }));
}

async function burst(database: string, box: TestOutbox, desk: DeliveryDesk, done: Map<string, number>): Promise<void> {
  const count = Number(values.deliveries);
  const emitting = begin();
  for (let n = 0; n < count; n += 200) {
    await Promise.all(Array.from({ length: Math.min(200, count - n) }, (_, more) => emit(box, 'burst', n + more)));
  }
  const emitted = emitting();
  const sending = begin();
  desk.start();
  await reached(done, count);
  const sent = sending();
  tables.burst.push({
    database,
    history,
    deliveries: count,
    perSecond: Math.round(count / (sent.ms / 1_000)),
    cpuMs: round(sent.cpuMs / count, 2),
    emitsPerSecond: Math.round(count / (emitted.ms / 1_000)),
    emitCpuMs: round(emitted.cpuMs / count, 2),
  });
}

async function steady(database: string, box: TestOutbox, done: Map<string, number>): Promise<void> {
  const rate = Number(values.rate);
  const count = rate * Number(values.seconds);
  done.clear();
  const dueAt: number[] = [];
  const running = begin();
  const first = performance.now();
  for (let n = 0; n < count; n += 1) {
    // The events of one call come a while after another: every fifth of the time belongs to one of five.
    const due = first + (n * 1_000) / rate;
    for (let early = due - performance.now(); early > 0; early = due - performance.now()) await sleep(Math.ceil(early));
    dueAt.push(due);
    const call = n % Math.ceil(count / EVENTS_OF_CALL);
    void box.emit(newEvent({ at: Date.now(), body: BODY, idempotencyKey: `steady ${n}`, orderingKey: `s ${call}` }));
  }
  await reached(done, count);
  const { cpuMs } = running();
  const tookMs = dueAt.map((due, n) => done.get(`steady ${n}`)! - due);
  tables.steady.push({
    database,
    history,
    perSecond: rate,
    p50: round(percentile(tookMs, 50)),
    p95: round(percentile(tookMs, 95)),
    p99: round(percentile(tookMs, 99)),
    maxMs: round(Math.max(...tookMs)),
    cpuMs: round(cpuMs / count, 2),
  });
}

async function lists(database: string, box: TestOutbox): Promise<void> {
  const all: DeliveryQuery = {
    ...{ projectId: PROJECT_ID, limit: 50, after: null, before: null, webhookId: null, type: null, status: null },
    ...{ phoneNumberId: null, errorsOnly: false, since: null, until: null },
  };
  const month = Date.now() - 20 * 86_400_000;
  const asked: Record<string, () => Promise<unknown>> = {
    newest: () => box.deliveries.list(all),
    'of a webhook': () => box.deliveries.list({ ...all, webhookId: WEBHOOK_ID }),
    failed: () => box.deliveries.list({ ...all, status: 'failed' }),
    'failed of a webhook': () => box.deliveries.list({ ...all, status: 'failed', webhookId: WEBHOOK_ID }),
    pending: () => box.deliveries.list({ ...all, status: 'pending' }),
    'with errors, by number and type': () =>
      box.deliveries.list({ ...all, errorsOnly: true, phoneNumberId: NUMBER_ID, type: 'whatsapp.call.ended' }),
    'of a type that never was': () => box.deliveries.list({ ...all, type: 'whatsapp.call.failed' }),
    'of three weeks ago': () => box.deliveries.list({ ...all, since: month - 86_400_000, until: month }),
    'of another project': () => box.deliveries.list({ ...all, projectId: 'another' }),
    due: () => box.deliveryQueue.queued(WEBHOOK_ID, 64),
    'prune nothing': () => box.deliveryQueue.prune(1, 500),
  };
  for (const [what, ask] of Object.entries(asked)) {
    const tookMs: number[] = [];
    for (let n = 0; n < 25; n += 1) {
      const began = performance.now();
      await ask();
      tookMs.push(performance.now() - began);
    }
    tables.lists.push({ database, what, p50: round(percentile(tookMs, 50), 2), p95: round(percentile(tookMs, 95), 2) });
  }
}

async function reached(done: ReadonlyMap<string, number>, count: number): Promise<void> {
  const until = performance.now() + 300_000;
  while (done.size < count) {
    if (performance.now() > until) throw new Error(`only ${done.size} of ${count} arrived`);
    await sleep(5);
  }
}

function begin(): () => { ms: number; cpuMs: number } {
  const began = performance.now();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { ms: performance.now() - began, cpuMs: (user + system) / 1_000 };
  };
}
