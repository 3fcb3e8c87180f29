import { describe, expect, it } from 'vitest';
import type { AccountWord } from '../../../src/signaling/ports.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES } from '../../support/databases.ts';
import { dialOrder, USER } from '../../support/dial-order.ts';
import { numberSettings } from '../../support/number-settings.ts';
import { hearAll, toldIn } from '../../support/told.ts';

/** A full second, as Meta tells times. */
const T0 = Date.UTC(2026, 10, 20, 12);
const HOUR = 3_600_000;
const WEEK = 7 * 24 * HOUR;
const iso = (at: number) => new Date(at).toISOString();

const settings = (calling: object, changed = true): AccountWord =>
  ({ type: 'calling_settings', calling, changed }) as AccountWord;
const ON = settings({ status: 'ENABLED' });
const OFF = settings({ status: 'DISABLED' });
const restricted = (kind: 'business_calls' | 'user_calls' | 'call_button', until: number | null): AccountWord => ({
  type: 'restricted',
  kind,
  until,
  remediation: kind === 'call_button' ? 'Pick up' : null,
});
const lifted = (kind: 'business_calls' | 'user_calls'): AccountWord => ({ type: 'lifted', kind });
const warned = (violation: string): AccountWord => ({ type: 'warned', violation, remediation: 'Call fewer' });

describe.each(DATABASES)('what Meta says of a number ($name)', ({ fresh }) => {
  async function open() {
    const place = await fresh();
    const database = await openTestDatabase(place);
    await hearAll(database);
    await database.numbers.upsert(numberSettings(), T0);
    const { numberStates, permissions } = database;
    return {
      database,
      hear: (word: AccountWord, at = T0) => numberStates.handle({ phoneNumberId: PHONE_NUMBER_ID, at, ...word }),
      standing: async (now = T0) => (await numberStates.standingOf([PHONE_NUMBER_ID], now)).get(PHONE_NUMBER_ID),
      state: async (now = T0) => (await permissions.read(PHONE_NUMBER_ID, USER, now)).number,
      async told() {
        const all = (await toldIn(place)).filter(({ type }) => type !== 'whatsapp.phone_number.created');
        return all.map(({ type, body }) => ({ ...body, type: type.slice('whatsapp.phone_number.'.length) }));
      },
    };
  }

  it('is nothing at first', async () => {
    const { standing, state } = await open();
    expect(await standing()).toBeUndefined();
    expect((await state()).callingOff).toBeNull();
  });

  it('that calling is off holds until it says that it is on, and is kept and told', async () => {
    const { hear, standing, state, told } = await open();
    await hear(OFF);
    expect(await state()).toMatchObject({ callingOff: { at: T0 } });
    expect(await standing()).toMatchObject({
      callingStatus: 'DISABLED',
      settings: { status: 'DISABLED' },
      seenAt: T0,
    });
    await hear(ON, T0 + 1_000);
    expect(await state()).toMatchObject({ callingOff: null });
    expect(await told()).toMatchObject([
      { type: 'settings_changed', timestamp: iso(T0), calling: { status: 'DISABLED' } },
      { type: 'settings_changed', timestamp: iso(T0 + 1_000), calling: { status: 'ENABLED' } },
    ]);
  });

  it('replaces no newer word, and of two of one second the one that is heard later holds', async () => {
    const { hear, standing } = await open();
    await hear(OFF, T0 + 5_400);
    await hear(ON, T0 + 4_999);
    expect(await standing()).toMatchObject({ callingStatus: 'DISABLED', seenAt: T0 + 5_400 });
    await hear(ON, T0 + 5_000);
    expect(await standing()).toMatchObject({ callingStatus: 'ENABLED', seenAt: T0 + 5_400 });
  });

  it('of one setting leaves the others, and only what changed is told', async () => {
    const { hear, standing, told } = await open();
    const hours = { status: 'ENABLED', timezone_id: 'Europe/Berlin' };
    await hear(settings({ status: 'enabled', call_hours: hours }));
    await hear(settings({ call_hours: hours, callback_permission_status: 'ENABLED' }), T0 + 1_000);
    expect(await standing()).toMatchObject({
      callingStatus: 'ENABLED',
      settings: { status: 'enabled', call_hours: hours, callback_permission_status: 'ENABLED' },
    });
    expect((await told())[1]).toMatchObject({ calling: { callback_permission_status: 'ENABLED' } });
  });

  it('is told once, however often it is heard', async () => {
    const { hear, told } = await open();
    const words = [OFF, restricted('business_calls', T0 + HOUR), warned('LOW')];
    for (const word of [...words, ...words, ...words]) await hear(word);
    expect((await told()).map(({ type }) => type)).toEqual(['settings_changed', 'restricted', 'warned']);
  });

  it('is not told when it was read for the first time, and is when it has changed since', async () => {
    const { hear, told } = await open();
    await hear(settings({ status: 'ENABLED' }, false));
    expect(await told()).toEqual([]);
    await hear(settings({ status: 'DISABLED' }, false), T0 + 1_000);
    expect(await told()).toMatchObject([{ calling: { status: 'DISABLED' } }]);
  });

  it('restricts calls of the business until then, or for a week', async () => {
    const { hear, standing, state, told } = await open();
    await hear(restricted('business_calls', T0 + HOUR));
    expect((await state()).paused).toEqual({ code: 138014, until: T0 + HOUR });
    expect((await state(T0 + HOUR)).paused).toBeNull();
    expect((await standing(T0 + HOUR))?.restrictions).toEqual([]);
    await hear(restricted('business_calls', null), T0 + 2_000);
    const restrictions = [
      { kind: 'business_calls', code: 138014, since: T0 + 2_000, until: T0 + 2_000 + WEEK, remediation: null },
    ];
    expect(await standing()).toMatchObject({ restrictions });
    expect(await told()).toMatchObject([
      {
        type: 'restricted',
        phone_number: { phone_number_id: PHONE_NUMBER_ID, display_phone_number: '+1 555-010-0000' },
        restriction: {
          kind: 'business_calls',
          type: 'RESTRICTED_BUSINESS_INITIATED_CALLING',
          until: iso(T0 + HOUR),
          remediation: null,
        },
      },
      { restriction: { until: iso(T0 + 2_000 + WEEK) } },
    ]);
  });

  it('restricts calls of users and hides the button without stopping calls of the business', async () => {
    const { hear, standing, state } = await open();
    await hear(restricted('user_calls', T0 + HOUR));
    await hear(restricted('call_button', null));
    expect(await state()).toMatchObject({ paused: null, callingOff: null });
    expect((await standing())?.restrictions).toEqual([
      { kind: 'user_calls', code: null, since: T0, until: T0 + HOUR, remediation: null },
      { kind: 'call_button', code: null, since: T0, until: null, remediation: 'Pick up' },
    ]);
    expect(await standing(T0 + HOUR)).toMatchObject({ restrictions: [{ kind: 'call_button' }] });
  });

  it('takes the place of what was concluded from a refusal, and of no newer restriction', async () => {
    const { database, hear, state } = await open();
    await database.permissions.paused(PHONE_NUMBER_ID, { code: 138013, until: T0 + HOUR }, null);
    await hear(restricted('business_calls', T0 + 2 * HOUR), T0 - HOUR);
    expect((await state()).paused).toEqual({ code: 138014, until: T0 + 2 * HOUR });
    await hear(restricted('business_calls', T0 + 3 * HOUR), T0 - 2 * HOUR);
    expect((await state()).paused).toEqual({ code: 138014, until: T0 + 2 * HOUR });
  });

  it('lifts a restriction that it lists no more, and none that it never lists', async () => {
    const { database, hear, standing } = await open();
    const kinds = async () => (await standing())?.restrictions.map(({ kind }) => kind);
    for (const kind of ['business_calls', 'user_calls'] as const) await hear(restricted(kind, T0 + HOUR));
    await hear(lifted('business_calls'), T0 - 1_000);
    expect(await kinds()).toEqual(['business_calls', 'user_calls']);
    for (const kind of ['business_calls', 'user_calls'] as const) await hear(lifted(kind), T0 + 1_000);
    expect(await kinds()).toEqual([]);
    await database.permissions.paused(PHONE_NUMBER_ID, { code: 138013, until: T0 + HOUR }, null);
    await hear(lifted('business_calls'), T0 + 2_000);
    expect(await kinds()).toEqual(['business_calls']);
  });

  it('shows the button again when the setting says so that hid it', async () => {
    const { hear, standing } = await open();
    await hear(settings({ call_icon_visibility: 'DISABLE_ALL' }));
    await hear(restricted('call_button', null), T0 + 1_000);
    await hear(ON, T0 + 2_000);
    expect((await standing())?.restrictions).toHaveLength(1);
    await hear(settings({ call_icon_visibility: 'DEFAULT' }), T0 + 3_000);
    expect((await standing())?.restrictions).toEqual([]);
  });

  it('warns, and the last warning is kept', async () => {
    const { hear, standing, told } = await open();
    await hear(warned('LOW_BUSINESS_INITIATED_CALLING_QUALITY'), T0 + 1_000);
    await hear(warned('OLDER'), T0);
    expect((await standing())?.lastViolation).toEqual({
      type: 'LOW_BUSINESS_INITIATED_CALLING_QUALITY',
      remediation: 'Call fewer',
      at: T0 + 1_000,
    });
    expect(await told()).toMatchObject([
      {
        type: 'warned',
        warning: { type: 'LOW_BUSINESS_INITIATED_CALLING_QUALITY', remediation: 'Call fewer' },
      },
    ]);
  });

  it('of a number that is not ours is kept nowhere', async () => {
    const { database } = await open();
    await database.numberStates.handle({ phoneNumberId: 'another', at: T0, ...OFF });
    expect(await database.numberStates.standingOf(['another'], T0)).toEqual(new Map());
    expect(await database.numberStates.standingOf([], T0)).toEqual(new Map());
  });

  it('stands beside how many calls are live', async () => {
    const { database, standing } = await open();
    const { calls, permissions } = database;
    const call = callIdentity();
    await calls.create(call, 'ringing', T0, null);
    await permissions.wait({ order: dialOrder(), state: 'scheduled', nextAt: T0 + HOUR }, T0);
    expect(await standing()).toMatchObject({ liveCalls: 1, callingStatus: null, restrictions: [] });
    const ending = { class: 'completed', reason: 'user_hangup', endedBy: 'user', detail: null } as const;
    await calls.update(call.id, { status: 'completed', ending, endedAt: T0 + 1 }, T0 + 1);
    expect(await standing()).toBeUndefined();
  });
});
