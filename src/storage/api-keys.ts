import { hash, randomBytes } from 'node:crypto';
import type { Kysely, Selectable } from 'kysely';
import type { ApiKey, ApiKeyBook, Caller, ProjectBook } from '../calls-api/ports.ts';
import type { GroupCommit } from './group-commit.ts';
import type { ApiKeysTable, Schema } from './schema.ts';

/** Tells people, and programs that look for secrets in the wrong places, what it is. */
const PREFIX = 'tw_';
const SECRET_BYTES = 32;
const HINT_LENGTH = PREFIX.length + 6;

/**
 * The keys that were made over the API. Kept in memory by their digests, because every request asks; the rows are the truth.
 * A key is random and is looked up by its digest: how long that takes tells nothing that leads to a key.
 */
export class ApiKeyStore implements ApiKeyBook {
  readonly #writes: GroupCommit;
  readonly #projects: Pick<ProjectBook, 'get'>;
  readonly #byDigest = new Map<string, ApiKey>();

  private constructor(writes: GroupCommit, projects: Pick<ProjectBook, 'get'>) {
    this.#writes = writes;
    this.#projects = projects;
  }

  static async load(db: Kysely<Schema>, writes: GroupCommit, projects: Pick<ProjectBook, 'get'>): Promise<ApiKeyStore> {
    const store = new ApiKeyStore(writes, projects);
    const open = db.selectFrom('api_keys').selectAll().where('revoked_at', 'is', null);
    const rows = await open.orderBy('created_at').orderBy('id').execute();
    for (const row of rows) store.#byDigest.set(row.digest, apiKeyOf(row));
    return store;
  }

  callerWith(key: string): Caller | null {
    const found = this.#byDigest.get(digestOf(key));
    // The rows of its keys go with a project.
    if (found === undefined || this.#projects.get(found.projectId) === null) return null;
    return { keyId: found.id, projectId: found.projectId, scope: found.scope, installation: false };
  }

  list(projectId: string): readonly ApiKey[] {
    return [...this.#byDigest.values()].filter((key) => key.projectId === projectId);
  }

  async create(given: Omit<ApiKey, 'hint'>): Promise<{ readonly apiKey: ApiKey; readonly secret: string }> {
    const secret = PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
    const apiKey = { ...given, hint: secret.slice(0, HINT_LENGTH) };
    const digest = digestOf(secret);
    await this.#writes.run((db) => db.insertInto('api_keys').values(toRow(apiKey, digest)).execute());
    this.#byDigest.set(digest, apiKey);
    return { apiKey, secret };
  }

  async revoke(projectId: string, id: string, at: number): Promise<boolean> {
    const found = [...this.#byDigest].find(([, key]) => key.id === id && key.projectId === projectId);
    if (found === undefined) return false;
    const [digest] = found;
    await this.#writes.run((db) => db.updateTable('api_keys').set({ revoked_at: at }).where('id', '=', id).execute());
    return this.#byDigest.delete(digest);
  }
}

function digestOf(key: string): string {
  return hash('sha256', key, 'hex');
}

function toRow({ id, projectId, name, scope, hint, createdAt }: ApiKey, digest: string): ApiKeysTable {
  return { id, project_id: projectId, name, scope, digest, hint, created_at: createdAt, revoked_at: null };
}

function apiKeyOf(row: Selectable<ApiKeysTable>): ApiKey {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    scope: row.scope,
    hint: row.hint,
    createdAt: row.created_at,
  };
}
