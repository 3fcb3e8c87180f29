import { describe, expect, it } from 'vitest';
import type { Grant } from '../../../../src/permissions/ports.ts';
import type { DatabasePlace } from '../../../../src/storage/index.ts';
import { T0 } from '../../../support/call.ts';
import { PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { openTestDatabase } from '../../../support/database.ts';
import { DATABASES } from '../../../support/databases.ts';
import { ask, askByTemplate, dialOrder, USER } from '../../../support/dial-order.ts';
import { hearAll, toldIn } from '../../../support/told.ts';

const DAY = 24 * 3_600_000;
const TEMPORARY: Grant = { status: 'temporary', expiresAt: T0 + 7 * DAY, source: 'request', at: T0 };
const NONE: Grant = { status: 'none', expiresAt: null, source: 'declined', at: T0 };

async function heard(place: DatabasePlace) {
  const database = await openTestDatabase(place);
  await hearAll(database);
  return database.permissions;
}

async function permissionsToldIn(place: DatabasePlace) {
  const told = await toldIn(place);
  const ofPermissions = told.filter(({ type }) => type.startsWith('whatsapp.call_permission.'));
  return ofPermissions.map(({ type, body, key }) => ({ type: type.slice(25), body, key }));
}

describe.each(DATABASES)('others are told of permissions ($name)', ({ fresh }) => {
  it('when a user was asked, by the call that waits for it', async () => {
    const place = await fresh();
    const book = await heard(place);
    const order = dialOrder();
    const reservation = await book.reserve(order, T0, ask);
    expect(await permissionsToldIn(place)).toEqual([]);
    await book.requestSent(reservation!.requestId!, 'wamid.1', T0 + 5);
    const [told, ...more] = await permissionsToldIn(place);
    expect(more).toEqual([]);
    expect(told).toMatchObject({ type: 'requested', body: { timestamp: new Date(T0 + 5).toISOString() } });
    expect(told?.body).toMatchObject({
      permission_request: {
        user: { wa_id: '15550100001', user_id: null },
        template: false,
        message_id: 'wamid.1',
        call: order.id,
      },
      contact: { wa_id: '15550100001' },
      conversation: { status: 'active' },
    });
  });

  it('not of a request that Graph refused', async () => {
    const place = await fresh();
    const book = await heard(place);
    const { requestId } = await book.reserveRequest(PHONE_NUMBER_ID, USER, true, T0, askByTemplate);
    await book.requestRefused(requestId!);
    expect(await permissionsToldIn(place)).toEqual([]);
  });

  it.each([
    ['granted', TEMPORARY, 'wamid.1'],
    ['granted', { ...TEMPORARY, status: 'permanent', expiresAt: null, source: 'profile' } as Grant, null],
    ['granted', { ...TEMPORARY, source: 'callback' } as Grant, 'wacid.1'],
    ['denied', NONE, 'wamid.1'],
    ['revoked', NONE, null],
    ['revoked', { ...NONE, source: 'auto_revoked' } as Grant, null],
  ] as const)('as %s: %j', async (type, grant, answers) => {
    const place = await fresh();
    const book = await heard(place);
    await book.granted(PHONE_NUMBER_ID, USER, grant, answers);
    expect(await permissionsToldIn(place)).toMatchObject([
      { type, body: { permission: { status: grant.status, source: grant.source, answers } } },
    ]);
  });

  it('once, however often the webhook comes, and not of a word that came too late to count', async () => {
    const place = await fresh();
    const book = await heard(place);
    await book.granted(PHONE_NUMBER_ID, USER, TEMPORARY, 'wamid.1');
    await book.granted(PHONE_NUMBER_ID, USER, TEMPORARY, 'wamid.1');
    await book.granted(PHONE_NUMBER_ID, USER, { ...NONE, at: T0 - 1_000 }, 'wamid.0');
    await book.granted(PHONE_NUMBER_ID, USER, { ...NONE, at: T0 + 1_000 }, null);
    const told = await permissionsToldIn(place);
    expect(told.map(({ type }) => type)).toEqual(['granted', 'revoked']);
    expect(new Set(told.map(({ key }) => key)).size).toBe(1);
  });
});
