import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { DEFAULT_DIAL_RULES, type DialOrder, decide, type PermissionBook } from '../../../src/permissions/index.ts';
import { type DatabasePlace, openDatabase } from '../../../src/storage/index.ts';
import { dialOrder } from '../../support/dial-order.ts';
import { percentile, round } from './figures.ts';
import { type OldCalls, userNamed, writeOldCalls } from './old-calls.ts';

/** Dials that are decided at the same time. */
export const CONCURRENCY = 50;
/** A number may have 1,000 live calls, and each decision leaves one. */
export const PER_NUMBER = 800;
export const NUMBERS: readonly string[] = Array.from({ length: 5 }, (_, index) => `10654035224${3000 + index}`);
const USERS_PER_NUMBER = 1_000;
export const MASTER_KEY = Buffer.alloc(32, 7);

/** How long each work took, ms, and how long all of them. */
export interface Timed {
  readonly tookMs: readonly number[];
  readonly allMs: number;
}

/** Makes a database with so many old calls; the agents and numbers are up to the caller. */
export async function makeUsedDatabase(place: DatabasePlace, calls: number): Promise<void> {
  const database = await openDatabase({ ...place, masterKey: MASTER_KEY });
  await database.close();
  const old: OldCalls = { numbers: NUMBERS, usersPerNumber: USERS_PER_NUMBER, calls };
  if ('path' in place) {
    const file = new DatabaseSync(place.path);
    await writeOldCalls(async (sql) => file.exec(sql), old);
    file.close();
    return;
  }
  const client = new Client({ connectionString: place.url });
  await client.connect();
  try {
    await writeOldCalls(async (sql) => void (await client.query(sql)), old);
    // Its autovacuum would do so within a minute.
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}

/** Decides and reserves `NUMBERS` x `PER_NUMBER` dials of different users. */
export async function measureDecisions(kind: string, place: DatabasePlace, calls: number) {
  await makeUsedDatabase(place, calls);
  const database = await openDatabase({ ...place, masterKey: MASTER_KEY });
  try {
    const { permissions } = database;
    await decideAll(permissions, PER_NUMBER, PER_NUMBER + 20);
    const cpuBefore = process.cpuUsage();
    const { tookMs, allMs, denied } = await decideAll(permissions, 0, PER_NUMBER);
    const cpu = process.cpuUsage(cpuBefore);
    return {
      database: kind,
      'old calls': calls,
      decisions: tookMs.length,
      'per second': Math.round((tookMs.length * 1_000) / allMs),
      p50: round(percentile(tookMs, 50)),
      p95: round(percentile(tookMs, 95)),
      'cpu ms each': round((cpu.user + cpu.system) / 1_000 / tookMs.length, 2),
      denied,
    };
  } finally {
    await database.close();
  }
}

/** Calls `work` with 0 to `count` - 1, `CONCURRENCY` at a time. */
export async function timeAll(count: number, work: (index: number) => Promise<void>): Promise<Timed> {
  const tookMs: number[] = [];
  const begin = performance.now();
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) {
      const started = performance.now();
      await work(index);
      tookMs.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return { tookMs, allMs: performance.now() - begin };
}

/** Of each number, the users `from` to `to`. */
async function decideAll(book: PermissionBook, from: number, to: number): Promise<Timed & { denied: number }> {
  let denied = 0;
  const timed = await timeAll((to - from) * NUMBERS.length, async (index) => {
    const order = orderTo(NUMBERS[index % NUMBERS.length]!, from + Math.floor(index / NUMBERS.length));
    const now = Date.now();
    const reservation = await book.reserve(order, now, (state) =>
      decide({ ...state, now, wish: 'call', ownTemplate: false, rules: DEFAULT_DIAL_RULES }),
    );
    if (reservation?.decision.type !== 'allow') denied += 1;
  });
  return { ...timed, denied };
}

function orderTo(phoneNumberId: string, user: number): DialOrder {
  return dialOrder({
    phoneNumberId,
    displayPhoneNumber: null,
    user: { waId: userNamed(user), userId: null },
    createdAt: Date.now(),
  });
}
