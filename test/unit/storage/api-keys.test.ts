import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { type Database, openDatabase } from '../../../src/storage/index.ts';
import { addProject } from '../../support/api-server.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES, everythingIn, rowsIn } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';

function newKey({ apiKeys }: Database, projectId = DEFAULT_PROJECT_ID) {
  return apiKeys.create({ id: randomUUID(), projectId, name: 'of the shop', scope: 'calls', createdAt: 5 });
}

describe.each(DATABASES)('API keys ($name)', ({ fresh }) => {
  it('open what they were made for, after a restart too', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const { apiKey, secret } = await newKey(first);
    const caller = { keyId: apiKey.id, projectId: DEFAULT_PROJECT_ID, scope: 'calls', installation: false };
    expect(first.apiKeys.callerWith(secret)).toEqual(caller);
    await first.close();
    const { apiKeys } = await openTestDatabase(place);
    expect(apiKeys.callerWith(secret)).toEqual(caller);
    expect(apiKeys.list(DEFAULT_PROJECT_ID)).toEqual([apiKey]);
  });

  it('are long, random, and told by their beginning', async () => {
    const database = await openTestDatabase(await fresh());
    const keys = [await newKey(database), await newKey(database)];
    for (const { apiKey, secret } of keys) {
      expect(secret).toMatch(/^tw_[\w-]{43}$/);
      expect([secret.startsWith(apiKey.hint), apiKey.hint.length]).toEqual([true, 9]);
    }
    expect(keys[0]!.secret).not.toBe(keys[1]!.secret);
  });

  it('are not in the database', async () => {
    const place = await fresh();
    const database = await openTestDatabase(place);
    const { apiKey, secret } = await newKey(database);
    const stored = await everythingIn(place);
    expect(stored).toContain(apiKey.hint);
    expect(stored).not.toContain(secret.slice(3));
    expect(stored).not.toContain(Buffer.from(secret.slice(3), 'base64url').toString('hex'));
  });

  it.each([[''], ['tw_'], ['of the shop']])('of %j are none', async (given) => {
    const database = await openTestDatabase(await fresh());
    const { secret } = await newKey(database);
    expect(database.apiKeys.callerWith(given)).toBeNull();
    expect(database.apiKeys.callerWith(secret.slice(0, -1))).toBeNull();
    expect(database.apiKeys.callerWith(`${secret}A`)).toBeNull();
  });

  it('open nothing once they are revoked, after a restart neither', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const [revoked, kept] = [await newKey(first), await newKey(first)];
    expect(await first.apiKeys.revoke(DEFAULT_PROJECT_ID, revoked.apiKey.id, 9)).toBe(true);
    expect(first.apiKeys.callerWith(revoked.secret)).toBeNull();
    expect(await first.apiKeys.revoke(DEFAULT_PROJECT_ID, revoked.apiKey.id, 10)).toBe(false);
    await first.close();
    const { apiKeys } = await openTestDatabase(place);
    expect(apiKeys.callerWith(revoked.secret)).toBeNull();
    expect(apiKeys.callerWith(kept.secret)).not.toBeNull();
    expect(apiKeys.list(DEFAULT_PROJECT_ID)).toEqual([kept.apiKey]);
    // When it was revoked stays, for who asks the database.
    const rows = await rowsIn(place, 'select revoked_at from api_keys where revoked_at is not null');
    expect(rows.map(({ revoked_at }) => Number(revoked_at))).toEqual([9]);
  });

  it('are seen and revoked by their own project alone', async () => {
    const database = await openTestDatabase(await fresh());
    const other = await addProject(database);
    const [ours, theirs] = [await newKey(database), await newKey(database, other.id)];
    expect(database.apiKeys.list(DEFAULT_PROJECT_ID)).toEqual([ours.apiKey]);
    expect(database.apiKeys.list(other.id)).toEqual([theirs.apiKey]);
    expect(await database.apiKeys.revoke(DEFAULT_PROJECT_ID, theirs.apiKey.id, 9)).toBe(false);
    expect(database.apiKeys.callerWith(theirs.secret)).not.toBeNull();
  });
});
