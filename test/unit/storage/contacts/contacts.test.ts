import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../../src/call/index.ts';
import type { Database } from '../../../../src/storage/index.ts';
import { addNumber, addProject } from '../../../support/api-server.ts';
import { T0 } from '../../../support/call.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { DATABASES } from '../../../support/databases.ts';
import { hearMessages, openWithNumber } from '../../../support/message-ear.ts';

const ADA = { waId: '15550100001', userId: null };
const ADAS_ID = 'US.1349';
const NUMBER = { projectId: DEFAULT_PROJECT_ID, phoneNumberId: PHONE_NUMBER_ID };
const PAGE = { ...NUMBER, limit: 100, after: null, before: null, user: null };

async function call({ calls }: Database, at = T0, user: object = {}): Promise<string> {
  const identity = callIdentity({ user: { ...ADA, parentUserId: null, name: 'Ada', ...user } });
  await calls.create(identity, 'ringing', at, null);
  return identity.id;
}

describe.each(DATABASES)('a contact ($name)', ({ fresh }) => {
  it('is there from the first call on, with the name of the user', async () => {
    const database = await openWithNumber(await fresh());
    await call(database, T0, { userId: ADAS_ID, parentUserId: 'US.ENT.7' });
    expect(await database.contacts.find(NUMBER, ADA)).toEqual({
      id: expect.any(String),
      phoneNumberId: PHONE_NUMBER_ID,
      waId: ADA.waId,
      userId: ADAS_ID,
      parentUserId: 'US.ENT.7',
      username: null,
      profileName: 'Ada',
      displayName: null,
      metadata: {},
      createdAt: T0,
      updatedAt: T0,
    });
  });

  it('is found by every spelling of the number and by the BSUID', async () => {
    const database = await openWithNumber(await fresh());
    await call(database, T0, { waId: '5491123456789', userId: ADAS_ID });
    for (const waId of ['5491123456789', '+54 11 2345 6789']) {
      expect(await database.contacts.find(NUMBER, { waId, userId: null })).not.toBeNull();
      const { data } = await database.contacts.list({ ...PAGE, user: { waId, userId: null } });
      expect(data).toHaveLength(1);
    }
    expect(await database.contacts.find(NUMBER, { waId: null, userId: ADAS_ID })).not.toBeNull();
    expect(await database.contacts.find(NUMBER, { waId: '4915112345678', userId: null })).toBeNull();
  });

  it('has the name that the last webhook told, and the one that a client gave', async () => {
    const database = await openWithNumber(await fresh());
    await call(database);
    await database.contacts.change(NUMBER, ADA, { displayName: 'Ms Lovelace', metadata: { vip: true } }, T0 + 1);
    await call(database, T0 + 2, { name: null });
    const kept = { profileName: 'Ada', displayName: 'Ms Lovelace', metadata: { vip: true }, updatedAt: T0 + 1 };
    expect(await database.contacts.find(NUMBER, ADA)).toMatchObject(kept);
    await hearMessages(
      database,
      {
        contacts: [{ wa_id: ADA.waId, profile: { name: 'Ada L.', username: 'ada' } }],
        messages: [{ from: ADA.waId, id: 'wamid.1', type: 'text', text: { body: 'Hello' } }],
      },
      T0 + 3,
    );
    const renamed = { ...kept, profileName: 'Ada L.', username: 'ada', updatedAt: T0 + 3 };
    expect(await database.contacts.find(NUMBER, ADA)).toMatchObject(renamed);
  });

  it('loses what null clears, and keeps what is not named', async () => {
    const database = await openWithNumber(await fresh());
    await call(database);
    await database.contacts.change(NUMBER, ADA, { displayName: 'A', metadata: { a: 1 }, profileName: 'B' }, T0);
    const changed = await database.contacts.change(NUMBER, ADA, { displayName: null, metadata: null }, T0 + 1);
    expect(changed).toMatchObject({ displayName: null, metadata: {}, profileName: 'B', updatedAt: T0 + 1 });
    expect(await database.contacts.find(NUMBER, ADA)).toEqual(changed);
    expect(await database.contacts.change(NUMBER, { waId: '4915112345678', userId: null }, {}, T0)).toBeNull();
  });

  it('is linked from the records of its calls, each with what it is called now', async () => {
    const database = await openWithNumber(await fresh());
    const id = await call(database);
    const contact = await database.contacts.find(NUMBER, ADA);
    const link = { id: contact?.id, wa_id: ADA.waId, profile_name: 'Ada', display_name: 'Ada' };
    expect(await database.calls.find(DEFAULT_PROJECT_ID, id)).toMatchObject({
      whatsapp_contact_id: contact?.id,
      whatsapp_contact: link,
      whatsapp_config_id: PHONE_NUMBER_ID,
    });
    await database.contacts.change(NUMBER, ADA, { displayName: 'Ms Lovelace' }, T0);
    expect(await database.calls.find(DEFAULT_PROJECT_ID, id)).toMatchObject({
      whatsapp_contact: { ...link, display_name: 'Ms Lovelace' },
    });
  });

  it('is one where there were two, with what each knew', async () => {
    const database = await openWithNumber(await fresh());
    const byNumber = await call(database, T0);
    const byId = await call(database, T0 + 1, { waId: null, userId: ADAS_ID, name: 'Ada L.' });
    await database.contacts.change(NUMBER, ADA, { displayName: 'Ms Lovelace', metadata: { a: 1 } }, T0 + 2);
    const both = await call(database, T0 + 3, { userId: ADAS_ID, name: null });
    const { data } = await database.contacts.list(PAGE);
    expect(data).toMatchObject([
      { waId: ADA.waId, userId: ADAS_ID, profileName: 'Ada', displayName: 'Ms Lovelace', metadata: { a: 1 } },
    ]);
    for (const id of [byNumber, byId, both]) {
      expect((await database.calls.find(DEFAULT_PROJECT_ID, id))?.['whatsapp_contact_id']).toBe(data[0]?.id);
    }
  });

  it('is nobody to another project that gets the number, until there is a call or message', async () => {
    const database = await openWithNumber(await fresh());
    const old = await call(database);
    await database.contacts.change(NUMBER, ADA, { displayName: 'Ms Lovelace', metadata: { secret: 1 } }, T0);
    const { id: projectId } = await addProject(database);
    await addNumber(database, PHONE_NUMBER_ID, projectId);
    const theirs = { ...NUMBER, projectId };
    expect(await database.contacts.find(theirs, ADA)).toBeNull();
    expect((await database.contacts.list({ ...PAGE, projectId })).data).toEqual([]);
    expect(await database.contacts.change(theirs, ADA, { displayName: 'x' }, T0)).toBeNull();

    await call(database, T0 + 5, { name: 'Ada L.' });
    const contact = await database.contacts.find(theirs, ADA);
    expect(contact).toMatchObject({ profileName: 'Ada L.', displayName: null, metadata: {}, createdAt: T0 + 5 });
    // What the first project had is not overwritten by names that are not its own.
    expect(await database.calls.find(DEFAULT_PROJECT_ID, old)).toMatchObject({
      whatsapp_contact: { id: null, profile_name: 'Ada', display_name: 'Ada' },
    });
    expect(await database.contacts.find(NUMBER, ADA)).toBeNull();
  });

  it('is listed once, on one page or the next, while others come', async () => {
    const database = await openWithNumber(await fresh());
    const name = (n: number) => `1555020${String(n).padStart(4, '0')}`;
    for (let n = 0; n < 25; n++) await call(database, T0 + Math.floor(n / 3), { waId: name(n) });
    const seen: (string | null)[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof database.contacts.list>> = await database.contacts.list({
        ...PAGE,
        limit: 4,
        after,
      });
      seen.push(...page.data.map(({ waId }) => waId));
      await call(database, T0 + 100, { waId: name(1_000 + seen.length) });
      ({ after } = page);
    } while (after !== null);
    expect(seen).toHaveLength(25);
    expect(new Set(seen)).toEqual(new Set(Array.from({ length: 25 }, (_, n) => name(n))));
  });
});
