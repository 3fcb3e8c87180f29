import { randomUUID } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Sealer } from '../seal.ts';

/** The tables as this step finds and leaves them; what later steps change is not seen here. */
interface Tables {
  numbers: {
    phone_number_id: string;
    agent: string | null;
    agent_token_sealed: string | null;
    created_at: number;
    updated_at: number;
  };
  voice_agents: {
    id: string;
    name: string;
    provider_sealed: string;
    settings: string;
    created_at: number;
    updated_at: number;
  };
  voice_agent_assignments: {
    id: string;
    voice_agent_id: string;
    phone_number_id: string;
    is_primary: number;
    enabled: number;
    position: number;
    on_lost: string;
    created_at: number;
    updated_at: number;
  };
}

/** What a number's only agent was until now: it spoke the raw wire. */
interface OldAgent {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly tokenIn: string;
  readonly sampleRate: number;
  readonly connectTimeoutMs: number;
  readonly reconnectAttempts: number;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Voice agents and their assignments, rules of numbers, calls that a runtime took. A number's agent becomes one of them. */
export function voiceAgents(sealer: Sealer): Migration {
  return {
    async up(db: Kysely<Tables>): Promise<void> {
      await db.schema
        .createTable('voice_agents')
        .addColumn('id', 'text', (column) => column.primaryKey().notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('provider_sealed', 'text', (column) => column.notNull())
        .addColumn('settings', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('voice_agent_assignments')
        .addColumn('id', 'text', (column) => column.primaryKey().notNull())
        .addColumn('voice_agent_id', 'text', (column) =>
          column.notNull().references('voice_agents.id').onDelete('cascade'),
        )
        .addColumn('phone_number_id', 'text', (column) => column.notNull())
        .addColumn('is_primary', 'integer', (column) => column.notNull())
        .addColumn('enabled', 'integer', (column) => column.notNull())
        .addColumn('position', 'integer', (column) => column.notNull())
        .addColumn('on_lost', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('voice_agent_assignments_pair', ['voice_agent_id', 'phone_number_id'])
        .execute();
      await db.schema
        .createIndex('voice_agent_assignments_primary')
        .unique()
        .on('voice_agent_assignments')
        .column('phone_number_id')
        .where('is_primary' as never, '=', 1)
        .where('enabled' as never, '=', 1)
        .execute();
      await db.schema
        .alterTable('numbers')
        .addColumn('rules', 'text', (column) => column.notNull().defaultTo('{}'))
        .execute();
      await db.schema
        .alterTable('calls')
        .addColumn('launched', 'integer', (column) => column.notNull().defaultTo(0))
        .execute();
      await moveAgents(db, sealer);
      await db.schema.alterTable('numbers').dropColumn('agent').execute();
      await db.schema.alterTable('numbers').dropColumn('agent_token_sealed').execute();
    },
  };
}

async function moveAgents(db: Kysely<Tables> | Transaction<Tables>, sealer: Sealer): Promise<void> {
  const numbers = await db.selectFrom('numbers').selectAll().where('agent', 'is not', null).execute();
  for (const { phone_number_id, agent, agent_token_sealed, created_at, updated_at } of numbers) {
    const old: OldAgent = JSON.parse(agent ?? '');
    const token =
      agent_token_sealed === null
        ? {}
        : { token: sealer.open(agent_token_sealed, `numbers.agent_token:${phone_number_id}`) };
    const provider = {
      kind: 'websocket',
      url: old.url,
      inbound: false,
      ...token,
      token_in: old.tokenIn,
      sample_rate: old.sampleRate,
    };
    const settings = {
      max_concurrent_calls: null,
      connect_timeout_seconds: old.connectTimeoutMs / 1000,
      speak_within_seconds: null,
      health_url: null,
      parameters: old.parameters,
    };
    const times = { created_at, updated_at };
    await db
      .insertInto('voice_agents')
      .values({
        id: old.id,
        name: old.name,
        provider_sealed: sealer.seal(JSON.stringify(provider), `voice_agents.provider:${old.id}`),
        settings: JSON.stringify(settings),
        ...times,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    await db
      .insertInto('voice_agent_assignments')
      .values({
        id: randomUUID(),
        voice_agent_id: old.id,
        phone_number_id,
        is_primary: 1,
        enabled: 1,
        position: 0,
        on_lost: JSON.stringify({ reconnectAttempts: old.reconnectAttempts, then: { action: 'next' } }),
        ...times,
      })
      .execute();
  }
}
