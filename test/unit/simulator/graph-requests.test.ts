import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMessage, parsePermissions } from '../../../src/simulator/graph-requests.ts';
import { parseRequest } from '../../../src/simulator/graph-rules.ts';
import { OFFER } from './support/business.ts';

const OPUS_ONLY = { g711: false };

/** Bodies that are nearly right: fields of their own kind, or anything. */
function bodies(fields: Readonly<Record<string, unknown>>): fc.Arbitrary<unknown> {
  const record = Object.entries(fields).map(([name, value]) => [name, fc.oneof(fc.constant(value), fc.jsonValue())]);
  return fc.oneof(fc.jsonValue(), fc.record(Object.fromEntries(record), { requiredKeys: [] }));
}

describe('requests to Graph of any form', () => {
  it('are calls, or are refused with code 100', () => {
    const session = { sdp_type: 'offer', sdp: OFFER };
    const some = bodies({
      messaging_product: 'whatsapp',
      action: 'connect',
      to: '14085550000',
      recipient: 'US.a',
      session,
    });
    fc.assert(
      fc.property(some, (body) => {
        const parsed = parseRequest(body, OPUS_ONLY);
        if (!parsed.ok) expect(parsed.error.code).toBe(100);
        else expect(parsed.request).toMatchObject({ action: 'connect', sdp: OFFER });
      }),
    );
  });

  it('are messages, or are refused with code 100', () => {
    const interactive = { type: 'call_permission_request', action: { name: 'call_permission_request' } };
    const some = bodies({
      messaging_product: 'whatsapp',
      to: '14085550000',
      type: 'interactive',
      interactive,
      template: { name: 't' },
    });
    fc.assert(
      fc.property(some, (body) => {
        const parsed = parseMessage(body);
        if (!parsed.ok) expect(parsed.error.code).toBe(100);
        else expect(parsed.request.to.waId ?? parsed.request.to.userId).toMatch(/^(\d{5,15}|[A-Z]{2}\..+)$/);
      }),
    );
  });

  it('ask about a user, or are refused with code 100', () => {
    fc.assert(
      fc.property(bodies({ user_wa_id: '14085550000', recipient: 'US.abc' }), (query) => {
        const parsed = parsePermissions(query);
        if (!parsed.ok) expect(parsed.error.code).toBe(100);
        else expect(parsed.request.to).not.toEqual({ waId: null, userId: null });
      }),
    );
  });

  it('mean the phone number where a BSUID stands beside it', () => {
    const parsed = parsePermissions({ user_wa_id: '+1 (408) 555-0000', recipient: 'US.abc' });
    expect(parsed).toMatchObject({ ok: true, request: { to: { waId: '14085550000', userId: null } } });
  });
});
