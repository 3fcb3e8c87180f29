import { describe, expect, it } from 'vitest';
import { metaStatusOf } from '../../../src/calls-api/graph/meta-status.ts';
import { API_ERRORS } from '../../../src/calls-api/index.ts';
import { DENY_CODES } from '../../../src/permissions/deny.ts';
import type { Denial, DenyReason } from '../../../src/permissions/index.ts';
import { CALLS, dialApi, dialBody, GRAPH } from '../../support/dial-api.ts';
import { USER } from '../../support/dial-order.ts';

/** Statuses of Meta's, from the table of meta-calling.md §7.2. */
const EXPECTED: Record<DenyReason, readonly [status: number, code: number]> = {
  no_permission: [401, 138006],
  request_limit: [400, 138009],
  request_pending: [400, 138009],
  permission_exists: [400, 138017],
  connected_call_limit: [400, 138012],
  unanswered_guard: [400, 138012],
  call_ongoing: [400, 138003],
  too_many_calls: [429, 138002],
  dial_rate: [429, 138005],
  country_not_supported: [400, 138013],
  calling_disabled: [401, 138000],
  number_paused: [400, 138014],
  window_closed: [400, 131047],
  messaging_tier: [400, 131048],
};
const REASONS = Object.keys(EXPECTED) as DenyReason[];
const UNTIL = Date.UTC(2026, 10, 20, 13);

async function apiThatDenies(denial: Denial) {
  const denied = { type: 'denied', denial } as const;
  const clients = { connect: async () => denied, send: async () => denied, permissions: async () => denied };
  return await dialApi({ desk: { dial: async () => denied, cancel: async () => false }, clients });
}

function denialOf(reason: DenyReason, more: Partial<Denial> = {}): Denial {
  return { type: 'deny', reason, code: DENY_CODES[reason], until: UNTIL, why: 'Refused by talkwire: enough.', ...more };
}

describe.each(REASONS)('refused for %s', (reason) => {
  const [expected, code] = EXPECTED[reason];
  const extra = { reason, retry_at: new Date(UNTIL).toISOString() };

  it('on the platform is an error with code, reason and time', async () => {
    const api = await apiThatDenies(denialOf(reason));
    const { status, body, headers } = await api.post(CALLS, dialBody());
    expect([status, body]).toEqual([expected, { error: 'Refused by talkwire: enough.', code, ...extra }]);
    expect(headers['retry-after']).toBe('3600');
  });

  it("on Graph's routes is Graph's envelope with Meta's code, and says that it was refused here", async () => {
    const api = await apiThatDenies(denialOf(reason));
    const to = USER.waId;
    const answers = [
      await api.post(`${GRAPH}/calls`, { action: 'connect', to }),
      await api.post(`${GRAPH}/calls`, { action: 'connect', to, session: { sdp_type: 'offer', sdp: 'v=0' } }),
      await api.post(`${GRAPH}/messages`, { type: 'interactive', to }),
    ];
    for (const { status, body, headers } of answers) {
      expect([status, headers['retry-after']]).toEqual([expected, '3600']);
      expect(body).toEqual({
        error: {
          message: expect.stringMatching(/./),
          type: 'OAuthException',
          code,
          error_data: { messaging_product: 'whatsapp', details: 'Refused by talkwire: enough.', ...extra },
          fbtrace_id: expect.stringMatching(/^.{8,}$/),
        },
      });
    }
  });
});

describe('a refusal', () => {
  it('that no clock lifts has no Retry-After', async () => {
    const api = await apiThatDenies(denialOf('call_ongoing', { until: null }));
    const { body, headers } = await api.post(CALLS, dialBody());
    expect([body.retry_at, headers['retry-after']]).toEqual([null, undefined]);
  });

  it('whose time has just come says one second, never none', async () => {
    const api = await apiThatDenies(denialOf('dial_rate', { until: UNTIL - 3_600_000 }));
    expect((await api.post(CALLS, dialBody())).headers['retry-after']).toBe('1');
  });

  it('keeps the code that Graph gave when it first refused', async () => {
    const api = await apiThatDenies(denialOf('number_paused', { code: 138013 }));
    const { status, body } = await api.post(CALLS, dialBody());
    expect([status, body.code, body.reason]).toEqual([400, 138013, 'number_paused']);
  });

  it('has the status of Meta in the table of errors as well', () => {
    for (const { status, code } of Object.values(API_ERRORS)) {
      if (code >= 138000) expect([code, status]).toEqual([code, metaStatusOf(code)]);
    }
  });
});
