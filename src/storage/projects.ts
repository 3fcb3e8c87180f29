import type { Kysely, Selectable } from 'kysely';
import { DEFAULT_PROJECT_ID } from '../call/index.ts';
import type { Project, ProjectBook } from '../calls-api/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import type { ProjectsTable, Schema } from './schema.ts';

/** The projects of this installation. Kept in memory, because every request with a key asks; the rows are the truth. */
export class ProjectStore implements ProjectBook {
  readonly #writes: GroupCommit;
  readonly #projects: Map<string, Project>;

  private constructor(writes: GroupCommit, projects: Map<string, Project>) {
    this.#writes = writes;
    this.#projects = projects;
  }

  /** Makes the first project where there is none yet. */
  static async load(db: Kysely<Schema>, writes: GroupCommit): Promise<ProjectStore> {
    const at = Date.now();
    await writes.run((transaction) =>
      transaction
        .insertInto('projects')
        .values({ id: DEFAULT_PROJECT_ID, name: 'default', created_at: at, updated_at: at })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute(),
    );
    const rows = await db.selectFrom('projects').selectAll().orderBy('created_at').orderBy('id').execute();
    return new ProjectStore(writes, new Map(rows.map((row) => [row.id, projectOf(row)])));
  }

  list(): readonly Project[] {
    return [...this.#projects.values()];
  }

  get(id: string): Project | null {
    return this.#projects.get(id) ?? null;
  }

  async put(project: Project): Promise<void> {
    const { id, name, createdAt: created_at, updatedAt: updated_at } = project;
    await this.#writes.run((db) =>
      db
        .insertInto('projects')
        .values({ id, name, created_at, updated_at })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ name, updated_at }))
        .execute(),
    );
    this.#projects.set(id, project);
  }

  async remove(id: string): Promise<boolean> {
    const removed = await this.#writes.run(async (db) => {
      if (await isInUse(db, id)) return false;
      await db.deleteFrom('projects').where('id', '=', id).execute();
      return true;
    });
    if (removed) this.#projects.delete(id);
    return removed;
  }
}

/** Whether the project has a number, a voice agent, or a call that is live or waits. */
async function isInUse(db: Kysely<Schema>, id: string): Promise<boolean> {
  for (const table of ['numbers', 'voice_agents'] as const) {
    const row = await db
      .selectFrom(table)
      .select('project_id')
      .where('project_id', '=', id)
      .limit(1)
      .executeTakeFirst();
    if (row !== undefined) return true;
  }
  const live = await db
    .selectFrom('calls')
    .select('id')
    .where('ending_class', 'is', null)
    .where('project_id', '=', id)
    .limit(1)
    .executeTakeFirst();
  return live !== undefined;
}

function projectOf(row: Selectable<ProjectsTable>): Project {
  return { id: row.id, name: row.name, createdAt: row.created_at, updatedAt: row.updated_at };
}
