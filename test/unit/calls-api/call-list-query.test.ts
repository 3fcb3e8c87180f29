import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCallListQuery } from '../../../src/calls-api/graph/call-list-query.ts';
import { ApiError } from '../../../src/calls-api/index.ts';

const parse = (query: Record<string, unknown>) => parseCallListQuery(query);

function faultOf(query: Record<string, unknown>): string {
  try {
    parse(query);
  } catch (fault) {
    if (fault instanceof ApiError && fault.error === 'invalid_parameter') return fault.details;
    throw fault;
  }
  return 'none';
}

describe('query of the list of calls', () => {
  it('asks for 20 calls and no filter when it is empty', () => {
    const nothing = {
      limit: 20,
      after: null,
      before: null,
      direction: null,
      status: null,
      callId: null,
      since: null,
      until: null,
      agentId: null,
      user: null,
    };
    expect(parse({})).toEqual(nothing);
    expect(parse({ limit: '', after: '', before: '', status: '', since: '', call_id: '' })).toEqual(nothing);
  });

  it('leaves alone what it does not know', () => {
    expect(parse({ fields: ['kapso(a)', 'id'], foo: 'bar', __proto__: { limit: '0' } }).limit).toBe(20);
  });

  it('reads words in any case', () => {
    expect(parse({ direction: 'INBOUND', status: 'Completed' })).toMatchObject({
      direction: 'inbound',
      status: 'completed',
    });
  });

  it.each(['0', '101', '-1', '1.5', '1e1', ' 5', 'ten', '0x5', '٣'])('refuses the limit %j', (limit) => {
    expect(faultOf({ limit })).toBe('limit must be a whole number from 1 to 100');
  });

  it.each(['1', '100', '020'])('takes the limit %j', (limit) => {
    expect(parse({ limit }).limit).toBe(Number(limit));
  });

  it('names the field and the rule', () => {
    expect(faultOf({ direction: 'sideways' })).toBe('direction must be one of inbound, outbound');
    expect(faultOf({ status: 'busy' })).toBe(
      'status must be one of scheduled, awaiting_permission, initiated, ringing, answered, completed, failed',
    );
    expect(faultOf({ limit: ['1', '2'] })).toBe('limit must be given once');
    expect(faultOf({ after: 'a', before: 'b' })).toBe('after and before cannot be given together');
    expect(faultOf({ call_id: 'x'.repeat(513) })).toBe('call_id must have at most 512 characters');
  });

  it.each([
    ['2026-11-20T09:30:00Z', '2026-11-20T09:30:00.000Z'],
    ['2026-11-20T09:30:00.123456Z', '2026-11-20T09:30:00.123Z'],
    ['2026-11-20T09:30', '2026-11-20T09:30:00.000Z'],
    ['2026-11-20t09:30:00z', '2026-11-20T09:30:00.000Z'],
    ['2026-11-20T09:30:00+02:00', '2026-11-20T07:30:00.000Z'],
    ['2026-11-20T09:30:00-0530', '2026-11-20T15:00:00.000Z'],
    ['2026-11-20T09:30:00 02:00', '2026-11-20T07:30:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ])('reads %j as %s', (text, expected) => {
    expect(new Date(parse({ since: text }).since!).toISOString()).toBe(expected);
  });

  it('takes a date alone to its end in until', () => {
    expect(new Date(parse({ until: '2026-11-20' }).until!).toISOString()).toBe('2026-11-20T23:59:59.999Z');
  });

  it.each([
    'yesterday',
    '2026-13-01',
    '2026-02-30',
    '2026-02-29',
    '2026-11-20T25:00:00Z',
    '20261120',
    '1700000000',
    '2026-11-20T09',
  ])('refuses the time %j', (text) => {
    expect(faultOf({ since: text })).toBe('since must be an ISO 8601 time, such as 2026-11-20T09:30:00Z');
    expect(faultOf({ until: text })).toContain('until must be');
  });

  it('reads every time that JavaScript writes', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(parse({ since: date.toISOString() }).since).toBe(date.getTime());
        },
      ),
    );
  });

  it('either reads or refuses anything, with limits held', () => {
    const value = fc.oneof(
      fc.string(),
      fc.array(fc.string()),
      fc.constantFrom('5', 'inbound', '2026-01-01', undefined),
    );
    const names = [
      'limit',
      'after',
      'before',
      'direction',
      'status',
      'call_id',
      'since',
      'until',
      'fields',
      'x',
    ] as const;
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), value), (query) => {
        if (faultOf(query) !== 'none') return;
        const parsed = parse(query);
        expect(parsed.limit).toBeGreaterThanOrEqual(1);
        expect(parsed.limit).toBeLessThanOrEqual(100);
        for (const time of [parsed.since, parsed.until]) expect(time).not.toBeNaN();
      }),
    );
  });
});
