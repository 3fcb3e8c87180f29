import fc from 'fast-check';
import { expect, it } from 'vitest';
import { iso, isoOrNull } from '../../../src/storage/iso-time.ts';

const LAST = 8_640_000_000_000_000;

it('writes every time as Date does', () => {
  const time = fc.oneof(fc.integer({ min: -LAST, max: LAST }), fc.integer({ min: 0, max: 4e12 }));
  fc.assert(
    fc.property(time, (at) => {
      expect(iso(at)).toBe(new Date(at).toISOString());
    }),
    { numRuns: 5_000 },
  );
  expect([isoOrNull(0), isoOrNull(null)]).toEqual(['1970-01-01T00:00:00.000Z', null]);
});
