import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely';
import type { Sweep, Swept } from '../../runtime/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import { isBeyond } from '../keyset-page.ts';
import type { Schema } from '../schema.ts';

/** In one transaction, with their timelines: it may hold up a call's own writes for as long as it takes. */
const CALLS_AT_ONCE = 20;

/**
 * Walks the calls whose record is older than `before`, the oldest of each project first, and deletes with their timelines
 * those that are over and count for nothing any more.
 */
export class CallSweep implements Sweep {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;
  readonly #before: number;
  #projects: string[] | null = null;
  /** Up to where the first of the projects was walked. */
  #at: { readonly createdAt: number; readonly id: string } | null = null;

  /** @param before Unix milliseconds */
  constructor(db: Kysely<Schema>, writes: GroupCommit, before: number) {
    this.#db = db;
    this.#writes = writes;
    this.#before = before;
  }

  async step(): Promise<Swept> {
    this.#projects ??= await projectsWithCalls(this.#db);
    const [project] = this.#projects;
    if (project === undefined) return { deleted: 0, done: true };
    const old = await this.#next(project);
    const last = old.at(-1);
    if (last === undefined) {
      this.#at = null;
      this.#projects.shift();
      return { deleted: 0, done: this.#projects.length === 0 };
    }
    this.#at = { createdAt: last.created_at, id: last.id };
    const ids = old.map(({ id }) => id);
    return { deleted: await this.#writes.run((db) => deleteCalls(db, ids, this.#before)), done: false };
  }

  async #next(project: string) {
    const calls = this.#db
      .selectFrom('calls')
      .select(['created_at', 'id'])
      .where('project_id', '=', project)
      .where('created_at', '<', this.#before);
    const rest = this.#at === null ? calls : calls.where(isBeyond('calls', 'newer', this.#at));
    return await rest.orderBy('created_at').orderBy('id').limit(CALLS_AT_ONCE).execute();
  }
}

/** Also those that are gone. From one to the next by the index: there is no list of them. */
async function projectsWithCalls(db: Kysely<Schema>): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    with recursive known(id) as (
      select min(project_id) from calls
      union all
      select (select min(project_id) from calls where project_id > known.id) from known where known.id is not null
    )
    select id from known where id is not null`.execute(db);
  return rows.map(({ id }) => id);
}

/** Deletes of these calls those that may go; their timelines go with them. */
async function deleteCalls(db: Kysely<Schema>, ids: readonly string[], before: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('calls')
    .where('id', 'in', ids)
    // One that waits, or is going on, has no ending; a dial may have waited for long.
    .where('ending_class', 'is not', null)
    .where('updated_at', '<', before)
    .where((where) => where.or([where('ended_at', 'is', null), where('ended_at', '<', before)]))
    .where((where) => where.not(countsAsUnanswered(where, before)))
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/**
 * A dial of the row of those that nobody picked up (permission-book/usage.ts), which WhatsApp counts without an end in time:
 * kept as long as the user allows calls, or did when the row was last heard of.
 */
function countsAsUnanswered(where: ExpressionBuilder<Schema, 'calls'>, before: number): Expression<SqlBool> {
  const pickedUp = where
    .selectFrom('calls as others')
    .select(({ fn }) => fn.max('others.session_started_at').as('at'))
    .whereRef('others.pair_id', '=', 'calls.pair_id');
  return where.and([
    where('direction', '=', 'outbound'),
    where('session_started_at', 'is', null),
    where('placed_at', 'is not', null),
    where.exists(
      where
        .selectFrom('permission_pairs as pair')
        .select('pair.id')
        .whereRef('pair.id', '=', 'calls.pair_id')
        .where((pair) =>
          pair.or([
            pair('pair.grant_status', '=', 'permanent'),
            pair('pair.grant_expires_at', '>=', before),
            pair('pair.live_at', '>=', before),
          ]),
        )
        .where((pair) => pair('calls.placed_at', '>', pair.fn.coalesce('pair.streak_since', sql.lit(0))))
        .where((pair) => pair('calls.ended_at', '>', pair.fn.coalesce(pickedUp, sql<number>`0`))),
    ),
  ]);
}
