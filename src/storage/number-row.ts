import type { Selectable } from 'kysely';
import { NO_RULES, type NumberRules } from '../agents/ports.ts';
import { type CallPolicy, DEFAULT_POLICY } from '../call/index.ts';
import { DEFAULT_DIAL_RULES, type DialRules } from '../permissions/ports.ts';
import type { GraphCredentials } from '../signaling/ports.ts';
import type { NumbersTable } from './schema-numbers.ts';
import type { Sealer } from './seal.ts';

/** A business number of ours. Holds secrets: never log it whole. */
export interface NumberSettings {
  readonly phoneNumberId: string;
  readonly projectId: string;
  /** As Meta displays it. */
  readonly displayPhoneNumber: string | null;
  /** The name of the business that Meta has verified. */
  readonly verifiedName: string | null;
  readonly businessAccountId: string | null;
  readonly credentials: GraphCredentials;
  /** Of an app at Meta that has this number and no business with others of this installation. */
  readonly appSecret: string | null;
  /** What people write to it is kept. */
  readonly storesMessages: boolean;
  /** How its calls are handled, whoever answers them. */
  readonly policy: Omit<CallPolicy, 'agents'>;
}

/** A number as its row holds it. Times in Unix milliseconds. */
export interface NumberEntry {
  readonly settings: NumberSettings;
  readonly rules: NumberRules;
  readonly dialRules: DialRules;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type NumberColumns = Omit<NumbersTable, 'rules' | 'dial_rules' | 'created_at' | 'updated_at'>;

/** What of a number may change. */
export type NumberPatch = Partial<Omit<NumberSettings, 'phoneNumberId'>>;

export function numberColumns(number: NumberSettings, sealer: Sealer): NumberColumns {
  const { phoneNumberId: id, ...rest } = number;
  return { phone_number_id: id, ...(patchColumns(id, rest, sealer) as Omit<NumberColumns, 'phone_number_id'>) };
}

/** Of what is named alone: two who change different things of a number at once must not undo each other's. */
export function patchColumns(id: string, patch: NumberPatch, sealer: Sealer): Partial<NumberColumns> {
  const { projectId, displayPhoneNumber, verifiedName, businessAccountId, credentials, appSecret } = patch;
  const { storesMessages, policy } = patch;
  const columns: { readonly [Column in keyof NumberColumns]?: NumberColumns[Column] | undefined } = {
    project_id: projectId,
    display_phone_number: displayPhoneNumber,
    verified_name: verifiedName,
    business_account_id: businessAccountId,
    credential_kind: credentials?.kind,
    credential_sealed: credentials && sealer.seal(credentials.secret, credentialPlace(id)),
    app_secret_sealed: appSecret && sealer.seal(appSecret, appSecretPlace(id)),
    stores_messages: storesMessages === undefined ? undefined : Number(storesMessages),
    policy: policy && JSON.stringify(policy),
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

/**
 * A row written before a rule existed gets that rule's default.
 *
 * @throws SealError
 */
export function numberEntry(row: Selectable<NumbersTable>, sealer: Sealer): NumberEntry {
  const id = row.phone_number_id;
  const { app_secret_sealed: appSecret } = row;
  return {
    settings: {
      phoneNumberId: id,
      projectId: row.project_id,
      displayPhoneNumber: row.display_phone_number,
      verifiedName: row.verified_name,
      businessAccountId: row.business_account_id,
      credentials: { kind: row.credential_kind, secret: sealer.open(row.credential_sealed, credentialPlace(id)) },
      appSecret: appSecret === null ? null : sealer.open(appSecret, appSecretPlace(id)),
      storesMessages: row.stores_messages === 1,
      policy: { ...DEFAULT_POLICY, ...JSON.parse(row.policy) },
    },
    rules: { ...NO_RULES, ...JSON.parse(row.rules) },
    dialRules: { ...DEFAULT_DIAL_RULES, ...JSON.parse(row.dial_rules) },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function credentialPlace(phoneNumberId: string): string {
  return `numbers.credential:${phoneNumberId}`;
}

function appSecretPlace(phoneNumberId: string): string {
  return `numbers.app_secret:${phoneNumberId}`;
}
