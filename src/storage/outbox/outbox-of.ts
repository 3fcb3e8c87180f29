import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';
import type { Outbox } from './outbox.ts';

const outboxes = new WeakMap<object, Outbox>();

/** From now on, what happens in this database is told through that outbox. */
export function keepOutbox(db: Kysely<Schema>, outbox: Outbox): void {
  outboxes.set(db.getExecutor().adapter, outbox);
}

/**
 * The outbox of a database, also from within a transaction, which has the adapter of its database. Whatever is written is
 * written by functions that have nothing but their transaction, and what they tell must be part of it.
 */
export function outboxOf(db: Kysely<Schema>): Outbox | null {
  return outboxes.get(db.getExecutor().adapter) ?? null;
}
