import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { limitsPage } from '../../../scripts/generate-limits-docs.ts';
import { countryOf } from '../../../src/permissions/country.ts';
import { DENY_CODES } from '../../../src/permissions/deny.ts';
import { limitsOf, mayCallFrom } from '../../../src/permissions/limits.ts';
import { LIMIT_FACTS, LIMITS_AS_OF, NO_CALL_COUNTRIES } from '../../../src/permissions/limits-data.ts';
import { DAY } from './permission-state.ts';

describe('docs/limits.md', () => {
  const page = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8');

  it('is as `node scripts/generate-limits-docs.ts` makes it', () => {
    expect(page).toBe(limitsPage());
  });

  it('says for every limit what it is, since when, from where, and what happens at it', () => {
    for (const fact of LIMIT_FACTS) {
      const row = page.split('\n').find((line) => line.startsWith(`| ${fact.what} |`));
      for (const part of [fact.since, fact.source, fact.certainty, fact.action]) expect(row).toContain(part);
      expect(part(row)).toHaveLength(8);
    }
  });

  it('has every code that is answered here', () => {
    const codes = LIMIT_FACTS.map(({ code }) => code);
    expect(Object.values(DENY_CODES).filter((code) => !codes.includes(code))).toEqual([]);
  });

  it('tells the limits of test numbers only where they differ', () => {
    expect(page).toContain('| 1 in 24 h and 2 in 7 days | 25 in 24 h and 100 in 7 days | 138009 |');
    expect(page).toContain('| 100 in 24 h |  | 138012 |');
  });

  it('names every country, and the day of which it speaks', () => {
    for (const { name, country } of NO_CALL_COUNTRIES) expect(page).toContain(`| ${name} | ${country} |`);
    expect(page).toContain(LIMITS_AS_OF);
  });

  function part(row: string | undefined): string[] {
    return (row ?? '').split(' | ');
  }
});

describe('the limits of a profile', () => {
  it("are Meta's for production", () => {
    expect(limitsOf('production')).toMatchObject({
      requests: [
        { max: 1, periodMs: DAY },
        { max: 2, periodMs: 7 * DAY },
      ],
      connectedCalls: [{ max: 100, periodMs: DAY }],
      unansweredNotice: 2,
      unansweredRevoked: 4,
      dials: { max: 10_000, periodMs: DAY },
      concurrentCalls: 1_000,
      temporaryPermissionMs: 168 * 3_600_000,
    });
  });

  it('are wider for a sandbox where Meta says so', () => {
    const { requests, unansweredNotice, unansweredRevoked, connectedCalls } = limitsOf('sandbox');
    expect(requests.map(({ max }) => max)).toEqual([25, 100]);
    expect([unansweredNotice, unansweredRevoked]).toEqual([5, 10]);
    expect(connectedCalls).toEqual(limitsOf('production').connectedCalls);
  });
});

describe('the country of a number', () => {
  it.each([
    ['14085550000', 'US'],
    ['+1 (212) 555-0199', 'US'],
    ['18005551212', 'US'],
    ['14165550123', 'CA'],
    ['16135550123', 'CA'],
    ['17875550123', 'PR'],
    ['18765550123', 'JM'],
    ['201001234567', 'EG'],
    ['84912345678', 'VN'],
    ['2348031234567', 'NG'],
    ['905321234567', 'TR'],
    ['5511987654321', 'BR'],
    ['4915112345678', 'DE'],
    ['77011234567', 'KZ'],
  ])('%s is %s', (number, country) => {
    expect(countryOf(number)).toBe(country);
  });

  it.each(['15550001111', '', '999', 'no number', '12125'])('%j is none', (number) => {
    expect(countryOf(number)).toBeNull();
  });

  it('says whether it may start calls', () => {
    expect(['US', 'CA', 'EG', 'VN', 'NG'].filter(mayCallFrom)).toEqual([]);
    expect(['TR', 'PR', 'DE', null].filter((country) => !mayCallFrom(country))).toEqual([]);
  });
});
