import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { type Database, openDatabase } from '../../../src/storage/index.ts';
import { addNumber } from '../../support/api-server.ts';
import { callIdentity } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';
import { voiceAgent } from '../../support/voice-agent.ts';

const project = () => ({ id: randomUUID(), name: 'Clinic', createdAt: 2, updatedAt: 2 });

/** What a project may have, and how it comes to have it no more. */
const BELONGINGS: [string, (database: Database, projectId: string) => Promise<() => Promise<unknown>>][] = [
  [
    'a number',
    async (database, projectId) => {
      await addNumber(database, '105', projectId);
      return () => database.numbers.remove('105', 4);
    },
  ],
  [
    'a voice agent',
    async ({ agents }, projectId) => {
      const agent = voiceAgent({ projectId });
      await agents.put(agent);
      return () => agents.remove(agent.id);
    },
  ],
  [
    'a call that is not over',
    async (database, projectId) => {
      await addNumber(database, '105', projectId);
      const call = callIdentity({ phoneNumberId: '105' });
      await database.calls.create(call, 'ringing', 3, null);
      await addNumber(database, '105', DEFAULT_PROJECT_ID);
      const ending = { class: 'missed', reason: 'unanswered', endedBy: 'user', detail: null } as const;
      return () => database.calls.update(call.id, { ending, endedAt: 4, status: 'completed' }, 4);
    },
  ],
];

describe.each(DATABASES)('projects ($name)', ({ fresh }) => {
  it('are one at first, which is made at the first start and not again', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const [made, ...others] = first.projects.list();
    expect(made).toMatchObject({ id: DEFAULT_PROJECT_ID, name: 'default' });
    expect(others).toEqual([]);
    await first.projects.put({ ...made!, name: 'Head office', updatedAt: made!.updatedAt + 1 });
    const seen = first.projects.list();
    await first.close();
    expect((await openTestDatabase(place)).projects.list()).toEqual(seen);
  });

  it('are the same after a restart, renamed ones too', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const clinic = project();
    await first.projects.put(clinic);
    const renamed = { ...clinic, name: 'Practice', updatedAt: 5 };
    await first.projects.put(renamed);
    expect(first.projects.get(clinic.id)).toEqual(renamed);
    await first.close();
    const { projects } = await openTestDatabase(place);
    expect(projects.get(clinic.id)).toEqual(renamed);
    expect(projects.get('unknown')).toBeNull();
  });

  it.each(BELONGINGS)('stay while they have %s', async (_name, give) => {
    const database = await openTestDatabase(await fresh());
    const clinic = project();
    await database.projects.put(clinic);
    const take = await give(database, clinic.id);
    expect(await database.projects.remove(clinic.id)).toBe(false);
    expect(database.projects.get(clinic.id)).toEqual(clinic);
    await take();
    expect(await database.projects.remove(clinic.id)).toBe(true);
    expect(database.projects.get(clinic.id)).toBeNull();
  });

  it('take their keys with them, and no others', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const [clinic, shop] = [project(), project()];
    const secretOf = async (projectId: string) => {
      const key = { id: randomUUID(), projectId, name: 'a key', scope: 'read', createdAt: 3 } as const;
      return (await first.apiKeys.create(key)).secret;
    };
    for (const each of [clinic, shop]) await first.projects.put(each);
    const [theirs, others] = [await secretOf(clinic.id), await secretOf(shop.id)];
    await first.projects.remove(clinic.id);
    expect(first.apiKeys.callerWith(theirs)).toBeNull();
    expect(first.apiKeys.callerWith(others)).toMatchObject({ projectId: shop.id });
    await first.close();
    const { apiKeys, projects } = await openTestDatabase(place);
    expect([projects.get(clinic.id), apiKeys.callerWith(theirs)]).toEqual([null, null]);
    expect(apiKeys.callerWith(others)).toMatchObject({ projectId: shop.id });
  });
});
