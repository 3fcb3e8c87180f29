import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClosingRow, rowOf } from '../../support/closing-table.ts';
import type { House } from '../../support/house.ts';
import { openHouse, type Street } from './street.ts';

/** Where the rows of one half of docs/closing.md are walked. */
export interface Tour {
  readonly rows: readonly ClosingRow[];
  /** One row after the other. */
  readonly streets: readonly Street[];
  /** All at the same time: what takes long. */
  readonly patient: readonly Street[];
  /** Names of rows that are walked elsewhere. */
  readonly others: readonly string[];
}

/** The tests of all streets, and one that none of the rows is left out. */
export function walkAll({ rows, streets, patient, others }: Tour): void {
  it('walks every row', () => {
    const walked = [...streets, ...patient].flatMap(namesIn);
    expect([...walked, ...others].sort()).toEqual(rows.map(({ name }) => name).sort());
  });

  describe.each(streets)('$what', (street) => {
    let house: House;
    beforeAll(async () => {
      house = await openHouse(street);
    });
    afterAll(async () => {
      await house.threadsIdle();
      await house.close();
    });

    it.each(Object.entries(street.rows))('%s', async (name, walk) => {
      const before = house.before();
      await house.check(rowOf(name), await walk(house));
      await house.nothingOpen(before);
    });
  });

  it(`at the same time: ${patient.flatMap(namesIn).join(', ')}`, async () => {
    const houses = await Promise.all(patient.map(openHouse));
    try {
      const before = houses.map((house) => house.before());
      const walks = patient.flatMap(({ rows }, index) =>
        Object.entries(rows).map(([name, walk]) => ({ name, walk, house: houses[index]! })),
      );
      await Promise.all(
        walks.map(async ({ name, walk, house }, place) => {
          // So many handshakes in one moment would be a test of the machine.
          await delay(300 * place);
          await house.check(rowOf(name), await inTime(name, walk(house)));
        }),
      );
      await Promise.all(houses.map((house, index) => house.nothingOpen(before[index]!)));
      await Promise.all(houses.map((house) => house.threadsIdle()));
    } finally {
      await Promise.all(houses.map((house) => house.close()));
    }
  }, 120_000);
}

function namesIn({ rows }: Street): string[] {
  return Object.keys(rows);
}

/** So that one that stands still among many is known by its name. */
async function inTime<T>(name: string, walk: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = delay(60_000, null, { signal: over.signal }).then(() => {
    throw new Error(`${name} stands still`);
  });
  try {
    return await Promise.race([walk, late]);
  } finally {
    late.catch(() => {});
    over.abort();
  }
}
