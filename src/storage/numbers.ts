import type { Kysely, Selectable } from 'kysely';
import { NO_RULES, type NumberRules } from '../agents/ports.ts';
import { type CallPolicy, DEFAULT_POLICY, DEFAULT_PROJECT_ID } from '../call/index.ts';
import type { KnownNumbers, NumberRulesBook } from '../calls-api/ports.ts';
import { DEFAULT_DIAL_RULES, type DialRules, type DialRulesBook } from '../permissions/ports.ts';
import type { GraphCredentials, NumberDirectory } from '../signaling/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import type { NumbersTable, Schema } from './schema.ts';
import type { Sealer } from './seal.ts';

/** A business number of ours. Holds secrets: never log it whole. */
export interface NumberSettings {
  readonly phoneNumberId: string;
  readonly projectId: string;
  /** As Meta displays it. */
  readonly displayPhoneNumber: string | null;
  readonly credentials: GraphCredentials;
  /** How its calls are handled, whoever answers them. */
  readonly policy: Omit<CallPolicy, 'agents'>;
}

type GivenNumber = Omit<NumberSettings, 'projectId'> & { readonly projectId?: string };

interface Entry {
  readonly settings: NumberSettings;
  readonly rules: NumberRules;
  readonly dialRules: DialRules;
}

/**
 * The numbers that are ours, how to speak for them and how their calls are handled. Kept in memory, because every webhook
 * asks; the rows are the truth.
 */
export class NumberStore implements NumberDirectory, KnownNumbers, NumberRulesBook, DialRulesBook {
  readonly #writes: GroupCommit;
  readonly #sealer: Sealer;
  readonly #numbers: Map<string, Entry>;

  private constructor(writes: GroupCommit, sealer: Sealer, numbers: Map<string, Entry>) {
    this.#writes = writes;
    this.#sealer = sealer;
    this.#numbers = numbers;
  }

  /** @throws SealError if the secrets were sealed under another master key */
  static async load(db: Kysely<Schema>, writes: GroupCommit, sealer: Sealer): Promise<NumberStore> {
    const rows = await db.selectFrom('numbers').selectAll().orderBy('created_at').execute();
    const numbers = rows.map((row) => [row.phone_number_id, fromRow(row, sealer)] as const);
    return new NumberStore(writes, sealer, new Map(numbers));
  }

  isOurs(phoneNumberId: string): boolean {
    return this.#numbers.has(phoneNumberId);
  }

  projectOf(phoneNumberId: string): string | null {
    return this.#numbers.get(phoneNumberId)?.settings.projectId ?? null;
  }

  numberShowing(displayPhoneNumber: string): string | null {
    const shown = digitsOf(displayPhoneNumber);
    if (shown === '') return null;
    return this.list().find((number) => digitsOf(number.displayPhoneNumber ?? '') === shown)?.phoneNumberId ?? null;
  }

  async credentials(phoneNumberId: string): Promise<GraphCredentials | null> {
    return this.#numbers.get(phoneNumberId)?.settings.credentials ?? null;
  }

  async showsAs(phoneNumberId: string, displayPhoneNumber: string): Promise<void> {
    const number = this.#numbers.get(phoneNumberId);
    if (number === undefined || digitsOf(number.settings.displayPhoneNumber ?? '') === digitsOf(displayPhoneNumber))
      return;
    const shown = { display_phone_number: displayPhoneNumber };
    await this.#writes.run((db) =>
      db.updateTable('numbers').set(shown).where('phone_number_id', '=', phoneNumberId).execute(),
    );
    this.#numbers.set(phoneNumberId, { ...number, settings: { ...number.settings, displayPhoneNumber } });
  }

  /** What holds for its calls; null if the number is not ours. */
  handlingOf(phoneNumberId: string): { policy: NumberSettings['policy']; rules: NumberRules } | null {
    const number = this.#numbers.get(phoneNumberId);
    return number === undefined ? null : { policy: number.settings.policy, rules: number.rules };
  }

  list(): readonly NumberSettings[] {
    return [...this.#numbers.values()].map(({ settings }) => settings);
  }

  /**
   * Keeps a number, new or changed; its rules stay, and what `given` does not say of its project and how it is displayed.
   *
   * @param at Unix milliseconds
   */
  async upsert(given: GivenNumber, at: number): Promise<void> {
    const displayPhoneNumber = given.displayPhoneNumber ?? this.displayPhoneNumber(given.phoneNumberId);
    const projectId = given.projectId ?? this.projectOf(given.phoneNumberId) ?? DEFAULT_PROJECT_ID;
    const number = { ...given, projectId, displayPhoneNumber };
    const row = { ...toRow(number, this.#sealer), created_at: at, updated_at: at };
    const { phone_number_id: _key, created_at: _created, ...changes } = row;
    await this.#writes.run((db) =>
      db
        .insertInto('numbers')
        .values({ ...row, rules: '{}', dial_rules: '{}' })
        .onConflict((conflict) => conflict.column('phone_number_id').doUpdateSet(changes))
        .execute(),
    );
    const rules = this.rules(number.phoneNumberId) ?? NO_RULES;
    const dialRules = this.dialRules(number.phoneNumberId) ?? DEFAULT_DIAL_RULES;
    this.#numbers.set(number.phoneNumberId, { settings: number, rules, dialRules });
  }

  rules(phoneNumberId: string): NumberRules | null {
    return this.#numbers.get(phoneNumberId)?.rules ?? null;
  }

  async setRules(phoneNumberId: string, rules: NumberRules, at: number): Promise<void> {
    const changes = { rules: JSON.stringify(rules), updated_at: at };
    await this.#writes.run((db) =>
      db.updateTable('numbers').set(changes).where('phone_number_id', '=', phoneNumberId).execute(),
    );
    const number = this.#numbers.get(phoneNumberId);
    if (number !== undefined) this.#numbers.set(phoneNumberId, { ...number, rules });
  }

  dialRules(phoneNumberId: string): DialRules | null {
    return this.#numbers.get(phoneNumberId)?.dialRules ?? null;
  }

  async setDialRules(phoneNumberId: string, dialRules: DialRules, at: number): Promise<void> {
    const changes = { dial_rules: JSON.stringify(dialRules), updated_at: at };
    await this.#writes.run((db) =>
      db.updateTable('numbers').set(changes).where('phone_number_id', '=', phoneNumberId).execute(),
    );
    const number = this.#numbers.get(phoneNumberId);
    if (number !== undefined) this.#numbers.set(phoneNumberId, { ...number, dialRules });
  }

  displayPhoneNumber(phoneNumberId: string): string | null {
    return this.#numbers.get(phoneNumberId)?.settings.displayPhoneNumber ?? null;
  }

  /** False if there was no such number. */
  async remove(phoneNumberId: string): Promise<boolean> {
    await this.#writes.run((db) => db.deleteFrom('numbers').where('phone_number_id', '=', phoneNumberId).execute());
    return this.#numbers.delete(phoneNumberId);
  }
}

type NumberColumns = Omit<NumbersTable, 'rules' | 'dial_rules' | 'created_at' | 'updated_at'>;

function toRow(number: NumberSettings, sealer: Sealer): NumberColumns {
  const { phoneNumberId, projectId, displayPhoneNumber, credentials, policy } = number;
  return {
    phone_number_id: phoneNumberId,
    project_id: projectId,
    display_phone_number: displayPhoneNumber,
    credential_kind: credentials.kind,
    credential_sealed: sealer.seal(credentials.secret, credentialPlace(phoneNumberId)),
    policy: JSON.stringify(policy),
  };
}

/** A row written before a rule existed gets that rule's default. */
function fromRow(row: Selectable<NumbersTable>, sealer: Sealer): Entry {
  const id = row.phone_number_id;
  const settings: NumberSettings = {
    phoneNumberId: id,
    projectId: row.project_id,
    displayPhoneNumber: row.display_phone_number,
    credentials: { kind: row.credential_kind, secret: sealer.open(row.credential_sealed, credentialPlace(id)) },
    policy: { ...DEFAULT_POLICY, ...JSON.parse(row.policy) },
  };
  return {
    settings,
    rules: { ...NO_RULES, ...JSON.parse(row.rules) },
    dialRules: { ...DEFAULT_DIAL_RULES, ...JSON.parse(row.dial_rules) },
  };
}

function digitsOf(displayed: string): string {
  return displayed.replace(/\D/g, '');
}

function credentialPlace(phoneNumberId: string): string {
  return `numbers.credential:${phoneNumberId}`;
}
