import type { Kysely, Selectable } from 'kysely';
import { type Assignment, PrimaryTaken, type VoiceAgent, type VoiceAgentBook } from '../agents/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import type { AssignmentsTable, Schema, VoiceAgentsTable } from './schema.ts';
import type { Sealer } from './seal.ts';

/**
 * The voice agents and their assignments. Kept in memory, because every call asks; the rows are the truth. How an agent is
 * reached is sealed as a whole: which of it is secret is not for this room to know.
 */
export class VoiceAgentStore implements VoiceAgentBook {
  readonly #writes: GroupCommit;
  readonly #sealer: Sealer;
  readonly #agents = new Map<string, VoiceAgent>();
  readonly #assignments = new Map<string, Assignment>();

  private constructor(writes: GroupCommit, sealer: Sealer) {
    this.#writes = writes;
    this.#sealer = sealer;
  }

  /** @throws SealError if the agents were sealed under another master key */
  static async load(db: Kysely<Schema>, writes: GroupCommit, sealer: Sealer): Promise<VoiceAgentStore> {
    const store = new VoiceAgentStore(writes, sealer);
    const agents = await db.selectFrom('voice_agents').selectAll().orderBy('created_at').orderBy('id').execute();
    for (const row of agents) store.#agents.set(row.id, agentOf(row, sealer));
    const assignments = await db
      .selectFrom('voice_agent_assignments')
      .selectAll()
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    for (const row of assignments) store.#assignments.set(row.id, assignmentOf(row));
    return store;
  }

  list(): readonly VoiceAgent[] {
    return [...this.#agents.values()];
  }

  get(id: string): VoiceAgent | null {
    return this.#agents.get(id) ?? null;
  }

  async put(agent: VoiceAgent): Promise<void> {
    const row = agentRow(agent, this.#sealer);
    const { id: _key, created_at: _created, ...changes } = row;
    await this.#writes.run((db) =>
      db
        .insertInto('voice_agents')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
        .execute(),
    );
    this.#agents.set(agent.id, agent);
  }

  async remove(id: string): Promise<boolean> {
    // The rows of its assignments go with it.
    await this.#writes.run((db) => db.deleteFrom('voice_agents').where('id', '=', id).execute());
    for (const { id: key } of this.assignments({ voiceAgentId: id })) this.#assignments.delete(key);
    return this.#agents.delete(id);
  }

  assignments(of: { readonly voiceAgentId?: string; readonly phoneNumberId?: string } = {}): readonly Assignment[] {
    const { voiceAgentId, phoneNumberId } = of;
    return [...this.#assignments.values()].filter(
      (each) =>
        (voiceAgentId === undefined || each.voiceAgentId === voiceAgentId) &&
        (phoneNumberId === undefined || each.phoneNumberId === phoneNumberId),
    );
  }

  assignment(id: string): Assignment | null {
    return this.#assignments.get(id) ?? null;
  }

  async putAssignments(assignments: readonly Assignment[]): Promise<void> {
    // Whoever steps down does so first: two enabled primaries are one too many even for a moment.
    const ordered = assignments.toSorted((a, b) => Number(answers(a)) - Number(answers(b)));
    await this.#writes.run(async (db) => {
      for (const assignment of ordered) {
        if (answers(assignment)) await refuseSecondPrimary(db, assignment);
        await putRow(db, assignment);
      }
    });
    const written = new Map(ordered.map((assignment) => [assignment.id, assignment]));
    for (const { id } of assignments) this.#assignments.set(id, written.get(id)!);
  }

  async removeAssignment(id: string): Promise<boolean> {
    await this.#writes.run((db) => db.deleteFrom('voice_agent_assignments').where('id', '=', id).execute());
    return this.#assignments.delete(id);
  }
}

function answers({ isPrimary, enabled }: Assignment): boolean {
  return isPrimary && enabled;
}

async function refuseSecondPrimary(db: Kysely<Schema>, { id, phoneNumberId }: Assignment): Promise<void> {
  const other = await db
    .selectFrom('voice_agent_assignments')
    .select('id')
    .where('phone_number_id', '=', phoneNumberId)
    .where('is_primary', '=', 1)
    .where('enabled', '=', 1)
    .where('id', '!=', id)
    .executeTakeFirst();
  if (other !== undefined) throw new PrimaryTaken(phoneNumberId);
}

async function putRow(db: Kysely<Schema>, assignment: Assignment): Promise<void> {
  const row = assignmentRow(assignment);
  const { id: _key, created_at: _created, ...changes } = row;
  await db
    .insertInto('voice_agent_assignments')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
    .execute();
}

function agentRow(
  { id, projectId, name, provider, settings, createdAt, updatedAt }: VoiceAgent,
  sealer: Sealer,
): VoiceAgentsTable {
  return {
    id,
    name,
    provider_sealed: sealer.seal(JSON.stringify(provider), providerPlace(id)),
    settings: JSON.stringify(settings),
    project_id: projectId,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

function agentOf(row: Selectable<VoiceAgentsTable>, sealer: Sealer): VoiceAgent {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    provider: JSON.parse(sealer.open(row.provider_sealed, providerPlace(row.id))),
    settings: JSON.parse(row.settings),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function assignmentRow(assignment: Assignment): AssignmentsTable {
  return {
    id: assignment.id,
    voice_agent_id: assignment.voiceAgentId,
    phone_number_id: assignment.phoneNumberId,
    is_primary: assignment.isPrimary ? 1 : 0,
    enabled: assignment.enabled ? 1 : 0,
    position: assignment.position,
    on_lost: JSON.stringify(assignment.onLost),
    created_at: assignment.createdAt,
    updated_at: assignment.updatedAt,
  };
}

function assignmentOf(row: Selectable<AssignmentsTable>): Assignment {
  return {
    id: row.id,
    voiceAgentId: row.voice_agent_id,
    phoneNumberId: row.phone_number_id,
    isPrimary: row.is_primary === 1,
    enabled: row.enabled === 1,
    position: row.position,
    onLost: JSON.parse(row.on_lost),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function providerPlace(id: string): string {
  return `voice_agents.provider:${id}`;
}
