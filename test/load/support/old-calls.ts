/** A database that was in use for long: several numbers, and users of each who have allowed calls. */
export interface OldCalls {
  readonly numbers: readonly string[];
  readonly usersPerNumber: number;
  /** Of all numbers together, over. */
  readonly calls: number;
}

/** So many of a number fall into the last day, as far as there are so many. Graph lets a number place 10,000. */
const LAST_DAY_PER_NUMBER = 7_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The user of this number at Meta, 0 to `usersPerNumber` - 1. */
export function userNamed(index: number): string {
  return `4930${10_000_000 + index}`;
}

/**
 * Fills a database that has its tables, by statements that SQLite and PostgreSQL both know. Each pair has the same number of
 * calls; its newest was picked up, and one in ten of the older ones was not.
 */
export async function writeOldCalls(run: (sql: string) => Promise<void>, old: OldCalls): Promise<void> {
  const now = Date.now();
  const users = old.usersPerNumber;
  for (const number of old.numbers) {
    await run(`insert into permission_pairs (id, phone_number_id, wa_id, grant_status, grant_source, grant_at)
      with recursive n(i) as (select cast(0 as bigint) union all select i + 1 from n where i + 1 < ${users})
      select 'pair-${number}-' || i, '${number}', '4930' || (10000000 + i), 'permanent', 'request', ${now - 400 * DAY_MS}
      from n`);
  }
  const perNumber = Math.floor(old.calls / old.numbers.length);
  if (perNumber === 0) return;
  for (const number of old.numbers) {
    const recent = Math.min(LAST_DAY_PER_NUMBER, perNumber);
    const recentStep = Math.floor((20 * HOUR_MS) / recent);
    const olderStep = Math.floor((300 * DAY_MS) / perNumber);
    await run(`insert into calls (id, call_id, direction, status, phone_number_id, user_wa_id, started_at,
        session_started_at, ended_at, duration_seconds, ending_class, ending_reason, ended_by, launched, followed,
        pair_id, placed_at, created_at, updated_at)
      with recursive n(i) as (select cast(0 as bigint) union all select i + 1 from n where i + 1 < ${perNumber}),
      old as (
        select i, i % ${users} as u, (i / ${users}) % 10 = 3 as missed,
          case when i < ${recent} then ${now - HOUR_MS} - i * ${recentStep}
            else ${now - 2 * DAY_MS} - (i - ${recent}) * ${olderStep} end as at
        from n)
      select 'old-${number}-' || i, 'wacid.old-${number}-' || i, 'outbound', 'completed', '${number}',
        '4930' || (10000000 + u), at, case when missed then null else at + 6000 end, at + 66000,
        case when missed then null else 60 end, case when missed then 'missed' else 'completed' end,
        case when missed then 'unanswered' else 'user_hangup' end, 'user', 0, 0,
        'pair-${number}-' || u, at, at, at + 66000
      from old`);
  }
}
