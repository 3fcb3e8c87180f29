import type { Kysely, Selectable } from 'kysely';
import { type AgentTarget, type CallPolicy, DEFAULT_POLICY } from '../call/index.ts';
import type { PolicySource } from '../runtime/ports.ts';
import type { GraphCredentials, NumberDirectory } from '../signaling/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import type { NumbersTable, Schema } from './schema.ts';
import type { Sealer } from './seal.ts';

/** A business number of ours. Holds secrets: never log it whole. */
export interface NumberSettings {
  readonly phoneNumberId: string;
  /** As Meta displays it. */
  readonly displayPhoneNumber: string | null;
  readonly credentials: GraphCredentials;
  readonly policy: CallPolicy;
}

/**
 * The numbers that are ours, how to speak for them and how their calls are handled. Kept in memory, because every webhook
 * asks; the rows are the truth.
 */
export class NumberStore implements NumberDirectory, PolicySource {
  readonly #writes: GroupCommit;
  readonly #sealer: Sealer;
  readonly #numbers: Map<string, NumberSettings>;

  private constructor(writes: GroupCommit, sealer: Sealer, numbers: Map<string, NumberSettings>) {
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

  async credentials(phoneNumberId: string): Promise<GraphCredentials | null> {
    return this.#numbers.get(phoneNumberId)?.credentials ?? null;
  }

  async policyFor(phoneNumberId: string): Promise<CallPolicy | null> {
    return this.#numbers.get(phoneNumberId)?.policy ?? null;
  }

  list(): readonly NumberSettings[] {
    return [...this.#numbers.values()];
  }

  /** @param at Unix milliseconds */
  async upsert(number: NumberSettings, at: number): Promise<void> {
    const row = { ...toRow(number, this.#sealer), created_at: at, updated_at: at };
    const { phone_number_id: _key, created_at: _created, ...changes } = row;
    await this.#writes.run((db) =>
      db
        .insertInto('numbers')
        .values(row)
        .onConflict((conflict) => conflict.column('phone_number_id').doUpdateSet(changes))
        .execute(),
    );
    this.#numbers.set(number.phoneNumberId, number);
  }

  /** False if there was no such number. */
  async remove(phoneNumberId: string): Promise<boolean> {
    await this.#writes.run((db) => db.deleteFrom('numbers').where('phone_number_id', '=', phoneNumberId).execute());
    return this.#numbers.delete(phoneNumberId);
  }
}

type NumberColumns = Omit<NumbersTable, 'created_at' | 'updated_at'>;

function toRow(number: NumberSettings, sealer: Sealer): NumberColumns {
  const { phoneNumberId, displayPhoneNumber, credentials } = number;
  const { agent, ...policy } = number.policy;
  return {
    phone_number_id: phoneNumberId,
    display_phone_number: displayPhoneNumber,
    credential_kind: credentials.kind,
    credential_sealed: sealer.seal(credentials.secret, credentialPlace(phoneNumberId)),
    agent: agent === null ? null : JSON.stringify({ ...agent, token: null }),
    agent_token_sealed: agent?.token == null ? null : sealer.seal(agent.token, agentTokenPlace(phoneNumberId)),
    policy: JSON.stringify(policy),
  };
}

function fromRow(row: Selectable<NumbersTable>, sealer: Sealer): NumberSettings {
  const id = row.phone_number_id;
  // A row written before a rule existed gets that rule's default.
  const rules: Omit<CallPolicy, 'agent'> = { ...DEFAULT_POLICY, ...JSON.parse(row.policy) };
  return {
    phoneNumberId: id,
    displayPhoneNumber: row.display_phone_number,
    credentials: { kind: row.credential_kind, secret: sealer.open(row.credential_sealed, credentialPlace(id)) },
    policy: { ...rules, agent: agentFrom(row, sealer) },
  };
}

function agentFrom(row: Selectable<NumbersTable>, sealer: Sealer): AgentTarget | null {
  if (row.agent === null) return null;
  const target: AgentTarget = JSON.parse(row.agent);
  const sealed = row.agent_token_sealed;
  return { ...target, token: sealed === null ? null : sealer.open(sealed, agentTokenPlace(row.phone_number_id)) };
}

function credentialPlace(phoneNumberId: string): string {
  return `numbers.credential:${phoneNumberId}`;
}

function agentTokenPlace(phoneNumberId: string): string {
  return `numbers.agent_token:${phoneNumberId}`;
}
