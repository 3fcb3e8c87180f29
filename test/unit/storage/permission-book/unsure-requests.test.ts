import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../../src/call/index.ts';
import type { Grant } from '../../../../src/permissions/ports.ts';
import type { Database } from '../../../../src/storage/index.ts';
import { T0 } from '../../../support/call.ts';
import { PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { openTestDatabase } from '../../../support/database.ts';
import { DATABASES } from '../../../support/databases.ts';
import { ask, askByTemplate, dialOrder, USER } from '../../../support/dial-order.ts';
import { numberSettings } from '../../../support/number-settings.ts';

const DAY = 24 * 3_600_000;
/** As Brazilians are known to themselves; the ledger writes it with a ninth digit. */
const BRAZILIAN = { waId: '551187654321', userId: null };

describe.each(DATABASES)('a request of which nobody knows whether Graph has it ($name)', ({ fresh }) => {
  async function open(): Promise<Database> {
    const database = await openTestDatabase(await fresh());
    await database.numbers.upsert(numberSettings(), T0);
    return database;
  }

  const unsure = ({ permissions }: Database, after = 0, before = T0 + DAY) => permissions.unsureRequests(after, before);

  async function asked({ permissions }: Database, differences = {}, decide = ask) {
    const order = dialOrder(differences);
    const { requestId } = (await permissions.reserve(order, T0, decide))!;
    return { order, requestId: requestId ?? '' };
  }

  it('is found by when it was begun, whatever it was sent by, until it has a name or an answer', async () => {
    const database = await open();
    const { permissions } = database;
    const { requestId: first } = await asked(database, {}, askByTemplate);
    const other = await permissions.reserveRequest(PHONE_NUMBER_ID, BRAZILIAN, false, T0 + 10, ask);
    const second = other.requestId ?? '';
    expect(await unsure(database)).toEqual([first, second]);
    expect(await unsure(database, T0)).toEqual([second]);
    expect(await unsure(database, 0, T0 + 10)).toEqual([first]);
    await permissions.requestSent(first, null, T0 + 20);
    expect(await unsure(database)).toEqual([second, first]);
    await permissions.requestSent(first, 'wamid.1', T0 + 20);
    const grant: Grant = { status: 'none', expiresAt: null, source: 'declined', at: T0 + 30 };
    await permissions.granted(PHONE_NUMBER_ID, BRAZILIAN, grant, 'wamid.2');
    expect(await unsure(database)).toEqual([]);
    expect([await permissions.unsureRequest(first), await permissions.unsureRequest(second)]).toEqual([null, null]);
  });

  it('is told with what a report is held against', async () => {
    const database = await open();
    const { permissions } = database;
    const earlier = await permissions.reserveRequest(PHONE_NUMBER_ID, BRAZILIAN, true, T0 - DAY, ask);
    await permissions.requestSent(earlier.requestId ?? '', 'wamid.1', T0 - DAY + 300);
    const nameless = await permissions.reserveRequest(PHONE_NUMBER_ID, BRAZILIAN, true, T0 - 2 * DAY, ask);
    await asked(database);
    const { order, requestId } = await asked(database, { user: BRAZILIAN });
    expect(await permissions.unsureRequest(requestId)).toEqual({
      id: requestId,
      phoneNumberId: PHONE_NUMBER_ID,
      user: BRAZILIAN,
      dialId: order.id,
      at: T0,
      times: 1,
      taken: [T0 - DAY + 300],
    });
    expect(await permissions.unsureRequest(nameless.requestId ?? '')).toMatchObject({
      user: { waId: '5511987654321', userId: null },
      dialId: null,
      times: 1,
    });
  });

  it('counts no more when it is lost, and its dial is due and may ask again', async () => {
    const database = await open();
    const { permissions, calls } = database;
    const { order, requestId } = await asked(database, { deadlineAt: T0 + DAY });
    const request = (await permissions.unsureRequest(requestId))!;
    await permissions.requestLost(request, T0 + 10);
    await permissions.requestLost(request, T0 + 20);
    expect((await permissions.read(PHONE_NUMBER_ID, USER, T0 + 20)).pair).toMatchObject({
      requestedAt: [],
      pendingRequest: null,
    });
    expect(await permissions.due(T0 + 10, 9)).toEqual([{ order, state: 'awaiting_permission', nextAt: T0 + 10 }]);
    expect((await calls.timeline(order.id)).map(({ type }) => type)).toEqual([
      'permission_asked',
      'permission_request_lost',
    ]);
    const { requestId: again } = (await permissions.reserve(order, T0 + 30, ask))!;
    expect(await permissions.unsureRequest(again ?? '')).toMatchObject({ dialId: order.id, times: 2 });
    expect(await permissions.waiting(order.id)).toMatchObject({ nextAt: null });
  });

  it.each<[string, (database: Database, requestId: string) => Promise<unknown>]>([
    ['it was named', ({ permissions }, id) => permissions.requestSent(id, 'wamid.1', T0)],
    ['the wait for its answer was over later', ({ permissions }, id) => permissions.requestSent(id, null, T0 + 5)],
    [
      'it was answered',
      ({ permissions }) =>
        permissions.granted(
          PHONE_NUMBER_ID,
          USER,
          { status: 'none', expiresAt: null, source: 'declined', at: T0 },
          'wamid.1',
        ),
    ],
  ])('is not lost if %s since it was read', async (_, happens) => {
    const database = await open();
    const { permissions } = database;
    const { order, requestId } = await asked(database);
    const request = (await permissions.unsureRequest(requestId))!;
    await happens(database, requestId);
    await permissions.requestLost(request, T0 + 10);
    expect((await permissions.read(PHONE_NUMBER_ID, USER, T0 + 20)).pair.requestedAt).toHaveLength(1);
    expect(await permissions.waiting(order.id)).toMatchObject({ nextAt: null });
  });

  it('moves no dial that is over, or waits for something else', async () => {
    const database = await open();
    const { permissions, calls } = database;
    const { order: over, requestId: ofOver } = await asked(database);
    await permissions.giveUp(over.id, 'cancelled', T0 + 1);
    const { order: quiet, requestId: ofQuiet } = await asked(database, { user: BRAZILIAN });
    const dial = { order: quiet, state: 'quiet_hours', nextAt: T0 + DAY } as const;
    await permissions.wait(dial, T0 + 7);
    expect(await calls.find(DEFAULT_PROJECT_ID, quiet.id)).toMatchObject({
      updated_at: new Date(T0 + 7).toISOString(),
    });
    for (const id of [ofOver, ofQuiet]) {
      await permissions.requestLost((await permissions.unsureRequest(id))!, T0 + 10);
      expect(await permissions.unsureRequest(id)).toBeNull();
    }
    expect(await calls.find(DEFAULT_PROJECT_ID, over.id)).toMatchObject({ ending: { reason: 'cancelled' } });
    expect((await calls.timeline(over.id)).at(-1)).toMatchObject({ type: 'ended' });
    expect(await permissions.waiting(quiet.id)).toEqual(dial);
    expect(await permissions.due(T0 + DAY - 1, 9)).toEqual([]);
  });
});
