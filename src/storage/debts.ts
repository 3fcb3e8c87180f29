import type { Kysely } from 'kysely';
import type { Debt, DebtBook } from '../runtime/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Schema } from './schema.ts';

/** What Graph still has to be told. */
export class SqlDebtBook implements DebtBook {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;

  constructor(db: Kysely<Schema>, writes: GroupCommit) {
    this.#db = db;
    this.#writes = writes;
  }

  /** The same debt twice is one debt, as old as the first. */
  async owe(debt: Debt): Promise<void> {
    await this.#writes.run((db) =>
      db
        .insertInto('graph_debts')
        .values({
          call_id: debt.callId,
          action: debt.action,
          phone_number_id: debt.phoneNumberId,
          since: debt.since,
        })
        .onConflict((conflict) => conflict.columns(['call_id', 'action']).doNothing())
        .execute(),
    );
  }

  async settle(callId: string, action: Debt['action']): Promise<void> {
    await this.#writes.run((db) =>
      db.deleteFrom('graph_debts').where('call_id', '=', callId).where('action', '=', action).execute(),
    );
  }

  async open(): Promise<readonly Debt[]> {
    const rows = await this.#db.selectFrom('graph_debts').selectAll().orderBy('since').execute();
    return rows.map((row) => ({
      phoneNumberId: row.phone_number_id,
      callId: row.call_id,
      action: row.action,
      since: row.since,
    }));
  }
}
