import { CompiledQuery } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { Decide, DialOrder } from '../../../../src/permissions/ports.ts';
import type { DatabasePlace } from '../../../../src/storage/index.ts';
import { reserveDial, reserveRequest } from '../../../../src/storage/permission-book/reservations.ts';
import { T0 } from '../../../support/call.ts';
import { PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { openTestDatabase } from '../../../support/database.ts';
import { DATABASES } from '../../../support/databases.ts';
import { allow, ask, deny, dialOrder, USER } from '../../../support/dial-order.ts';
import { overheardTables } from '../../../support/overheard-tables.ts';

/** A database that knows `USER`, and what it is asked from now on. */
async function overheard(place: DatabasePlace) {
  const { permissions } = await openTestDatabase(place);
  await permissions.windowOpened(PHONE_NUMBER_ID, USER, T0);
  const { db, asked } = await overheardTables(place);
  const reserve = async (order: DialOrder, decide: Decide) => {
    asked.length = 0;
    await reserveDial(db, { order, decide, requestId: `request-${order.id}`, now: T0 });
    return asked.map(({ sql }) => sql);
  };
  return { db, asked, permissions, reserve };
}

const NEW_USER = { waId: '15550100002', userId: null };

describe.each(DATABASES)('the statements of a dial ($name)', ({ fresh }) => {
  it('are few: each is a round trip at every dial', async () => {
    const { permissions, reserve } = await overheard(await fresh());
    expect(await reserve(dialOrder(), allow)).toHaveLength(4);
    expect(await reserve(dialOrder({ voiceAgentId: 'agent-1' }), allow)).toHaveLength(4);
    expect(await reserve(dialOrder(), deny)).toHaveLength(2);
    expect(await reserve(dialOrder({ user: NEW_USER }), allow)).toHaveLength(5);
    expect(await reserve(dialOrder(), ask)).toHaveLength(7);
    const waits = dialOrder();
    await permissions.wait({ order: waits, state: 'scheduled', nextAt: T0 }, T0);
    expect(await reserve(waits, allow)).toHaveLength(5);
    expect(await reserve(waits, allow)).toHaveLength(1);
  });

  it('of a request by itself are as few', async () => {
    const { db, asked } = await overheard(await fresh());
    const claim = { phoneNumberId: PHONE_NUMBER_ID, user: USER, template: false, requestId: 'a', now: T0, decide: ask };
    asked.length = 0;
    await reserveRequest(db, claim);
    expect(asked).toHaveLength(3);
  });
});

describe('what a dial looks up on SQLite', () => {
  const [sqlite] = DATABASES;

  it('is in an index made for it, so that old calls cost it nothing', async () => {
    const { db, asked, reserve } = await overheard(await sqlite!.fresh());
    await reserve(dialOrder({ user: { ...USER, userId: 'US.1349' }, voiceAgentId: 'agent-1' }), allow);
    const plan: string[] = [];
    for (const { sql, parameters } of [...asked]) {
      const { rows } = await db.executeQuery<{ detail: string }>(
        CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]),
      );
      plan.push(...rows.map(({ detail }) => detail));
    }
    expect(plan.filter((line) => /^SCAN (?!CONSTANT ROW|dial)/.test(line))).toEqual([]);
    const used = plan.flatMap((line) => /INDEX (\w+ \(.+?\))/.exec(line)?.[1] ?? []);
    expect([...new Set(used)].sort()).toEqual([
      // SQLite looks for calls and messages of a row that an upsert might have replaced.
      'call_events_timeline (call_key=?)',
      'calls_live (phone_number_id=? AND status=? AND ending_class=?)',
      'calls_live_of_pair (pair_id=? AND status=?)',
      'calls_of_pair (pair_id=? AND session_started_at>?)',
      'calls_of_pair (pair_id=?)',
      'calls_of_project (project_id=?)',
      'calls_placed (phone_number_id=? AND placed_at>?)',
      'calls_refused (phone_number_id=? AND placed_at>?)',
      'calls_unanswered (pair_id=? AND ended_at>?)',
      'messages_of_conversation (conversation_id=?)',
      'permission_requests_by_template (phone_number_id=? AND template=? AND requested_at>?)',
      'permission_requests_of_pair (pair_id=? AND requested_at>?)',
      'sqlite_autoindex_calls_1 (id=?)',
      'sqlite_autoindex_dials_1 (id=?)',
      'sqlite_autoindex_number_states_1 (phone_number_id=?)',
      'sqlite_autoindex_numbers_1 (phone_number_id=?)',
      'sqlite_autoindex_permission_pairs_1 (id=?)',
      'sqlite_autoindex_permission_pairs_2 (phone_number_id=? AND wa_id=?)',
      'sqlite_autoindex_permission_pairs_3 (phone_number_id=? AND user_id=?)',
      'sqlite_autoindex_voice_agents_1 (id=?)',
    ]);
  });
});
