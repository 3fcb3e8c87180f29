import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidFields } from '../../../src/agents/index.ts';
import { dialIn } from '../../../src/calls-api/platform/dial-body.ts';
import { CALLS, dialApi, dialBody, GRAPH } from '../../support/dial-api.ts';
import { USER } from '../../support/dial-order.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const HOUR = 3_600_000;
const template = { name: 'may_we_call', language: 'en_US' };

describe('a dial that is asked for', () => {
  it.each<[string, object, object]>([
    ['needs permission unless it says more', {}, { permission: { mode: 'require', template: null } }],
    ['may ask', { permission: 'ask' }, { permission: { mode: 'ask', template: null } }],
    [
      'may ask with a template',
      { permission: { template } },
      { permission: { mode: 'ask', template: { ...template, components: [] } } },
    ],
    ['begins now and has no deadline of its own', {}, { notBefore: null, notAfter: null }],
    ['may wait so long for permission', { permission_deadline_seconds: 600 }, { notAfter: NOW + 600_000 }],
    [
      'may be for later',
      { schedule: { at: '2026-11-20T18:00:00+01:00' } },
      { notBefore: Date.UTC(2026, 10, 20, 17), notAfter: null },
    ],
    [
      'may be for later with patience from then on',
      { schedule: { at: '2026-11-20T13:00Z' }, permission_deadline_seconds: 60 },
      { notBefore: NOW + HOUR, notAfter: NOW + HOUR + 60_000 },
    ],
    [
      'may be over at a time',
      { schedule: { at: '2026-11-20T13:00:00.250Z', until: '2026-11-20T14:00:00Z' }, permission_deadline_seconds: 60 },
      { notBefore: NOW + HOUR + 250, notAfter: NOW + 2 * HOUR },
    ],
    ['whose time is past begins now', { schedule: { at: '2026-11-20T10:00:00Z' } }, { notBefore: NOW - 2 * HOUR }],
    ['may leave fields empty', { recipient: null, voice_agent_id: null, schedule: null, context: {} }, { context: {} }],
    ['may hold what nobody knows', { colour: 'red' }, { user: USER }],
    ['takes a BSUID in either field', { to: 'US.1a', recipient: null }, { user: { waId: null, userId: 'US.1a' } }],
    [
      'knows number and BSUID together',
      { to: USER.waId, recipient: 'US.1a' },
      { user: { waId: USER.waId, userId: 'US.1a' } },
    ],
  ])('%s', (_, body, expected) => {
    expect(dialIn(dialBody(body), NOW)).toMatchObject(expected);
  });

  it.each<[object, string, string]>([
    [{ phone_number_id: undefined }, 'phone_number_id', 'is required'],
    [{ phone_number_id: 106540352242922 }, 'phone_number_id', 'must be a text'],
    [{ to: undefined }, 'to', 'is required, or recipient'],
    [{ to: null, recipient: null }, 'to', 'is required, or recipient'],
    [{ to: 15550100001 }, 'to', 'must be a phone number with its country code, or a BSUID'],
    [{ to: '1234' }, 'to', 'must be a phone number'],
    [{ to: '1'.repeat(21) }, 'to', 'must be a phone number'],
    [{ recipient: 'us.134' }, 'recipient', 'must be a phone number'],
    [{ voice_agent_id: '' }, 'voice_agent_id', 'must be a text'],
    [{ permission: 'maybe' }, 'permission', 'must be require, ask or {"template"'],
    [{ permission: null }, 'permission', 'must be require, ask or'],
    [{ permission: [] }, 'permission', 'must be require, ask or'],
    [{ permission: {} }, 'permission.template', 'must be an object with name and language'],
    [{ permission: { template: { ...template, name: 'May we' } } }, 'permission.template.name', 'must be the name'],
    [{ permission: { template: { name: 'x' } } }, 'permission.template.language', 'is required'],
    [
      { permission: { template: { ...template, components: [7] } } },
      'permission.template.components',
      'must be a list',
    ],
    [{ ring_timeout_seconds: 14 }, 'ring_timeout_seconds', 'must be a whole number from 15 to 90'],
    [{ ring_timeout_seconds: 91 }, 'ring_timeout_seconds', 'must be a whole number'],
    [{ ring_timeout_seconds: '45' }, 'ring_timeout_seconds', 'must be a whole number'],
    [{ permission_deadline_seconds: 59 }, 'permission_deadline_seconds', 'must be a whole number from 60'],
    [{ context: { a: 1 } }, 'context', 'must be an object of at most 50 texts'],
    [{ context: [] }, 'context', 'must be an object'],
    [{ biz_opaque_callback_data: 'x'.repeat(513) }, 'biz_opaque_callback_data', 'must be a text of 1 to 512'],
    [{ schedule: '2026-11-20T13:00:00Z' }, 'schedule', 'must be an object with at'],
    [{ schedule: {} }, 'schedule.at', 'is required'],
    [{ schedule: { at: '2026-11-20T13:00:00' } }, 'schedule.at', 'must be a time with its offset'],
    [{ schedule: { at: '2026-11-20' } }, 'schedule.at', 'must be a time with its offset'],
    [{ schedule: { at: '2027-02-30T13:00:00Z' } }, 'schedule.at', 'must be a time with its offset'],
    [{ schedule: { at: '2027-02-01T25:00:00Z' } }, 'schedule.at', 'must be a time with its offset'],
    [{ schedule: { at: 1795187400 } }, 'schedule.at', 'must be a time with its offset'],
    [{ schedule: { at: '2026-11-20T13:00:00Z', until: '2026-11-20T13:00:00Z' } }, 'schedule.until', 'later than at'],
    [{ schedule: { at: '2026-11-20T10:00:00Z', until: '2026-11-20T12:00:00Z' } }, 'schedule.until', 'in the future'],
    [{ user_time_zone: '+02:00' }, 'user_time_zone', 'must be an IANA time zone'],
  ])('cannot be %j', async (body, field, rule) => {
    const api = await dialApi();
    await api.grant();
    const { status, body: answer } = await api.post(CALLS, dialBody(body));
    expect(status).toBe(422);
    expect(answer.errors[field]).toEqual([expect.stringContaining(rule)]);
    expect(api.calls.placed).toEqual([]);
  });

  it.each([[[]], ['text'], [null], [7]])('cannot be %j at all', async (body) => {
    const api = await dialApi();
    const { status, body: answer } = await api.post(CALLS, body);
    expect([status, answer]).toEqual([422, { errors: { base: ['must be an object'] } }]);
  });

  it('tells all that is wrong at once', async () => {
    const api = await dialApi();
    const { body } = await api.post(CALLS, { to: 'x', schedule: { at: 'soon' }, context: 7 });
    expect(Object.keys(body.errors).sort()).toEqual(['context', 'phone_number_id', 'schedule.at', 'to']);
  });
});

describe('any body', () => {
  const moment = fc.oneof(
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') }).map((date) => date.toISOString()),
    fc.constantFrom(
      '2026-02-30T00:00:00Z',
      '2026-01-01T24:00:00Z',
      '+275760-09-13T00:00:00Z',
      '9999-12-31T23:59-23:59',
    ),
  );
  const user = fc.oneof(fc.constantFrom(USER.waId, 'US.1', 'US.ENT.a', '+1 5', null), fc.string());
  const near = fc.record(
    {
      phone_number_id: fc.oneof(fc.constant('106540352242922'), fc.string()),
      to: fc.oneof(user, fc.anything()),
      recipient: fc.oneof(user, fc.anything()),
      voice_agent_id: fc.oneof(fc.string(), fc.constant(null)),
      permission: fc.oneof(
        fc.constantFrom('require', 'ask'),
        fc.record({ template: fc.oneof(fc.constant(template), fc.anything()) }),
        fc.anything(),
      ),
      ring_timeout_seconds: fc.oneof(fc.integer({ min: 10, max: 95 }), fc.anything()),
      permission_deadline_seconds: fc.oneof(fc.integer(), fc.double()),
      context: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.anything()),
      biz_opaque_callback_data: fc.oneof(fc.string(), fc.anything()),
      schedule: fc.oneof(fc.record({ at: moment, until: moment }, { requiredKeys: [] }), fc.anything()),
      user_time_zone: fc.oneof(fc.constantFrom('UTC', 'Europe/Berlin'), fc.string()),
    },
    { requiredKeys: [] },
  );
  const bodies = fc.oneof(near, near, fc.record({ call: near }), fc.anything());

  it('is refused by field, or becomes a dial that can be kept', () => {
    fc.assert(
      fc.property(bodies, (body) => {
        try {
          const dial = dialIn(body, NOW);
          expect(dial.user.waId ?? dial.user.userId).toMatch(/^(\d{5,20}|[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]+)$/);
          expect(dial.ringTimeoutMs ?? 15_000).toSatisfy((ms: number) => ms >= 15_000 && ms <= 90_000);
          for (const time of [dial.notBefore, dial.notAfter]) expect(time ?? 0).toSatisfy(Number.isSafeInteger);
          expect(dial.notAfter ?? NOW + 1).toBeGreaterThan(NOW);
        } catch (fault) {
          if (!(fault instanceof InvalidFields)) throw fault;
          expect(Object.keys(fault.fields).length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('is never answered with a fault of ours, whatever the route', async () => {
    const api = await dialApi();
    await api.grant();
    await api.message();
    const graphBodies = fc.oneof(
      fc.record(
        {
          action: fc.oneof(fc.constantFrom('connect', 'terminate', 'accept'), fc.anything()),
          to: fc.oneof(user, fc.anything()),
          recipient: fc.oneof(user, fc.anything()),
          call_id: fc.oneof(fc.string(), fc.anything()),
          session: fc.anything(),
          biz_opaque_callback_data: fc.anything(),
          type: fc.constantFrom('interactive', 'template', 'text'),
          interactive: fc.oneof(fc.constant({ type: 'call_permission_request' }), fc.anything()),
          template: fc.anything(),
        },
        { requiredKeys: [] },
      ),
      fc.anything(),
    );
    const requests = fc.oneof(
      fc.tuple(fc.constant(CALLS), bodies),
      fc.tuple(fc.constantFrom(`${GRAPH}/calls`, `${GRAPH}/messages`), graphBodies),
    );
    await fc.assert(
      fc.asyncProperty(requests, async ([url, body]) => {
        const { status, body: answer } = await api.post(url, body ?? null);
        expect(status).toBeLessThan(500);
        if (status === 422) expect(Object.keys(answer.errors).length).toBeGreaterThan(0);
        else if (status >= 400) expect(JSON.stringify(answer)).toMatch(/"(error|details)":"[^"]+/);
      }),
      { numRuns: 300 },
    );
    expect([api.logged, api.faults]).toEqual([[], []]);
  });

  it.each([CALLS, `${GRAPH}/calls`, `${GRAPH}/messages`])('that is very deep is refused on %s', async (url) => {
    const api = await dialApi();
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const payload = `{"phone_number_id":"1","to":"${USER.waId}","action":"terminate","call_id":"x","y":${deep}}`;
    const headers = { 'x-api-key': 'an-api-key-of-the-tests', 'content-type': 'application/json' };
    const response = await api.server.inject({ method: 'POST', url, headers, payload });
    expect(response.statusCode).toBe(400);
    expect(response.body).toContain('nested deeper than 60 levels');
    expect(api.graph.sent).toEqual([]);
  });
});
