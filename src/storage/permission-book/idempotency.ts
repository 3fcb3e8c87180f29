import type { Kysely } from 'kysely';
import type { IdempotentRequest } from '../../permissions/ports.ts';
import type { Schema } from '../schema.ts';

const KEPT_MS = 24 * 3_600_000;

/** Keeps a new key, in the transaction of `db`, or gives what was kept with it. Lets go of those that are old enough. */
export async function rememberKey(
  db: Kysely<Schema>,
  request: IdempotentRequest,
): Promise<IdempotentRequest & { readonly fresh: boolean }> {
  const { key, digest, id, at } = request;
  await db
    .deleteFrom('idempotency_keys')
    .where('at', '<=', at - KEPT_MS)
    .execute();
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('idempotency_keys')
    .values({ key, digest, dial_id: id, at })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 1n) return { ...request, fresh: true };
  const kept = await db.selectFrom('idempotency_keys').selectAll().where('key', '=', key).executeTakeFirstOrThrow();
  return { key, digest: kept.digest, id: kept.dial_id, at: kept.at, fresh: false };
}

export async function forgetKey(db: Kysely<Schema>, key: string): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('key', '=', key).execute();
}
