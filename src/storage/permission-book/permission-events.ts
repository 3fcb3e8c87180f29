import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Grant, UserRef } from '../../permissions/ports.ts';
import { partiesOf } from '../contacts/parties.ts';
import { lookUpProject } from '../project-of-number.ts';
import type { PermissionRequestsTable, Schema } from '../schema.ts';
import { tell } from '../tell.ts';

/** What of a request others are told (`returning`). */
export const TOLD_OF_REQUEST = ['id', 'pair_id', 'phone_number_id', 'dial_id', 'template', 'message_id'] as const;

type ToldRequest = Pick<PermissionRequestsTable, (typeof TOLD_OF_REQUEST)[number]>;

/** A request left for the user, in the transaction of `db`. */
export async function tellRequested(db: Kysely<Schema>, request: ToldRequest, at: number): Promise<void> {
  const type = 'whatsapp.call_permission.requested';
  const { id, pair_id: pairId, phone_number_id: phoneNumberId } = request;
  const projectId = await lookUpProject(db, phoneNumberId);
  const about = { projectId, phoneNumberId, orderingKey: pairId, idempotencyKey: `${type}:${id}`, at };
  await tell(db, type, about, async () => ({
    permission_request: {
      user: await userOf(db, pairId),
      template: request.template === 1,
      message_id: request.message_id,
      call: request.dial_id,
    },
    ...(await partiesOf(db, pairId, projectId)),
  }));
}

/** A word of a user on the permission, as Meta's webhook told it. */
export interface ToldGrant {
  readonly pairId: string;
  readonly phoneNumberId: string;
  readonly user: UserRef;
  readonly grant: Grant;
  readonly answers: string | null;
}

/** The permission of a pair has become what the webhook says, in the transaction of `db`. */
export async function tellGrant(db: Kysely<Schema>, told: ToldGrant): Promise<void> {
  const { pairId, phoneNumberId, user, grant, answers } = told;
  const type = typeOf(grant, answers);
  const projectId = await lookUpProject(db, phoneNumberId);
  // Of the webhook's own words: worked off again it may find another pair, but it says the same.
  const words = JSON.stringify([phoneNumberId, user.waId, user.userId, grant.status, grant.source, grant.at, answers]);
  const idempotencyKey = `${type}:${createHash('sha256').update(words).digest('hex')}`;
  const about = { projectId, phoneNumberId, orderingKey: pairId, idempotencyKey, at: grant.at };
  await tell(db, type, about, async () => ({
    permission: {
      user: await userOf(db, pairId),
      status: grant.status,
      expires_at: grant.expiresAt === null ? null : new Date(grant.expiresAt).toISOString(),
      source: grant.source,
      answers,
    },
    ...(await partiesOf(db, pairId, projectId)),
  }));
}

/** No to a request is a denial; a no that nobody asked for takes back what there was (meta-calling.md §3.7). */
function typeOf({ status, source }: Grant, answers: string | null) {
  if (status !== 'none') return 'whatsapp.call_permission.granted';
  return source === 'declined' && answers !== null
    ? 'whatsapp.call_permission.denied'
    : 'whatsapp.call_permission.revoked';
}

async function userOf(db: Kysely<Schema>, pairId: string) {
  const query = db.selectFrom('permission_pairs').select(['wa_id', 'user_id']).where('id', '=', pairId);
  return await query.executeTakeFirstOrThrow();
}
