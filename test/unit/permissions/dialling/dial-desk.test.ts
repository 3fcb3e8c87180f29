import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../../src/call/index.ts';
import { PHONE_NUMBER_ID } from '../../../support/call-identity.ts';
import { Desks, reportOf } from '../../../support/desks.ts';
import { USER } from '../../../support/dial-order.ts';
import { graphRefusal } from '../../../support/scripted-permission-graph.ts';
import { DAY, HOUR, SECOND } from '../permission-state.ts';

const ask = { permission: { mode: 'ask', template: null } } as const;
const TEMPLATE = { name: 'may_we', language: 'de', components: [] };

/** A user who has just written, and was asked for permission. */
async function openAsked(rules = {}) {
  const desks = await Desks.open(rules);
  await desks.userWrites();
  desks.desk.start();
  const request = desks.request(ask);
  const outcome = await desks.desk.dial(request);
  return { desks, id: request.id, outcome };
}

describe('a dial', () => {
  it('is placed if the user allows it, with what it was asked to do', async () => {
    const desks = await Desks.open();
    await desks.userSays('accept');
    const request = desks.request({ context: { order: '1' }, ringTimeoutMs: 20_000 });
    expect(await desks.desk.dial(request)).toEqual({
      type: 'accepted',
      id: request.id,
      state: 'placing',
      warnings: [],
    });
    expect(desks.calls.placed).toMatchObject([{ id: request.id, context: { order: '1' }, ringTimeoutMs: 20_000 }]);
  });

  it('is refused without permission, and nothing is written', async () => {
    const desks = await Desks.open();
    const request = desks.request();
    expect(await desks.desk.dial(request)).toMatchObject({ type: 'denied', denial: { code: 138006 } });
    expect(await desks.database.calls.find(DEFAULT_PROJECT_ID, request.id)).toBeNull();
  });

  it('is placed by what Graph reports, though no webhook told', async () => {
    const desks = await Desks.open();
    desks.graph.onRead = () => ({ type: 'report', at: desks.clock.now(), body: reportOf('permanent') });
    expect(await desks.desk.dial(desks.request())).toMatchObject({ type: 'accepted', state: 'placing' });
  });

  it.each(['draining', 'at_capacity', 'no_agent'] as const)(
    'is not taken while the machine room says %s',
    async (why) => {
      const desks = await Desks.open();
      desks.calls.refuses = why;
      expect(await desks.desk.dial(desks.request())).toEqual({ type: 'unavailable', why });
    },
  );

  it('of a number that is not ours is not taken', async () => {
    const desks = await Desks.open();
    const outcome = await desks.desk.dial(desks.request({ phoneNumberId: '999' }));
    expect(outcome).toEqual({ type: 'unavailable', why: 'unknown_number' });
  });

  it('gives its place back if the machine room fails', async () => {
    const desks = await Desks.open();
    await desks.userSays('accept');
    desks.calls.place = async () => {
      throw new Error('no');
    };
    const request = desks.request();
    await expect(desks.desk.dial(request)).rejects.toThrow('no');
    await desks.clock.advance(100);
    expect(await desks.endingOf(request.id)).toBe('connect_unknown');
  });
});

describe('a dial that asks', () => {
  it('sends one request, waits, and is placed when the user accepts', async () => {
    const { desks, id, outcome } = await openAsked();
    expect(outcome).toEqual({ type: 'accepted', id, state: 'awaiting_permission', warnings: [] });
    expect(desks.graph.sent).toMatchObject([{ type: 'interactive', to: USER.waId }]);
    expect(desks.calls.placed).toEqual([]);
    await desks.userSays('accept');
    expect(desks.calls.placed).toMatchObject([{ id }]);
  });

  it('is placed once, however often the reply comes', async () => {
    const { desks } = await openAsked();
    await Promise.all([desks.userSays('accept'), desks.userSays('accept')]);
    await desks.userSays('accept');
    expect(desks.calls.placed).toHaveLength(1);
  });

  it('is placed by the next process if this one died with the reply in its hands', async () => {
    const { desks, id } = await openAsked();
    desks.calls.refusal = () => new Promise(() => {});
    await desks.userSays('accept');
    expect(desks.calls.placed).toEqual([]);
    const next = await Desks.open({}, desks);
    next.desk.start();
    await next.clock.advance(SECOND);
    expect(next.calls.placed).toMatchObject([{ id }]);
  });

  it('ends when the user declines, and not when WhatsApp takes an older permission back', async () => {
    const { desks, id } = await openAsked();
    await desks.userSays('reject', { automatic: true, contextId: null });
    expect(await desks.endingOf(id)).toBeUndefined();
    await desks.userSays('reject');
    expect(await desks.endingOf(id)).toBe('permission_declined');
  });

  it('ends when the user says nothing for too long', async () => {
    const { desks, id } = await openAsked({ permissionDeadlineMs: HOUR });
    await desks.clock.advance(HOUR - SECOND);
    expect(await desks.endingOf(id)).toBeUndefined();
    await desks.clock.advance(2 * SECOND);
    expect(await desks.endingOf(id)).toBe('permission_expired');
  });

  it('ends when its request was not delivered, or Graph refuses it, which does not count', async () => {
    const { desks, id } = await openAsked();
    await desks.tell({ type: 'message_failed', messageId: 'wamid.1', code: 131026 });
    expect(await desks.endingOf(id)).toBe('request_refused');

    const other = await Desks.open();
    await other.userWrites();
    other.graph.onSend = () => graphRefusal(400, 131026);
    expect(await other.desk.dial(other.request(ask))).toMatchObject({ type: 'refused', refusal: { code: 131026 } });
    const { pair } = await other.database.permissions.read(PHONE_NUMBER_ID, USER, other.clock.now());
    expect(pair.requestedAt).toEqual([]);
  });

  it('waits on if Graph gives no answer, for the user may have been asked', async () => {
    const desks = await Desks.open();
    await desks.userWrites();
    desks.desk.start();
    desks.graph.onSend = () => ({ type: 'unknown', answer: null });
    expect(await desks.desk.dial(desks.request(ask))).toMatchObject({ state: 'awaiting_permission' });
    await desks.userSays('accept');
    expect(desks.calls.placed).toHaveLength(1);
  });

  it('uses a template outside the window: its own, else that of the number, else none', async () => {
    const closed = await Desks.open();
    expect(await closed.desk.dial(closed.request(ask))).toMatchObject({ denial: { reason: 'window_closed' } });
    const own = closed.request({ permission: { mode: 'ask', template: TEMPLATE } });
    expect(await closed.desk.dial(own)).toMatchObject({ type: 'accepted' });
    expect(closed.graph.sent).toMatchObject([{ type: 'template', template: { name: 'may_we' } }]);
  });

  it('can be taken back, once', async () => {
    const { desks, id } = await openAsked();
    expect(await desks.desk.cancel(id)).toBe(true);
    expect(await desks.desk.cancel(id)).toBe(false);
    expect(await desks.endingOf(id)).toBe('cancelled');
    await desks.userSays('accept');
    expect(desks.calls.placed).toEqual([]);
  });
});

describe('a dial for later', () => {
  it('is placed at its time', async () => {
    const desks = await Desks.open();
    desks.desk.start();
    await desks.userSays('accept');
    const request = desks.request({ notBefore: desks.clock.now() + DAY });
    expect(await desks.desk.dial(request)).toMatchObject({ state: 'scheduled' });
    await desks.clock.advance(DAY - SECOND);
    expect(desks.calls.placed).toEqual([]);
    await desks.clock.advance(2 * SECOND);
    expect(desks.calls.placed).toHaveLength(1);
  });

  it('is tried for an hour, and then given up', async () => {
    const desks = await Desks.open();
    desks.desk.start();
    const request = desks.request({ notBefore: desks.clock.now() + HOUR });
    await desks.desk.dial(request);
    await desks.clock.advance(2 * HOUR - 20 * SECOND);
    expect(await desks.endingOf(request.id)).toBeUndefined();
    await desks.clock.advance(20 * SECOND);
    expect(await desks.endingOf(request.id)).toBe('dial_denied');
  });

  it('waits for the end of the quiet hours of the user', async () => {
    const desks = await Desks.open({ quietHours: { from: '21:00', to: '08:00' } });
    desks.desk.start();
    await desks.userSays('accept');
    // 22:00 in Berlin; its patience is until the morning.
    const notBefore = Date.UTC(2026, 10, 20, 21);
    const request = desks.request({ notBefore, userTimeZone: 'Europe/Berlin', notAfter: notBefore + 12 * HOUR });
    await desks.desk.dial(request);
    await desks.clock.advance(Date.UTC(2026, 10, 21, 6, 59) - desks.clock.now());
    expect(desks.calls.placed).toEqual([]);
    expect((await desks.database.permissions.waiting(request.id))?.state).toBe('quiet_hours');
    await desks.clock.advance(2 * 60 * SECOND);
    expect(desks.calls.placed).toHaveLength(1);
  });
});

describe('the window', () => {
  const windowOf = async (desks: Desks) =>
    (await desks.database.permissions.read(PHONE_NUMBER_ID, USER, desks.clock.now())).pair.windowUntil;

  it.each([
    ['an answer in the chat', 'reject', { contextId: 'wamid.1' }, true],
    ['a permission given in the profile', 'accept', { contextId: null }, true],
    ['a permission taken back in the profile', 'reject', { contextId: null }, false],
    [
      'a permission that WhatsApp gives by itself, since the user called',
      'accept',
      { automatic: true, contextId: 'wacid.1' },
      true,
    ],
    ['a permission that WhatsApp takes back', 'reject', { automatic: true, contextId: null }, false],
  ] as const)('after %s', async (_what, response, differences, opens) => {
    const desks = await Desks.open();
    const at = desks.clock.now();
    await desks.userSays(response, differences);
    expect(await windowOf(desks)).toBe(opens ? at + DAY : null);
  });
});
