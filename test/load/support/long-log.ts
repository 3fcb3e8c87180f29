import type { DatabasePlace } from '../../../src/storage/index.ts';

/** What a long log consists of. Projects and agents by their names in it. */
export const LOG = {
  project: '00000000-0000-4000-8000-000000000000',
  other: '00000000-0000-4000-8000-0000000000ff',
  /** Most calls, a third of them, and a number whose calls all went well. */
  numbers: ['106540352242001', '106540352242002', '106540352242003'],
  agents: ['aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000002'],
} as const;

export const DAY_MS = 24 * 3_600_000;
/** The log covers so many days. */
export const LOG_DAYS = 730;

/** The busy one, one with a third of the calls, and a quiet one. */
export type LogNumbers = readonly [string, string, string];

/** Runs one statement in the database of the log. */
export type Run = (sql: string) => Promise<void>;

/**
 * Fills a database that has its tables with `calls` calls of two years. One in ten is of another project, which had the third
 * number before; one in fifty dials waited for hours or days before it was placed; one call in a thousand was heard of
 * late. Statuses are as they come: nearly all completed, few failed, hardly any live.
 */
export async function writeLongLog(
  run: Run,
  kind: 'sqlite' | 'postgres',
  calls: number,
  numbers: LogNumbers = LOG.numbers,
): Promise<void> {
  const hex = (n: string) => (kind === 'sqlite' ? `printf('%08x', ${n})` : `lpad(to_hex(${n}), 8, '0')`);
  const now = Date.now();
  const step = Math.floor((LOG_DAYS * DAY_MS) / calls);
  const users = Math.max(100, Math.floor(calls / 20));
  await run(`insert into permission_pairs (id, phone_number_id, wa_id)
    with recursive n(i) as (select cast(0 as bigint) union all select i + 1 from n where i + 1 < ${users})
    select 'pair-' || i, case when i % 10 < 7 then '${numbers[0]}' else '${numbers[1]}' end, '4930' || (10000000 + i)
    from n`);
  await run(`insert into calls (id, call_id, direction, status, phone_number_id, user_wa_id, started_at,
      session_started_at, ended_at, duration_seconds, agent_id, agent_name, ending_class, ending_reason, ended_by, quality,
      launched, followed, pair_id, placed_at, project_id, created_at, updated_at)
    with recursive n(i) as (select cast(0 as bigint) union all select i + 1 from n where i + 1 < ${calls}),
    plain as (
      select i, ${now - 60_000} - (${calls} - 1 - i) * ${step} as at, (i * 2654435761) % 4294967296 as mixed,
        (i * 40503) % 1000 as chance
      from n),
    called as (
      select i, at, mixed, chance,
        case when chance % 10 = 7 then '${LOG.other}' else '${LOG.project}' end as project,
        case when chance % 10 = 7 then '${numbers[2]}' when chance < 650 then '${numbers[0]}'
          when chance < 990 then '${numbers[1]}' else '${numbers[2]}' end as number,
        case when chance % 3 = 0 then 'outbound' else 'inbound' end as direction,
        case when chance < 40 then 'failed' else 'completed' end as status,
        case when i % 50 = 0 and chance % 3 = 0 then 3600000 + (mixed % 72) * 3600000
          when i % 1000 = 1 then -3600000 * 5 else -(mixed % 1500) end as gap
      from plain)
    select ${hex('mixed')} || '-' || ${hex('i')}, 'wacid.' || ${hex('mixed')} || i, direction, status, number,
      '4930' || (10000000 + i % ${users}), at + gap, case when status = 'failed' then null else at + gap + 2000 end,
      at + gap + 62000, case when status = 'failed' then null else 60 end,
      case when chance < 995 then '${LOG.agents[0]}' else '${LOG.agents[1]}' end, 'Bench',
      case when status = 'failed' then 'failed' else 'completed' end,
      case when status = 'failed' then 'media_failed' else 'user_hangup' end, 'user',
      '{"packetsReceived":3000,"packetsLost":1,"jitterMs":4,"rttMs":40,"mosEstimate":4.3,"playoutUnderruns":0}',
      0, 0, 'pair-' || (i % ${users}), case when direction = 'outbound' then at + gap end, project, at, at + 62000
    from called`);
  // A few that are not over.
  await run(`update calls set status = 'ringing', ending_class = null, ended_at = null where id in
    (select id from calls where project_id = '${LOG.project}' order by created_at desc limit 20)`);
}

/** Gives the oldest calls of the log, which are the first to be deleted, a timeline of ten lines each. */
export async function writeOldTimelines(run: Run, calls: number): Promise<void> {
  await run(`insert into call_events (call_key, at, type, data)
    with recursive line(n) as (select 1 union all select n + 1 from line where n < 10)
    select old.id, old.created_at + n, 'agent_ready', '{"agent":"Bench","seat":0,"connectMs":38}'
    from (select id, created_at from calls where project_id = '${LOG.project}' order by created_at limit ${calls}) as old
    cross join line`);
}

/** Loads with the indexes of `calls` away, which is many times faster, and makes them again. */
export async function withoutIndexes(
  run: Run,
  rows: (sql: string) => Promise<readonly Record<string, unknown>[]>,
  place: DatabasePlace,
  load: () => Promise<void>,
): Promise<void> {
  const made = await rows(
    'path' in place
      ? "select name, sql from sqlite_master where type = 'index' and tbl_name = 'calls' and sql is not null"
      : `select indexname as name, indexdef as sql from pg_indexes where tablename = 'calls'
         and indexname not in (select conname from pg_constraint)`,
  );
  for (const { name } of made) await run(`drop index ${String(name)}`);
  await load();
  for (const { sql } of made) await run(String(sql));
}
