import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { DatabaseError, openDatabase } from '../../../src/storage/index.ts';
import { openPool } from '../../../src/storage/postgres/postgres-pool.ts';
import { T0 } from '../../support/call.ts';
import { callIdentity } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { allow, dialOrder } from '../../support/dial-order.ts';
import { MASTER_KEY } from '../../support/master-key.ts';
import { atPostgres, freshPostgres, hasPostgres } from '../../support/postgres.ts';
import { TcpGate } from '../../support/tcp-gate.ts';

const webhook = (deliveryKey: string) =>
  ({ receivedAt: 1, source: 'meta', deliveryKey, body: Buffer.from('{}') }) as const;
const isCommit = (bytes: Buffer) => bytes.includes('commit\0');
const isInsert = (bytes: Buffer) => bytes.includes('insert into "webhook_inbox"');

async function openSession(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** An open database, and the gate that its connections lead through. */
async function behindGate() {
  const url = await freshPostgres();
  const gate = await TcpGate.before(url);
  const database = await openTestDatabase({ url: gate.url });
  return { url, gate, database };
}

describe.runIf(hasPostgres)('a database on PostgreSQL', () => {
  it('that cannot be reached, or does not know us, is said in one sentence without the password', async () => {
    const right = new URL(await freshPostgres());
    const faultOf = async (change: (url: URL) => void) => {
      const url = new URL(right);
      change(url);
      const fault = await openDatabase({ url: url.href, masterKey: MASTER_KEY }).catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(DatabaseError);
      expect(JSON.stringify({ ...(fault as object), text: String(fault) })).not.toContain(url.password);
      return (fault as Error).message;
    };
    const nowhere = /^PostgreSQL cannot be reached: connect ECONNREFUSED/;
    expect(await faultOf((url) => Object.assign(url, { port: '1' }))).toMatch(nowhere);
    const stranger = 'PostgreSQL refused, 28P01: password authentication failed for user "talkwire"';
    expect(await faultOf((url) => Object.assign(url, { password: 'a-wrong-password' }))).toBe(stranger);
    const missing = 'PostgreSQL refused, 3D000: database "nowhere" does not exist';
    expect(await faultOf((url) => Object.assign(url, { pathname: '/nowhere' }))).toBe(missing);
  });

  it('tells of a refused statement what is wrong, and not whose data it was', async () => {
    const { calls } = await openTestDatabase({ url: await freshPostgres() });
    const call = callIdentity();
    await calls.create(call, 'ringing', T0, null);
    const fault = await calls.create({ ...callIdentity(), callId: call.callId }, 'ringing', T0, null).catch((e) => e);
    expect(fault).toMatchObject({ name: 'DatabaseError', code: '23505' });
    expect(fault.message).toMatch(/^PostgreSQL refused, 23505: duplicate key value .*\(table calls\)$/);
    const told = JSON.stringify({ ...fault, text: `${fault.stack}${fault.cause}` });
    expect(told).not.toContain(call.callId);
    const odd = await calls.create({ ...callIdentity(), startedAt: 1.5 }, 'ringing', T0, null).catch((e) => e);
    expect(odd.message).toBe('PostgreSQL refused, 22P02: a value does not fit');
  });

  it('commits to the disk even if its owner switched that off', async () => {
    const url = await freshPostgres();
    await atPostgres(url, `alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`);
    expect(await atPostgres(url, 'show synchronous_commit')).toEqual([{ synchronous_commit: 'off' }]);
    const pool = openPool({ url, statementTimeoutMs: 1_000 });
    onTestFinished(() => pool.end());
    expect((await pool.query('show synchronous_commit')).rows).toEqual([{ synchronous_commit: 'on' }]);
  });

  it('has 64-bit integers and their sums as numbers, while other users of pg have them as before', async () => {
    const url = await freshPostgres();
    const pool = openPool({ url, statementTimeoutMs: 1_000 });
    onTestFinished(() => pool.end());
    const sql = `select ${T0}::int8 as n, sum(x) as total from (values (1::int8), (2)) as v(x)`;
    expect((await pool.query(sql)).rows).toEqual([{ n: T0, total: 3 }]);
    expect(await atPostgres(url, sql)).toEqual([{ n: String(T0), total: '3' }]);
  });

  it('keeps texts that hold what PostgreSQL cannot', async () => {
    const { calls } = await openTestDatabase({ url: await freshPostgres() });
    const call = callIdentity({ ctaPayload: 'a\0b' });
    await calls.create(call, 'ringing', T0, null);
    await calls.append(call.id, { at: T0, type: 'agent.custom', data: { text: 'a\0b' } } as never);
    expect(await calls.find(DEFAULT_PROJECT_ID, call.id)).toMatchObject({ cta_payload: 'a\u{fffd}b' });
    expect(await calls.find(DEFAULT_PROJECT_ID, 'a\0b')).toBeNull();
    expect(await calls.timeline(call.id)).toMatchObject([{ data: { text: 'a\0b' } }]);
  });

  it('is read while a write waits for its turn', async () => {
    const url = await freshPostgres();
    const { calls } = await openTestDatabase({ url });
    const writer = await openSession(url);
    await writer.query('begin; lock table tombstones in share mode');
    const write = calls.bury('wacid.a', T0);
    expect(await Promise.all([calls.buried('wacid.a'), calls.buried('wacid.b')])).toEqual([false, false]);
    await writer.query('rollback');
    await write;
    expect(await calls.buried('wacid.a')).toBe(true);
  });

  it('writes again what PostgreSQL gave up in favour of another', async () => {
    const url = await freshPostgres();
    const { debts } = await openTestDatabase({ url });
    const debt = { phoneNumberId: '1', action: 'terminate', since: 1 } as const;
    await debts.owe({ ...debt, callId: 'a' });
    await debts.owe({ ...debt, callId: 'b' });
    const operator = await openSession(url);
    // Each has a row that the other wants. We ask first, so our wait is the first to be found out.
    await operator.query("begin; delete from graph_debts where call_id = 'b'");
    const ours = Promise.all([debts.settle('a', 'terminate'), debts.settle('b', 'terminate')]);
    const isWaiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    while ((await atPostgres(url, isWaiting)).length === 0) await sleep(5);
    await operator.query("delete from graph_debts where call_id = 'a'");
    await operator.query('commit');
    await ours;
    expect(await debts.open()).toEqual([]);
    expect(await deadlocksAt(url)).toBe(1);
  });

  it('writes once what a cut connection had not committed, and nobody notices', async () => {
    const { url, gate, database } = await behindGate();
    let cuts = 0;
    gate.onSent = (bytes) => {
      if (!isInsert(bytes) || cuts === 2) return;
      cuts += 1;
      gate.shut();
      gate.reopen();
    };
    const ids = await Promise.all([database.inbox.store(webhook('a')), database.inbox.store(webhook('b'))]);
    expect(cuts).toBe(2);
    expect(ids).not.toContain(null);
    expect(await atPostgres(url, 'select delivery_key from webhook_inbox order by id')).toEqual([
      { delivery_key: 'a' },
      { delivery_key: 'b' },
    ]);
  });

  it('does not write again what was lost in its commit, and says that nobody knows', async () => {
    const { url, gate, database } = await behindGate();
    const { calls } = database;
    const call = callIdentity();
    await calls.create(call, 'ringing', T0, null);
    gate.onSent = (bytes) => {
      // The commit itself still gets through.
      if (isCommit(bytes)) setTimeout(() => gate.shut(), 20);
    };
    // So that it is not answered before the cut.
    await atPostgres(url, SLOW_COMMIT);
    const lost = await calls.append(call.id, { at: T0, type: 'offered', data: {} }).catch((error) => error);
    expect(lost).toMatchObject({ name: 'OutcomeUnknown' });
    gate.onSent = () => {};
    gate.reopen();
    while ((await atPostgres(url, OTHERS_AT_WORK)).length > 0) await sleep(20);
    expect(await calls.timeline(call.id)).toHaveLength(1);
  });

  it('fails what is asked of it while it is away, for good, and works once it is back', async () => {
    const { url, gate, database } = await behindGate();
    await database.inbox.store(webhook('before'));
    gate.shut();
    const away = await Promise.allSettled([
      database.inbox.store(webhook('a')),
      database.inbox.store(webhook('b')),
      database.inbox.pending(10),
    ]);
    const faults = away.map((outcome) => outcome.status === 'rejected' && outcome.reason.name);
    expect(faults).toEqual(['ConnectionLost', 'ConnectionLost', 'ConnectionLost']);
    gate.reopen();
    await database.inbox.store(webhook('after'));
    expect((await database.inbox.pending(10)).map(({ deliveryKey }) => deliveryKey)).toEqual(['before', 'after']);
    expect(await atPostgres(url, 'select 1 from webhook_inbox')).toHaveLength(2);
  });

  it('prepares once what each dial asks, and plans it anew for each batch', async () => {
    const { gate, database } = await behindGate();
    const sent: string[] = [];
    gate.onSent = (bytes) => void sent.push(bytes.toString('latin1'));
    const reserve = () => database.permissions.reserve(dialOrder(), T0, allow);
    const reserved = [];
    for (let batch = 0; batch < 3; batch += 1) reserved.push(...(await Promise.all([reserve(), reserve(), reserve()])));
    expect(reserved.map((each) => each?.decision.type)).toEqual(Array(9).fill('allow'));
    const count = (text: string) => sent.join('').split(text).length - 1;
    expect(count('as "waits_with"')).toBe(1);
    expect(count('insert into "calls"')).toBe(1);
    expect(count('discard plans')).toBe(3);
  });

  it('goes on when a table gets a column, of which it has prepared statements', async () => {
    const url = await freshPostgres();
    const { permissions } = await openTestDatabase({ url });
    const reserve = async () => (await permissions.reserve(dialOrder(), T0, allow))?.decision.type;
    expect(await reserve()).toBe('allow');
    await atPostgres(url, 'alter table permission_pairs add column more text');
    expect(await reserve()).toBe('allow');
  });

  it('keeps the tables of two schemas apart', async () => {
    const url = await freshPostgres();
    await atPostgres(url, 'create schema other');
    const other = `${url}?options=${encodeURIComponent('-c search_path=other')}`;
    const [first, second] = await Promise.all([openTestDatabase({ url }), openTestDatabase({ url: other })]);
    await first.calls.bury('wacid.a', T0);
    expect(await first.calls.buried('wacid.a')).toBe(true);
    expect(await second.calls.buried('wacid.a')).toBe(false);
  });
});

/** A commit of a timeline line takes its time from now on. */
const SLOW_COMMIT = `
  create function dawdle() returns trigger language plpgsql as 'begin perform pg_sleep(1.5); return null; end';
  create constraint trigger dawdle after insert on call_events deferrable initially deferred
    for each row execute function dawdle()`;
const OTHERS_AT_WORK = `
  select 1 from pg_stat_activity
  where state <> 'idle' and datname = current_database() and pid <> pg_backend_pid()`;

/** The server counts with a delay. */
async function deadlocksAt(url: string): Promise<number> {
  for (;;) {
    const [row] = await atPostgres(url, 'select deadlocks from pg_stat_database where datname = current_database()');
    if (row?.['deadlocks'] !== '0') return Number(row?.['deadlocks']);
    await sleep(50);
  }
}
