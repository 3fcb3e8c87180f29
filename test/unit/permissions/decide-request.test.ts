import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/permissions/decide.ts';
import type { DecisionInput, PairState } from '../../../src/permissions/ports.ts';
import { action, DAY, decisionInput, denialOf, grant, HOUR, NOW, report } from './permission-state.ts';

const TEMPLATE = { name: 'may_we_call', language: 'en_US', components: [] };

/** A user without permission whose window stays open. */
function request(pair: Partial<PairState> = {}, rest: Parameters<typeof decisionInput>[0] = {}): DecisionInput {
  return decisionInput({ wish: 'ask', ...rest, pair: { grant: null, windowUntil: NOW + 30 * DAY, ...pair } });
}

function expectUntil(input: DecisionInput, until: number, reason: string): void {
  expect(denialOf(decide(input))).toMatchObject({ reason, until });
  expect(denialOf(decide({ ...input, now: until - 1 }))).toMatchObject({ reason, until });
  expect(decide({ ...input, now: until }).type).toBe('ask');
}

describe('a request for permission', () => {
  it('is free-form while the window is open, to the millisecond, and a template after it', () => {
    const rules = { requestTemplate: TEMPLATE };
    const pair = { windowUntil: NOW + 1 };
    expect(decide(request(pair, { rules }))).toEqual({ type: 'ask', by: 'free_form' });
    expect(decide(request(pair, { rules, now: NOW + 1 }))).toEqual({ type: 'ask', by: 'template' });
    expect(decide(request(pair, { ownTemplate: true, now: NOW + 1 }))).toEqual({ type: 'ask', by: 'template' });
  });

  it('cannot be sent outside the window without a template', () => {
    for (const windowUntil of [null, NOW]) {
      expect(denialOf(decide(request({ windowUntil })))).toMatchObject({
        code: 131047,
        reason: 'window_closed',
        until: null,
      });
    }
  });

  it('is pointless when the user has allowed calls for good', () => {
    expect(denialOf(decide(request({ grant: grant() })))).toMatchObject({ code: 138017, reason: 'permission_exists' });
    expect(denialOf(decide(request({ live: report() })))).toMatchObject({ code: 138017 });
  });

  it('may be sent while a temporary permission holds', () => {
    expect(decide(request({ grant: grant({ status: 'temporary', expiresAt: NOW + DAY }) })).type).toBe('ask');
  });

  it('is sent once a day', () => {
    const sent = NOW - HOUR;
    expectUntil(request({ requestedAt: [sent] }), sent + DAY, 'request_limit');
  });

  it('is sent twice a week', () => {
    const first = NOW - 4 * DAY;
    expectUntil(request({ requestedAt: [first, NOW - 2 * DAY] }), first + 7 * DAY, 'request_limit');
    expectUntil(request({ requestedAt: [NOW - 6.5 * DAY, NOW - HOUR] }), NOW - HOUR + DAY, 'request_limit');
  });

  it('is sent 25 times a day in a sandbox', () => {
    const sent = Array.from({ length: 25 }, (_, index) => NOW - HOUR + index);
    expectUntil(request({ requestedAt: sent }, { rules: { profile: 'sandbox' } }), sent[0]! + DAY, 'request_limit');
    expect(decide(request({ requestedAt: sent.slice(1) }, { rules: { profile: 'sandbox' } })).type).toBe('ask');
  });

  it('waits for the answer to the one before, as long as a dial would', () => {
    const pair = { requestedAt: [NOW - 2 * DAY], pendingRequest: { id: 'a', at: NOW - 2 * DAY } };
    expect(denialOf(decide(request(pair)))).toMatchObject({ code: 138009 });
    expectUntil(request(pair), NOW + DAY, 'request_pending');
    expectUntil(request(pair, { rules: { permissionDeadlineMs: 30 * DAY } }), NOW + 5 * DAY, 'request_pending');
  });

  it('is refused for as long as Graph said when it refused one, which a call is not', () => {
    const pair = { refused: { code: 138009, until: NOW + HOUR } };
    expectUntil(request(pair), NOW + HOUR, 'request_limit');
    expect(decide(request({ refused: { code: 138012, until: NOW + HOUR } })).type).toBe('ask');
  });

  it("goes by Graph's report, until a call was picked up", () => {
    const live = report({ status: 'none', sendRequest: action(false, DAY, 1, 1, NOW + HOUR) });
    expectUntil(request({ live }), NOW + HOUR, 'request_limit');
    expect(decide(request({ live, lastConnectedAt: live.at })).type).toBe('ask');
    expectUntil(request({ live, lastConnectedAt: live.at - 1_000 }), NOW + HOUR, 'request_limit');
  });

  it('is refused for an hour when a report says no without a reason', () => {
    const live = report({ status: 'none', sendRequest: { allowed: false, limits: [] } });
    expectUntil(request({ live }), live.at + HOUR, 'request_limit');
  });

  it('is not counted twice after a report that is days old', () => {
    const at = NOW - 6.5 * DAY;
    const live = report({ at, status: 'none', sendRequest: action(true, 7 * DAY, 1, 2) });
    expect(decide(request({ live, requestedAt: [NOW - 7.5 * DAY, NOW - 4 * DAY] })).type).toBe('ask');
  });

  it('does not need a free line', () => {
    const number = { liveCalls: 1_000, dials24h: 10_000, oldestDialAt: NOW - 1 };
    expect(decide(request({ liveCall: 'a', unanswered: 9 }, { number })).type).toBe('ask');
  });

  it('needs a number that may call', () => {
    expect(denialOf(decide(request({}, { number: { displayPhoneNumber: '14165550123' } })))).toMatchObject({
      code: 138013,
    });
    const off = { callingOff: { at: NOW - DAY } };
    expect(denialOf(decide(request({}, { number: off })))).toMatchObject({ code: 138000, until: null });
    const paused = { paused: { code: 138014, until: NOW + 1 } };
    expect(denialOf(decide(request({}, { number: paused })))).toMatchObject({ code: 138014, until: NOW + 1 });
  });

  it('as a template is held against the messaging tier, as free-form it is not', () => {
    const full = { rules: { messagingTier: 250, requestTemplate: TEMPLATE }, number: { templateUsers24h: 250 } };
    expect(denialOf(decide(request({ windowUntil: null }, full)))).toMatchObject({
      code: 131048,
      reason: 'messaging_tier',
    });
    expect(decide(request({}, full)).type).toBe('ask');
    const room = { ...full, number: { templateUsers24h: 249 } };
    expect(decide(request({ windowUntil: null }, room)).type).toBe('ask');
  });
});
