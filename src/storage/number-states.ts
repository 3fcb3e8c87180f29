import type { Kysely, Selectable } from 'kysely';
import type { NumberRestriction, NumberStanding, NumberStandings } from '../calls-api/ports.ts';
import type { AccountEvent, AccountEventSink } from '../signaling/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import type { ToldNumber } from './number-events.ts';
import { liftRestriction, writeRestriction, writeSettings, writeViolation } from './number-words.ts';
import { LIVE } from './permission-book/usage.ts';
import type { Schema } from './schema.ts';
import type { NumberStatesTable } from './schema-numbers.ts';

type NumberState = Selectable<NumberStatesTable>;

/** What Meta says of numbers: kept, and told to others, in one transaction. An older word never replaces a newer one. */
export class NumberStates implements AccountEventSink, NumberStandings {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;

  constructor(db: Kysely<Schema>, writes: GroupCommit) {
    this.#db = db;
    this.#writes = writes;
  }

  async handle(event: AccountEvent): Promise<void> {
    const { phoneNumberId, at } = event;
    await this.#writes.run(async (db) => {
      const number = await toldNumber(db, phoneNumberId);
      if (number === null) return;
      const known = (await statesOf(db, [phoneNumberId]))[0] ?? { ...NOTHING_SAID, phone_number_id: phoneNumberId };
      switch (event.type) {
        case 'calling_settings':
          return await writeSettings({ db, number, known, said: event, at });
        case 'restricted':
          return await writeRestriction({ db, number, known, said: event, at });
        case 'lifted':
          return await liftRestriction({ db, number, known, said: event, at });
        case 'warned':
          return await writeViolation({ db, number, known, said: event, at });
        default:
          event satisfies never;
      }
    });
  }

  async standingOf(phoneNumberIds: readonly string[], now: number): Promise<ReadonlyMap<string, NumberStanding>> {
    if (phoneNumberIds.length === 0) return new Map();
    const states = new Map((await statesOf(this.#db, phoneNumberIds)).map((state) => [state.phone_number_id, state]));
    const live = await liveCalls(this.#db, phoneNumberIds);
    const heard = phoneNumberIds.filter((id) => states.has(id) || live.has(id));
    return new Map(heard.map((id) => [id, standing(states.get(id) ?? NOTHING_SAID, live.get(id) ?? 0, now)]));
  }
}

const NOTHING_SAID: Omit<NumberState, 'phone_number_id'> = {
  calling_status: null,
  settings: null,
  settings_at: null,
  paused_code: null,
  paused_until: null,
  paused_at: null,
  users_paused_until: null,
  users_paused_at: null,
  button_hidden_at: null,
  button_remediation: null,
  violation: null,
  violation_remediation: null,
  violation_at: null,
};

async function toldNumber(db: Kysely<Schema>, phoneNumberId: string): Promise<ToldNumber | null> {
  const row = await db
    .selectFrom('numbers')
    .select(['project_id', 'display_phone_number'])
    .where('phone_number_id', '=', phoneNumberId)
    .executeTakeFirst();
  if (row === undefined) return null;
  return { phoneNumberId, projectId: row.project_id, displayPhoneNumber: row.display_phone_number };
}

async function statesOf(db: Kysely<Schema>, phoneNumberIds: readonly string[]): Promise<readonly NumberState[]> {
  return await db.selectFrom('number_states').selectAll().where('phone_number_id', 'in', phoneNumberIds).execute();
}

async function liveCalls(db: Kysely<Schema>, phoneNumberIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('calls')
    .select(['phone_number_id', ({ fn }) => fn.countAll<number>().as('count')])
    .where('phone_number_id', 'in', phoneNumberIds)
    .where('ending_class', 'is', null)
    .where('status', 'in', LIVE)
    .groupBy('phone_number_id')
    .execute();
  return new Map(rows.map((row) => [row.phone_number_id, row.count]));
}

function standing(state: Omit<NumberState, 'phone_number_id'>, live: number, now: number): NumberStanding {
  return {
    callingStatus: state.calling_status,
    settings: state.settings === null ? null : JSON.parse(state.settings),
    seenAt: state.settings_at,
    restrictions: restrictionsOf(state).filter(({ until }) => until === null || until > now),
    lastViolation:
      state.violation === null || state.violation_at === null
        ? null
        : { type: state.violation, remediation: state.violation_remediation, at: state.violation_at },
    liveCalls: live,
  };
}

function restrictionsOf(state: Omit<NumberState, 'phone_number_id'>): NumberRestriction[] {
  const { paused_code: code, users_paused_at: usersSince, button_hidden_at: hiddenSince } = state;
  const restrictions: NumberRestriction[] = [];
  if (code !== null) {
    const { paused_at: since, paused_until: until } = state;
    restrictions.push({ kind: 'business_calls', code, since, until, remediation: null });
  }
  if (usersSince !== null) {
    const until = state.users_paused_until;
    restrictions.push({ kind: 'user_calls', code: null, since: usersSince, until, remediation: null });
  }
  if (hiddenSince !== null) {
    const remediation = state.button_remediation;
    restrictions.push({ kind: 'call_button', code: null, since: hiddenSince, until: null, remediation });
  }
  return restrictions;
}
