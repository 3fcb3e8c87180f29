/**
 * A long call log: how fast a page of it is listed, and how fast old calls leave it.
 *   npm run bench:log -- [--calls 5000000] [--runs 100] [--only sqlite,postgres] [--folder /tmp]
 *
 * The log is made by statements of the database itself, two years of calls, and takes about 1 kB a call in either database. Each
 * kind of list is asked `--runs` times, each time for another part of the log; times are of the whole answer as the routes
 * get it, in ms; `cpu` is of this process. SQLite works in the process that asks, so what a list takes there nothing else is
 * done. PostgreSQL with TALKWIRE_TEST_POSTGRES.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { type DatabasePlace, openDatabase } from '../../src/storage/index.ts';
import { percentile, printTables, type Row, round } from './support/figures.ts';
import { logQueries } from './support/log-queries.ts';
import { DAY_MS, LOG_DAYS, type Run, withoutIndexes, writeLongLog, writeOldTimelines } from './support/long-log.ts';
import { withPostgres } from './support/spare-postgres.ts';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '5000000' },
    runs: { type: 'string', default: '100' },
    only: { type: 'string', default: 'sqlite,postgres' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const calls = Number(values.calls);
const runs = Number(values.runs);
const MASTER_KEY = Buffer.alloc(32, 7);
/** A list may take this long at p95. */
const LIMIT_MS = 10;
/** Transactions of the retention job, of 20 calls with ten lines each. */
const SWEEPS = 200;
const CALLS_AT_ONCE = 20;

const tables: Record<string, Row[]> = {};
const parts = new Set(values.only.split(','));
if (parts.has('sqlite')) await onSqlite();
const server = process.env['TALKWIRE_TEST_POSTGRES'];
if (parts.has('postgres') && server !== undefined) await withPostgres(server, onPostgres);
printTables('call log', tables);
process.exitCode = Object.values(tables)
  .flat()
  .every(({ p95 }) => Number(p95) < LIMIT_MS)
  ? 0
  : 1;

async function onSqlite(): Promise<void> {
  const folder = mkdtempSync(join(values.folder, 'talkwire-bench-log-'));
  try {
    const place = { path: join(folder, 'talkwire.db') };
    await makeTables(place);
    const file = new DatabaseSync(place.path);
    // A log that is made anew needs no journal to fall back on.
    file.exec('pragma synchronous = off; pragma cache_size = -400000');
    const run: Run = async (sql) => file.exec(sql);
    await withoutIndexes(
      run,
      async (sql) => file.prepare(sql).all(),
      place,
      () => writeLongLog(run, 'sqlite', calls),
    );
    await writeOldTimelines(run, SWEEPS * CALLS_AT_ONCE);
    const ids = file.prepare(someIds()).all();
    file.exec('pragma wal_checkpoint(truncate)');
    file.close();
    // What the load left in the memory of the system would otherwise be written with the first commit that is measured.
    const written = openSync(place.path, 'r+');
    fsyncSync(written);
    closeSync(written);
    await measure('SQLite', place, ids);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onPostgres(url: string): Promise<void> {
  const place = { url };
  await makeTables(place);
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const run: Run = async (sql) => void (await client.query(sql));
    const rows = async (sql: string) => (await client.query(sql)).rows;
    await withoutIndexes(run, rows, place, () => writeLongLog(run, 'postgres', calls));
    await writeOldTimelines(run, SWEEPS * CALLS_AT_ONCE);
    // Its autovacuum would do so within a minute.
    await run('vacuum analyze');
    await measure('PostgreSQL', place, await rows(someIds()));
  } finally {
    await client.end();
  }
}

async function makeTables(place: DatabasePlace): Promise<void> {
  const database = await openDatabase({ ...place, masterKey: MASTER_KEY });
  await database.close();
}

function someIds(): string {
  return 'select call_id from calls order by id limit 1000';
}

async function measure(kind: string, place: DatabasePlace, ids: readonly Record<string, unknown>[]): Promise<void> {
  const database = await openDatabase({ ...place, masterKey: MASTER_KEY });
  try {
    const rows: Row[] = [];
    for (const query of logQueries(ids.map(({ call_id }) => String(call_id)))) {
      let listed = 0;
      const timed = await timeEach(runs, async () => {
        listed += await query.run(database.calls);
      });
      rows.push({ list: query.name, rows: round(listed / (runs + 1)), ...timed });
    }
    tables[`${kind}: lists`] = rows;
    const sweep = database.retained.calls(Date.now() - (LOG_DAYS - 60) * DAY_MS);
    let deleted = 0;
    const timed = await timeEach(SWEEPS, async () => {
      deleted += (await sweep.step()).deleted;
    });
    tables[`${kind}: retention, each transaction`] = [{ calls: round(deleted / (SWEEPS + 1)), ...timed }];
  } finally {
    await database.close();
  }
}

async function timeEach(times: number, work: () => Promise<void>) {
  // The first compiles, and opens a connection.
  await work();
  const tookMs: number[] = [];
  const cpu = process.cpuUsage();
  for (let run = 0; run < times; run += 1) {
    const begin = performance.now();
    await work();
    tookMs.push(performance.now() - begin);
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    p50: round(percentile(tookMs, 50), 2),
    p95: round(percentile(tookMs, 95), 2),
    max: round(Math.max(...tookMs), 2),
    'cpu ms': round((user + system) / 1_000 / times, 2),
  };
}
