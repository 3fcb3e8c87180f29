import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Kysely, Selectable } from 'kysely';
import type { AccountWord, RestrictionKind } from '../signaling/ports.ts';
import { type ToldNumber, tellNumber } from './number-events.ts';
import type { Schema } from './schema.ts';
import type { NumberStatesTable } from './schema-numbers.ts';

/** What Meta said of a number, and what was known of it before. */
export interface Heard<Word extends AccountWord = AccountWord> {
  readonly db: Kysely<Schema>;
  readonly number: ToldNumber;
  readonly known: NumberState;
  readonly said: Word;
  /** When Meta said so, Unix milliseconds. */
  readonly at: number;
}

type NumberState = Omit<Selectable<NumberStatesTable>, 'phone_number_id'>;

type Said<Type extends AccountWord['type']> = Heard<Extract<AccountWord, { type: Type }>>;

/** Graph's code for calling that was paused for its quality (meta-calling.md §7.2). */
const PAUSED = 138014;
/** A pause for quality lasts so long where Meta names no end (meta-calling.md §3.11). */
const PAUSE_MS = 7 * 24 * 3_600_000;
/** That a date can hold: a webhook may name any. */
const LAST_MOMENT = 8.64e15;

const RESTRICTIONS = {
  business_calls: 'RESTRICTED_BUSINESS_INITIATED_CALLING',
  user_calls: 'RESTRICTED_USER_INITIATED_CALLING',
  call_button: 'RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN',
} as const satisfies Record<RestrictionKind, string>;

/** Of two words of one second the one that is heard of later holds: Meta tells whole seconds. */
function isOlder(at: number, than: number | null): boolean {
  return than !== null && Math.floor(at / 1_000) < Math.floor(than / 1_000);
}

/** Writes the settings down and tells what changed in them. */
export async function writeSettings({ db, number, known, said, at }: Said<'calling_settings'>): Promise<void> {
  if (isOlder(at, known.settings_at)) return;
  const before: Record<string, unknown> = known.settings === null ? {} : JSON.parse(known.settings);
  const changed = Object.entries(said.calling).filter(([name, value]) => !isDeepStrictEqual(before[name], value));
  const status = statusIn(said.calling['status']) ?? known.calling_status;
  const shown = changed.some(([name, value]) => name === BUTTON && value === 'DEFAULT' && before[name] !== undefined);
  await keep(db, number.phoneNumberId, {
    calling_status: status,
    settings: JSON.stringify({ ...before, ...said.calling }),
    settings_at: Math.max(at, known.settings_at ?? at),
    ...(shown && { button_hidden_at: null, button_remediation: null }),
  });
  if (changed.length === 0 || (known.settings === null && !said.changed)) return;
  const calling = Object.fromEntries(changed);
  const key = `${at}:${digest(calling)}`;
  await tellNumber(db, 'whatsapp.phone_number.settings_changed', number, { at, key }, { calling });
}

/** Writes a restriction down and tells of it, unless it is known. */
export async function writeRestriction(heard: Said<'restricted'>): Promise<void> {
  const { db, number, known, said, at } = heard;
  const { kind, remediation } = said;
  const until = kind === 'call_button' ? said.until : (said.until ?? Math.min(at + PAUSE_MS, LAST_MOMENT));
  if (isOlder(at, whenRestricted(known, kind))) return;
  await keep(db, number.phoneNumberId, restrictionColumns(kind, { until, remediation, at }));
  if (isKnown(known, kind, until)) return;
  const restriction = {
    kind,
    type: RESTRICTIONS[kind],
    until: until === null ? null : new Date(until).toISOString(),
    remediation,
  };
  const key = `${kind}:${at}`;
  await tellNumber(db, 'whatsapp.phone_number.restricted', number, { at, key }, { restriction });
}

/** Meta lists what holds, and this is not in it. */
export async function liftRestriction({ db, number, known, said, at }: Said<'lifted'>): Promise<void> {
  const { kind } = said;
  const since = whenRestricted(known, kind);
  // Other codes than this one stand for what no list of restrictions tells.
  const holds = kind === 'business_calls' ? known.paused_code === PAUSED : since !== null;
  if (!holds || isOlder(at, since)) return;
  await keep(db, number.phoneNumberId, NOT_RESTRICTED[kind]);
}

export async function writeViolation({ db, number, known, said, at }: Said<'warned'>): Promise<void> {
  if (isOlder(at, known.violation_at)) return;
  const { violation, remediation } = said;
  const columns = { violation, violation_remediation: remediation, violation_at: at };
  await keep(db, number.phoneNumberId, columns);
  const warning = { type: violation, remediation };
  const key = `${violation}:${at}`;
  await tellNumber(db, 'whatsapp.phone_number.warned', number, { at, key }, { warning });
}

function digest(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** The setting by which a business hides its call button. */
const BUTTON = 'call_icon_visibility';

function statusIn(given: unknown): 'ENABLED' | 'DISABLED' | null {
  const status = typeof given === 'string' ? given.trim().toUpperCase() : null;
  return status === 'ENABLED' || status === 'DISABLED' ? status : null;
}

function whenRestricted(known: NumberState, kind: RestrictionKind): number | null {
  return { business_calls: known.paused_at, user_calls: known.users_paused_at, call_button: known.button_hidden_at }[
    kind
  ];
}

function isKnown(known: NumberState, kind: RestrictionKind, until: number | null): boolean {
  switch (kind) {
    case 'business_calls':
      return known.paused_code === PAUSED && known.paused_at !== null && known.paused_until === until;
    case 'user_calls':
      return known.users_paused_at !== null && known.users_paused_until === until;
    case 'call_button':
      return known.button_hidden_at !== null;
    default:
      return kind satisfies never;
  }
}

function restrictionColumns(
  kind: RestrictionKind,
  { until, remediation, at }: { until: number | null; remediation: string | null; at: number },
): Partial<NumberState> {
  switch (kind) {
    case 'business_calls':
      return { paused_code: PAUSED, paused_until: until, paused_at: at };
    case 'user_calls':
      return { users_paused_until: until, users_paused_at: at };
    case 'call_button':
      return { button_hidden_at: at, button_remediation: remediation };
    default:
      return kind satisfies never;
  }
}

const NOT_RESTRICTED: Readonly<Record<RestrictionKind, Partial<NumberState>>> = {
  business_calls: { paused_code: null, paused_until: null, paused_at: null },
  user_calls: { users_paused_until: null, users_paused_at: null },
  call_button: { button_hidden_at: null, button_remediation: null },
};

async function keep(db: Kysely<Schema>, phoneNumberId: string, columns: Partial<NumberState>): Promise<void> {
  await db
    .insertInto('number_states')
    .values({ phone_number_id: phoneNumberId, ...columns })
    .onConflict((conflict) => conflict.column('phone_number_id').doUpdateSet(columns))
    .execute();
}
