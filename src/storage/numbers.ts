import type { Kysely } from 'kysely';
import { NO_RULES, type NumberRules } from '../agents/ports.ts';
import { DEFAULT_POLICY, DEFAULT_PROJECT_ID } from '../call/index.ts';
import type {
  AccountNumbers,
  ConnectedNumber,
  KnownNumbers,
  NewNumber,
  NumberBook,
  NumberChanges,
  NumberRemoval,
  NumberRulesBook,
} from '../calls-api/ports.ts';
import { DEFAULT_DIAL_RULES, type DialRules, type DialRulesBook } from '../permissions/ports.ts';
import type { GraphCredentials, NumberDirectory, NumberSigner } from '../signaling/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import { tellNumber } from './number-events.ts';
import { removeNumber } from './number-removal.ts';
import {
  type NumberEntry,
  type NumberPatch,
  type NumberSettings,
  numberColumns,
  numberEntry,
  patchColumns,
} from './number-row.ts';
import type { Schema } from './schema.ts';
import type { Sealer } from './seal.ts';

/** What is not said stays, or is nothing. */
type GivenNumber = Pick<NumberSettings, 'phoneNumberId' | 'displayPhoneNumber' | 'credentials' | 'policy'> &
  Partial<NumberSettings>;

/**
 * The numbers that are ours, how to speak for them and how their calls are handled. Kept in memory, because every webhook
 * asks; the rows are the truth.
 */
export class NumberStore
  implements NumberDirectory, KnownNumbers, NumberRulesBook, DialRulesBook, NumberBook, AccountNumbers
{
  readonly #writes: GroupCommit;
  readonly #sealer: Sealer;
  readonly #numbers: Map<string, NumberEntry>;
  /** Made anew when a number has changed. */
  #signers: readonly NumberSigner[] | null = null;

  private constructor(writes: GroupCommit, sealer: Sealer, numbers: Map<string, NumberEntry>) {
    this.#writes = writes;
    this.#sealer = sealer;
    this.#numbers = numbers;
  }

  /** @throws SealError if the secrets were sealed under another master key */
  static async load(db: Kysely<Schema>, writes: GroupCommit, sealer: Sealer): Promise<NumberStore> {
    const rows = await db.selectFrom('numbers').selectAll().orderBy('created_at').orderBy('phone_number_id').execute();
    const numbers = rows.map((row) => [row.phone_number_id, numberEntry(row, sealer)] as const);
    return new NumberStore(writes, sealer, new Map(numbers));
  }

  isOurs(phoneNumberId: string): boolean {
    return this.#numbers.has(phoneNumberId);
  }

  projectOf(phoneNumberId: string): string | null {
    return this.#numbers.get(phoneNumberId)?.settings.projectId ?? null;
  }

  numbersShowing(displayPhoneNumber: string): readonly string[] {
    const shown = digitsOf(displayPhoneNumber);
    if (shown === '') return [];
    return this.list()
      .filter((number) => digitsOf(number.displayPhoneNumber ?? '') === shown)
      .map(({ phoneNumberId }) => phoneNumberId);
  }

  numbersOfAccount(businessAccountId: string): readonly string[] {
    return this.list()
      .filter((number) => number.businessAccountId === businessAccountId)
      .map(({ phoneNumberId }) => phoneNumberId);
  }

  signers(): readonly NumberSigner[] {
    this.#signers ??= signersOf(this.list());
    return this.#signers;
  }

  storesMessages(phoneNumberId: string): boolean {
    return this.#numbers.get(phoneNumberId)?.settings.storesMessages ?? false;
  }

  async credentials(phoneNumberId: string): Promise<GraphCredentials | null> {
    return this.#numbers.get(phoneNumberId)?.settings.credentials ?? null;
  }

  async showsAs(phoneNumberId: string, displayPhoneNumber: string): Promise<void> {
    const number = this.#numbers.get(phoneNumberId);
    if (number === undefined || digitsOf(number.settings.displayPhoneNumber ?? '') === digitsOf(displayPhoneNumber))
      return;
    await this.#change(phoneNumberId, { displayPhoneNumber }, number.updatedAt);
  }

  /** What holds for its calls; null if the number is not ours. */
  handlingOf(phoneNumberId: string): { policy: NumberSettings['policy']; rules: NumberRules } | null {
    const number = this.#numbers.get(phoneNumberId);
    return number === undefined ? null : { policy: number.settings.policy, rules: number.rules };
  }

  list(): readonly NumberSettings[] {
    return [...this.#numbers.values()].map(({ settings }) => settings);
  }

  connected(projectId: string): readonly ConnectedNumber[] {
    return [...this.#numbers.values()].filter(({ settings }) => settings.projectId === projectId).map(connectedNumber);
  }

  connectedNumber(phoneNumberId: string): ConnectedNumber | null {
    const number = this.#numbers.get(phoneNumberId);
    return number === undefined ? null : connectedNumber(number);
  }

  /**
   * Keeps a number, new or changed; its rules stay, and whatever else `given` does not say.
   *
   * @param at Unix milliseconds
   */
  async upsert(given: GivenNumber, at: number): Promise<void> {
    const known = this.#numbers.get(given.phoneNumberId);
    const displayPhoneNumber = given.displayPhoneNumber ?? known?.settings.displayPhoneNumber ?? null;
    const { phoneNumberId, ...changes } = { ...given, displayPhoneNumber };
    if (known === undefined && (await this.#insert({ ...UNSAID, phoneNumberId, ...changes }, at))) return;
    await this.#change(phoneNumberId, changes, at);
  }

  async connect(number: NewNumber, at: number): Promise<boolean> {
    return await this.#insert({ ...number, policy: DEFAULT_POLICY }, at);
  }

  async change(phoneNumberId: string, changes: NumberChanges, at: number): Promise<boolean> {
    return await this.#change(phoneNumberId, changes, at);
  }

  async remove(phoneNumberId: string, at: number): Promise<NumberRemoval> {
    const removal = await this.#writes.run((db) => removeNumber(db, phoneNumberId, at));
    if (removal !== 'calls_live') this.#keep(phoneNumberId, null);
    return removal;
  }

  rules(phoneNumberId: string): NumberRules | null {
    return this.#numbers.get(phoneNumberId)?.rules ?? null;
  }

  async setRules(phoneNumberId: string, rules: NumberRules, at: number): Promise<void> {
    await this.#setJson(phoneNumberId, 'rules', rules, at);
    const number = this.#numbers.get(phoneNumberId);
    if (number !== undefined) this.#keep(phoneNumberId, { ...number, rules, updatedAt: at });
  }

  dialRules(phoneNumberId: string): DialRules | null {
    return this.#numbers.get(phoneNumberId)?.dialRules ?? null;
  }

  async setDialRules(phoneNumberId: string, dialRules: DialRules, at: number): Promise<void> {
    await this.#setJson(phoneNumberId, 'dial_rules', dialRules, at);
    const number = this.#numbers.get(phoneNumberId);
    if (number !== undefined) this.#keep(phoneNumberId, { ...number, dialRules, updatedAt: at });
  }

  displayPhoneNumber(phoneNumberId: string): string | null {
    return this.#numbers.get(phoneNumberId)?.settings.displayPhoneNumber ?? null;
  }

  /** False if the number is there. */
  async #insert(settings: NumberSettings, at: number): Promise<boolean> {
    const { phoneNumberId } = settings;
    const columns = numberColumns(settings, this.#sealer);
    const row = { ...columns, rules: '{}', dial_rules: '{}', created_at: at, updated_at: at };
    const isNew = await this.#writes.run(async (db) => {
      const inserted = await db
        .insertInto('numbers')
        .values(row)
        .onConflict((conflict) => conflict.column('phone_number_id').doNothing())
        .returning('phone_number_id')
        .executeTakeFirst();
      if (inserted === undefined) return false;
      await tellNumber(db, 'whatsapp.phone_number.created', settings, { at, key: String(at) }, {});
      return true;
    });
    if (isNew) {
      const entry = { settings, rules: NO_RULES, dialRules: DEFAULT_DIAL_RULES, createdAt: at, updatedAt: at };
      this.#keep(phoneNumberId, entry);
    }
    return isNew;
  }

  /** False if the number is not there. */
  async #change(phoneNumberId: string, changes: NumberPatch, at: number): Promise<boolean> {
    const columns = { ...patchColumns(phoneNumberId, changes, this.#sealer), updated_at: at };
    await this.#writes.run((db) =>
      db.updateTable('numbers').set(columns).where('phone_number_id', '=', phoneNumberId).execute(),
    );
    const number = this.#numbers.get(phoneNumberId);
    if (number === undefined) return false;
    this.#keep(phoneNumberId, { ...number, settings: { ...number.settings, ...changes }, updatedAt: at });
    return true;
  }

  async #setJson(phoneNumberId: string, column: 'rules' | 'dial_rules', value: object, at: number): Promise<void> {
    const changes = { [column]: JSON.stringify(value), updated_at: at };
    await this.#writes.run((db) =>
      db.updateTable('numbers').set(changes).where('phone_number_id', '=', phoneNumberId).execute(),
    );
  }

  #keep(phoneNumberId: string, entry: NumberEntry | null): void {
    if (entry === null) this.#numbers.delete(phoneNumberId);
    else this.#numbers.set(phoneNumberId, entry);
    this.#signers = null;
  }
}

/** Of a number that nothing else is said of. */
const UNSAID = {
  projectId: DEFAULT_PROJECT_ID,
  verifiedName: null,
  businessAccountId: null,
  appSecret: null,
  storesMessages: false,
};

function connectedNumber({ settings, createdAt, updatedAt }: NumberEntry): ConnectedNumber {
  const { credentials, appSecret, policy: _, ...told } = settings;
  return { ...told, credentialKind: credentials.kind, hasAppSecret: appSecret !== null, createdAt, updatedAt };
}

function signersOf(numbers: readonly NumberSettings[]): readonly NumberSigner[] {
  const withSecret = numbers.filter(({ appSecret }) => appSecret !== null && appSecret !== '');
  return [...Map.groupBy(withSecret, ({ appSecret }) => appSecret ?? '')].map(([appSecret, signed]) => ({
    appSecret,
    phoneNumberIds: signed.map(({ phoneNumberId }) => phoneNumberId),
  }));
}

function digitsOf(displayed: string): string {
  return displayed.replace(/\D/g, '');
}
