import { describe, expect, it } from 'vitest';
import { quietUntil, zonesOf } from '../../../src/permissions/quiet-hours.ts';
import { hasTimeZone, offsetAt } from '../../../src/permissions/time-zone.ts';

const NIGHT = { from: '21:00', to: '08:00' };
const BERLIN = ['Europe/Berlin'];

function until(hours: { from: string; to: string }, zones: readonly string[], at: string): string {
  return new Date(quietUntil(hours, zones, Date.parse(at))).toISOString().replace(':00.000Z', 'Z');
}

function isQuiet(hours: { from: string; to: string }, zones: readonly string[], at: number): boolean {
  return quietUntil(hours, zones, at) > at;
}

describe('quiet hours', () => {
  it.each([
    ['2026-11-18T19:59Z', false],
    ['2026-11-18T20:00Z', true],
    ['2026-11-19T00:30Z', true],
    ['2026-11-19T06:59Z', true],
    ['2026-11-19T07:00Z', false],
  ])('over midnight in winter: %s is quiet: %s', (at, quiet) => {
    expect(isQuiet(NIGHT, BERLIN, Date.parse(at))).toBe(quiet);
  });

  it.each([
    ['2026-11-18T11:59Z', false],
    ['2026-11-18T12:00Z', true],
    ['2026-11-18T12:59Z', true],
    ['2026-11-18T13:00Z', false],
  ])('within a day: %s is quiet: %s', (at, quiet) => {
    expect(isQuiet({ from: '13:00', to: '14:00' }, BERLIN, Date.parse(at))).toBe(quiet);
  });

  it('that begin when they end are none', () => {
    expect(isQuiet({ from: '08:00', to: '08:00' }, BERLIN, Date.parse('2026-11-18T07:00Z'))).toBe(false);
  });

  it('are none where the zone is not known', () => {
    expect(isQuiet(NIGHT, [], Date.parse('2026-11-18T02:00Z'))).toBe(false);
    expect(until(NIGHT, [], '2026-11-18T02:00Z')).toBe('2026-11-18T02:00Z');
  });

  it('hold if they hold in any of the zones', () => {
    const zones = ['America/New_York', 'America/Los_Angeles'];
    expect(isQuiet(NIGHT, zones, Date.parse('2026-07-01T01:30Z'))).toBe(true);
    expect(isQuiet(NIGHT, zones.slice(1), Date.parse('2026-07-01T01:30Z'))).toBe(false);
  });
});

describe('the end of quiet hours', () => {
  it.each([
    ['now if it is not quiet', NIGHT, BERLIN, '2026-11-18T12:00Z', '2026-11-18T12:00Z'],
    ['in the morning', NIGHT, BERLIN, '2026-11-18T22:13Z', '2026-11-19T07:00Z'],
    ['the same morning', NIGHT, BERLIN, '2026-11-19T03:00Z', '2026-11-19T07:00Z'],
    ['an hour earlier by UTC when the clock went forward', NIGHT, BERLIN, '2026-03-28T22:00Z', '2026-03-29T06:00Z'],
    ['an hour later by UTC when it went back', NIGHT, BERLIN, '2026-10-24T21:00Z', '2026-10-25T07:00Z'],
    ['when the clock leaps over it', { from: '21:00', to: '02:30' }, BERLIN, '2026-03-28T22:00Z', '2026-03-29T01:00Z'],
    [
      'the first of two that the clock shows',
      { from: '21:00', to: '02:30' },
      BERLIN,
      '2026-10-24T21:00Z',
      '2026-10-25T00:30Z',
    ],
    [
      'the second one if it is quiet again',
      { from: '21:00', to: '02:30' },
      BERLIN,
      '2026-10-25T01:10Z',
      '2026-10-25T01:30Z',
    ],
    [
      'when a half hour is leapt over',
      { from: '01:00', to: '02:15' },
      ['Australia/Lord_Howe'],
      '2026-10-03T15:00Z',
      '2026-10-03T15:30Z',
    ],
    ['south of the equator', NIGHT, ['America/Santiago'], '2026-09-06T01:00Z', '2026-09-06T11:00Z'],
    ['in a zone of a quarter hour', NIGHT, ['Asia/Kathmandu'], '2026-11-18T20:00Z', '2026-11-19T02:15Z'],
    [
      'when it is quiet in neither of two zones',
      NIGHT,
      ['America/New_York', 'America/Los_Angeles'],
      '2026-07-01T01:30Z',
      '2026-07-01T15:00Z',
    ],
    [
      'at the other end of a day that one zone takes up after the other',
      { from: '20:00', to: '09:00' },
      ['Asia/Tokyo', 'America/New_York'],
      '2026-07-01T11:30Z',
      '2026-07-01T13:00Z',
    ],
  ])('is %s', (_, hours, zones, at, expected) => {
    expect(until(hours, zones, at)).toBe(expected);
  });

  it('is a full minute', () => {
    expect(quietUntil(NIGHT, BERLIN, Date.parse('2026-11-19T06:59:59.999Z'))).toBe(Date.parse('2026-11-19T07:00Z'));
  });

  it('goes by the zone in the middle where the country is too wide for any moment to suit all', () => {
    const hours = { from: '18:00', to: '09:00' };
    const zones = ['Asia/Kamchatka', 'Europe/Kaliningrad', 'Asia/Omsk'];
    expect(until(hours, zones, '2026-11-18T20:00Z')).toBe('2026-11-19T03:00Z');
  });

  it('suits all zones of wide countries, if the quiet hours are short enough', () => {
    const at = Date.parse('2026-11-18T20:00Z');
    for (const waId of ['14085550000', '79161234567', '61412345678', '5511987654321', '689401234', '33612345678']) {
      const end = quietUntil(NIGHT, zonesOf(waId), at);
      expect(isQuiet(NIGHT, zonesOf(waId), end)).toBe(false);
    }
  });
});

describe('the time zones of a user', () => {
  it('are those of the country of the number', () => {
    expect(zonesOf('4915112345678')).toContain('Europe/Berlin');
    expect(zonesOf('919812345678')).toEqual(['Asia/Kolkata']);
    const american = zonesOf('14085550000');
    expect(american).toEqual(expect.arrayContaining(['America/New_York', 'Pacific/Honolulu']));
    expect(american).not.toContain('America/Toronto');
  });

  it('are those of the country that the BSUID begins with, where there is no number', () => {
    expect(zonesOf(null, 'IN.13491208655302741918')).toEqual(['Asia/Kolkata']);
    expect(zonesOf('4915112345678', 'IN.1')).toContain('Europe/Berlin');
  });

  it('are none where nothing tells', () => {
    for (const [waId, userId] of [
      ['15550001111', null],
      [null, null],
      [null, 'XX.1'],
      [null, 'nobody'],
    ] as const) {
      expect(zonesOf(waId, userId)).toEqual([]);
    }
  });
});

describe('a time zone', () => {
  it('is told from what is none', () => {
    expect(['Europe/Berlin', 'America/Argentina/Buenos_Aires', 'UTC'].filter(hasTimeZone)).toHaveLength(3);
    expect(['', 'Berlin', 'Europe/Nowhere', '../etc'].filter(hasTimeZone)).toEqual([]);
  });

  it.each([
    ['Europe/Berlin', '2026-07-01T00:00Z', 120],
    ['Europe/Berlin', '2026-12-01T00:00Z', 60],
    ['America/New_York', '2026-12-01T00:00Z', -300],
    ['America/St_Johns', '2026-12-01T00:00Z', -210],
    ['Asia/Kathmandu', '2026-12-01T00:00Z', 345],
    ['UTC', '2026-12-01T00:00Z', 0],
  ])('%s is off UTC at %s by %i minutes', (zone, at, minutes) => {
    expect(offsetAt(zone, Date.parse(at))).toBe(minutes);
  });
});
