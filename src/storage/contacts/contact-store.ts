import type { Kysely } from 'kysely';
import type { Contact, ContactBook, ContactChanges, ContactQuery, OfNumber, Page } from '../../calls-api/ports.ts';
import type { UserRef } from '../../permissions/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import { keysetPage } from '../keyset-page.ts';
import { findPair, isFoundBy, keysOf, type PairRow } from '../permission-book/pairs.ts';
import type { Schema } from '../schema.ts';

/** The pairs of the permission ledger as people: who they are to a client of the API. */
export class ContactStore implements ContactBook {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;

  constructor(db: Kysely<Schema>, writes: GroupCommit) {
    this.#db = db;
    this.#writes = writes;
  }

  async list(query: ContactQuery): Promise<Page<Contact>> {
    const { projectId, phoneNumberId, user } = query;
    const matching = this.#db
      .selectFrom('permission_pairs')
      .selectAll()
      .where('phone_number_id', '=', phoneNumberId)
      .where('project_id', '=', projectId)
      .$if(user !== null, (pairs) => pairs.where(isFoundBy(keysOf(phoneNumberId, user!))));
    const page = await keysetPage(matching, 'permission_pairs', query);
    return { ...page, data: page.data.map(toContact) };
  }

  async find(number: OfNumber, user: UserRef): Promise<Contact | null> {
    const row = await find(this.#db, number, user);
    return row === null ? null : toContact(row);
  }

  async change(number: OfNumber, user: UserRef, changes: ContactChanges, at: number): Promise<Contact | null> {
    const { profileName, displayName, metadata } = changes;
    const columns = {
      ...(profileName !== undefined && { profile_name: profileName }),
      ...(displayName !== undefined && { display_name: displayName }),
      ...(metadata !== undefined && { metadata: metadata === null ? null : JSON.stringify(metadata) }),
      updated_at: at,
    };
    return await this.#writes.run(async (db) => {
      const row = await find(db, number, user);
      if (row === null) return null;
      await db.updateTable('permission_pairs').set(columns).where('id', '=', row.id).execute();
      return toContact({ ...row, ...columns });
    });
  }
}

async function find(
  db: Kysely<Schema>,
  { projectId, phoneNumberId }: OfNumber,
  user: UserRef,
): Promise<PairRow | null> {
  const row = await findPair(db, phoneNumberId, user);
  return row?.project_id === projectId ? row : null;
}

function toContact(row: PairRow): Contact {
  return {
    id: row.id,
    phoneNumberId: row.phone_number_id,
    waId: row.wa_id,
    userId: row.user_id,
    parentUserId: row.parent_user_id,
    username: row.username,
    profileName: row.profile_name,
    displayName: row.display_name,
    metadata: row.metadata === null ? {} : JSON.parse(row.metadata),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
