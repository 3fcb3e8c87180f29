import { describe, expect, it } from 'vitest';
import { grantOf, type PermissionReply, readReport, toMetaPermissions } from '../../../src/permissions/ledger.ts';
import { action, DAY, grant, HOUR, minutesBefore, NOW, pairState, report, rulesOf } from './permission-state.ts';

function reply(differences: Partial<PermissionReply> = {}): PermissionReply {
  return {
    type: 'permission_reply',
    phoneNumberId: '106540352242922',
    user: { waId: '4915112345678', userId: null },
    response: 'accept',
    permanent: false,
    expiresAt: NOW + 7 * DAY,
    automatic: false,
    contextId: 'wamid.request',
    messageId: 'wamid.reply',
    at: NOW,
    ...differences,
  };
}

describe('a call_permission_reply', () => {
  const none = { expiresAt: null, permanent: false };

  it.each([
    ['temporary grant to a request', {}, 'temporary', 'request'],
    ['permanent grant to a request', { permanent: true, expiresAt: null }, 'permanent', 'request'],
    ['permanent grant in the profile', { permanent: true, expiresAt: null, contextId: null }, 'permanent', 'profile'],
    ['refusal of a request', { response: 'reject', ...none }, 'none', 'declined'],
    ['call of the user', { automatic: true, contextId: 'wacid.call' }, 'temporary', 'callback'],
    [
      'revocation by WhatsApp',
      { response: 'reject', ...none, automatic: true, contextId: null },
      'none',
      'auto_revoked',
    ],
    ['temporary grant in the profile', { contextId: null }, 'temporary', 'profile'],
    ['taking back in the profile', { response: 'reject', ...none, contextId: null }, 'none', 'declined'],
  ] as const)('is understood: %s', (_, differences, status, source) => {
    const expiresAt = status === 'temporary' ? NOW + 7 * DAY : null;
    expect(grantOf(reply(differences))).toEqual({ status, source, expiresAt, at: NOW });
  });

  it('without an end holds for seven days', () => {
    expect(grantOf(reply({ expiresAt: null })).expiresAt).toBe(NOW + 7 * DAY);
  });

  it('for good has no end, whatever else it says', () => {
    expect(grantOf(reply({ permanent: true })).expiresAt).toBeNull();
  });
});

/** As on Meta's page, with numbers of our time. */
const BODY = {
  messaging_product: 'whatsapp',
  permission: { status: 'temporary', expiration_time: 1_745_343_479 },
  actions: [
    {
      action_name: 'send_call_permission_request',
      can_perform_action: true,
      limits: [
        { time_period: 'PT24H', max_allowed: 1, current_usage: 0 },
        { time_period: 'P7D', max_allowed: 2, current_usage: 1 },
      ],
    },
    {
      action_name: 'start_call',
      can_perform_action: false,
      limits: [{ time_period: 'PT24H', max_allowed: 5, current_usage: 5, limit_expiration_time: 1_745_622_600 }],
    },
  ],
};

describe('the report of call_permissions', () => {
  const read = {
    at: NOW,
    status: 'temporary',
    expiresAt: 1_745_343_479_000,
    sendRequest: {
      allowed: true,
      limits: [
        { periodMs: DAY, maxAllowed: 1, currentUsage: 0, expiresAt: null },
        { periodMs: 7 * DAY, maxAllowed: 2, currentUsage: 1, expiresAt: null },
      ],
    },
    startCall: {
      allowed: false,
      limits: [{ periodMs: DAY, maxAllowed: 5, currentUsage: 5, expiresAt: 1_745_622_600_000 }],
    },
  };

  it("is read as on Meta's page", () => {
    expect(readReport(BODY, NOW)).toEqual(read);
  });

  it('is read with strings for numbers, and the end under its other name', () => {
    const text = JSON.stringify(BODY)
      .replaceAll(/:(\d+)/g, ':"$1"')
      .replaceAll(/:(true|false)/g, ':"$1"')
      .replace('expiration_time', 'expiration');
    expect(readReport(JSON.parse(text), NOW)).toEqual(read);
  });

  it('is read without actions, as for a user who cannot be called', () => {
    expect(readReport({ permission: { status: 'no_permission' } }, NOW)).toEqual({
      at: NOW,
      status: 'none',
      expiresAt: null,
      startCall: null,
      sendRequest: null,
    });
  });

  it('leaves out limits that make no sense', () => {
    const limits = [{ time_period: 'P1Y' }, null, { time_period: 'PT24H', max_allowed: -1, current_usage: 0 }];
    const body = {
      permission: { status: 'permanent' },
      actions: [{ action_name: 'start_call', can_perform_action: true, limits }],
    };
    expect(readReport(body, NOW)?.startCall).toEqual({ allowed: true, limits: [] });
  });

  it.each([[null], ['no'], [{}], [{ permission: {} }], [{ permission: { status: 'constructor' } }], [[]]])(
    'is none: %j',
    (body) => {
      expect(readReport(body, NOW)).toBeNull();
    },
  );
});

describe('what is answered to a client', () => {
  it("is in Meta's shape from the ledger alone", () => {
    const pair = pairState({
      grant: grant({ status: 'temporary', expiresAt: NOW + HOUR }),
      connectedAt: [NOW - 2 * HOUR, NOW - HOUR],
      requestedAt: [NOW - HOUR / 2],
    });
    expect(toMetaPermissions(pair, rulesOf(), NOW)).toEqual({
      messaging_product: 'whatsapp',
      permission: { status: 'temporary', expiration_time: (NOW + HOUR) / 1_000 },
      actions: [
        {
          action_name: 'send_call_permission_request',
          can_perform_action: false,
          limits: [
            {
              time_period: 'PT24H',
              max_allowed: 1,
              current_usage: 1,
              limit_expiration_time: (NOW - HOUR / 2 + DAY) / 1_000,
            },
            { time_period: 'P7D', max_allowed: 2, current_usage: 1 },
          ],
        },
        {
          action_name: 'start_call',
          can_perform_action: true,
          limits: [{ time_period: 'PT24H', max_allowed: 100, current_usage: 2 }],
        },
      ],
    });
  });

  it('has the figures of a report, and what happened since', () => {
    const live = report({ startCall: action(true, DAY, 40, 50), sendRequest: null });
    const pair = pairState({ live, connectedAt: [NOW - 1] });
    const [, startCall] = toMetaPermissions(pair, rulesOf(), NOW).actions;
    expect(startCall?.limits).toEqual([{ time_period: 'PT24H', max_allowed: 50, current_usage: 41 }]);
  });

  it('has limits that only a report knows, and loses them with it', () => {
    const live = report({ startCall: action(true, HOUR, 1, 3) });
    const periods = (now: number) =>
      toMetaPermissions(pairState({ live }), rulesOf(), now).actions[1]?.limits.map(({ time_period }) => time_period);
    expect(periods(NOW)).toEqual(['PT24H', 'PT1H']);
    expect(periods(live.at + HOUR)).toEqual(['PT24H']);
  });

  it.each([
    ['nobody allowed it', { grant: null }],
    ['too many were picked up', { connectedAt: minutesBefore(NOW, 100) }],
    ['the guard would refuse it', { unanswered: 3 }],
    ['Graph has refused it', { refused: { code: 138012, until: NOW + 1 } }],
  ])('says that a call would not pass here: %s', (_, differences) => {
    expect(toMetaPermissions(pairState(differences), rulesOf(), NOW).actions[1]?.can_perform_action).toBe(false);
  });

  it('says that nobody need be asked who allowed calls for good', () => {
    const { permission, actions } = toMetaPermissions(pairState(), rulesOf(), NOW);
    expect(permission).toEqual({ status: 'permanent' });
    expect(actions[0]?.can_perform_action).toBe(false);
    expect(toMetaPermissions(pairState({ grant: null }), rulesOf(), NOW).actions[0]?.can_perform_action).toBe(true);
  });
});
