import { describe, expect, it } from 'vitest';
import type { CallHours, CallHoursSpan } from '../../../src/agents/ports.ts';
import { isOpen } from '../../../src/agents/routing/call-hours.ts';

function hours(weekly: CallHoursSpan[], differences: Partial<CallHours> = {}): CallHours {
  return { timeZone: 'Europe/Berlin', weekly, closedOn: [], ...differences };
}

const WORKDAY = hours([{ day: 'fri', from: '09:00', to: '17:00' }]);

describe('call hours', () => {
  // 2026-11-20 is a Friday; Berlin is UTC+1 in winter, UTC+2 in summer.
  it.each([
    ['a minute before they begin', '2026-11-20T07:59:59Z', false],
    ['as they begin', '2026-11-20T08:00:00Z', true],
    ['in their last second', '2026-11-20T15:59:59Z', true],
    ['as they end', '2026-11-20T16:00:00Z', false],
    ['on another day', '2026-11-19T10:00:00Z', false],
    ['in summer time, an hour earlier by UTC', '2026-07-17T07:00:00Z', true],
  ])('%s', (_, at, open) => {
    expect(isOpen(WORKDAY, Date.parse(at))).toBe(open);
  });

  it('that end before they begin go on into the next morning, and not into the one after', () => {
    const night = hours([{ day: 'fri', from: '22:00', to: '02:00' }], { timeZone: 'UTC' });
    expect(isOpen(night, Date.parse('2026-11-20T21:59:00Z'))).toBe(false);
    expect(isOpen(night, Date.parse('2026-11-20T23:30:00Z'))).toBe(true);
    expect(isOpen(night, Date.parse('2026-11-21T01:59:00Z'))).toBe(true);
    expect(isOpen(night, Date.parse('2026-11-21T02:00:00Z'))).toBe(false);
    expect(isOpen(night, Date.parse('2026-11-20T01:00:00Z'))).toBe(false);
  });

  it('of a Sunday night reach into Monday', () => {
    const night = hours([{ day: 'sun', from: '23:00', to: '01:00' }], { timeZone: 'UTC' });
    expect(isOpen(night, Date.parse('2026-11-23T00:30:00Z'))).toBe(true);
  });

  it('until 24:00 take the whole evening', () => {
    const evening = hours([{ day: 'fri', from: '18:00', to: '24:00' }], { timeZone: 'UTC' });
    expect(isOpen(evening, Date.parse('2026-11-20T23:59:59Z'))).toBe(true);
    expect(isOpen(evening, Date.parse('2026-11-21T00:00:00Z'))).toBe(false);
  });

  it('have no calls on a closed date, by the date of the time zone', () => {
    const auckland = hours([{ day: 'sat', from: '00:00', to: '24:00' }], {
      timeZone: 'Pacific/Auckland',
      closedOn: ['2026-11-21'],
    });
    // Friday noon by UTC is Saturday in Auckland.
    expect(isOpen(auckland, Date.parse('2026-11-20T12:00:00Z'))).toBe(false);
    expect(isOpen({ ...auckland, closedOn: [] }, Date.parse('2026-11-20T12:00:00Z'))).toBe(true);
  });

  it('without any span are always closed', () => {
    expect(isOpen(hours([]), Date.parse('2026-11-20T12:00:00Z'))).toBe(false);
  });

  it('hold when the clocks change: the hour that comes twice is open twice', () => {
    const night = hours([{ day: 'sun', from: '02:00', to: '03:00' }]);
    expect(isOpen(night, Date.parse('2026-10-25T00:30:00Z'))).toBe(true);
    expect(isOpen(night, Date.parse('2026-10-25T01:30:00Z'))).toBe(true);
    expect(isOpen(night, Date.parse('2026-10-25T02:00:00Z'))).toBe(false);
  });
});
