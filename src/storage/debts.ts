import type { Kysely } from 'kysely';
import type { Debt, DebtBook } from '../runtime/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import { KeptQuery } from './kept-query.ts';
import type { GraphDebtsTable, Schema } from './schema.ts';

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
    const { callId: call_id, action, phoneNumberId: phone_number_id, since } = debt;
    await this.#writes.run((db) => OWE.execute(db, { call_id, action, phone_number_id, since }));
  }

  async settle(callId: string, action: Debt['action']): Promise<void> {
    await this.#writes.run((db) => SETTLE.execute(db, { callId, action }));
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

/** As a type: an interface does not say that it has no other members. */
type Row = Pick<GraphDebtsTable, keyof GraphDebtsTable>;

const OWE = new KeptQuery((db, row: Row) =>
  db
    .insertInto('graph_debts')
    .values(row)
    .onConflict((conflict) => conflict.columns(['call_id', 'action']).doNothing()),
);

const SETTLE = new KeptQuery((db, { callId, action }: { readonly callId: string; readonly action: Debt['action'] }) =>
  db.deleteFrom('graph_debts').where('call_id', '=', callId).where('action', '=', action),
);
