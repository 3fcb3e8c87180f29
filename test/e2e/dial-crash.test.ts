import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/simulator/network/random.ts';
import { DATABASES } from '../support/databases.ts';
import { BLOWS, DialLane } from '../support/dial-lane.ts';

/** The seed chooses what is dialled and where it is killed; how far everything has come by then is the machine's doing. */
const SEED = Number(process.env['TALKWIRE_CRASH_SEED'] ?? Date.now() % 1_000_000);
const KILLS = Number(process.env['TALKWIRE_CRASH_KILLS'] ?? 200);
/** Each waits for something a third of its time. */
const LANES = 3;

describe.each(DATABASES)('A service on $name that is killed while it dials', ({ name, fresh }) => {
  const kills = name === 'SQLite' ? KILLS : Math.ceil(KILLS / 5);

  it(`${kills} times dials nobody twice, keeps no reservation and forgets no call`, { timeout: 900_000 }, async () => {
    const lanes: DialLane[] = [];
    const total = () => lanes.reduce((sum, lane) => sum + lane.kills, 0);
    async function work(n: number): Promise<void> {
      const lane = await DialLane.open(String(n), await fresh(), seededRandom(SEED, `lane ${n}`).next);
      lanes.push(lane);
      while (total() < kills) await lane.round();
    }
    try {
      await Promise.all(Array.from({ length: LANES }, (_, n) => work(n)));
    } catch (fault) {
      throw new Error(`TALKWIRE_CRASH_SEED=${SEED}: ${(fault as Error).message}`, { cause: fault });
    } finally {
      await Promise.all(lanes.map((lane) => lane.close()));
    }
    expect(total()).toBeGreaterThanOrEqual(kills);
    if (kills >= 100) expect(new Set(lanes.flatMap(({ blows }) => [...blows.keys()]))).toEqual(new Set(BLOWS));
  });
});
