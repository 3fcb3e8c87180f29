import { describe, it } from 'vitest';
import { closingRows, rowOf } from '../support/closing-table.ts';
import { House } from '../support/house.ts';
import { CHAINS, EXCUSED } from './closing/chains.ts';
import { haveNeighbours } from './closing/neighbours.ts';
import { ORDINARY } from './closing/ordinary.ts';
import { asked, onlyARuntime, RUNTIMES, WAITING_RUNTIMES } from './closing/runtimes.ts';
import { SPECIAL, WAITING } from './closing/special.ts';
import { ANSWERED, done, drain, openHouse, type Street } from './closing/street.ts';
import { TRANSFERS } from './closing/transfers.ts';
import { walkAll } from './closing/walks.ts';

/** One row after the other. */
const STREETS: readonly Street[] = [ORDINARY, ...SPECIAL, ...CHAINS, ...TRANSFERS, ...RUNTIMES];
/** What takes long, all at the same time. */
const PATIENT: readonly Street[] = [...WAITING, ...EXCUSED, ...WAITING_RUNTIMES];
/** One stop of the service ends all of these. */
const STOPPING = ['refused-draining', 'drained-early', 'service-drained', 'service-drained-in-drain'];
const STOPPING_WITH_A_RUNTIME = 'launching-drained';
/** Needs a process that dies: test/e2e/crash.test.ts. */
const AFTER_A_CRASH = ['restarted-ringing', 'restarted-talking'];
/** Of calls that others dial the runtime lets nothing come in: test/e2e/faults.test.ts. */
const KEPT_OUT = ['foreign-answer'];
/** Nobody waits for it here: test/unit/call/closing-document.test.ts. */
const AFTER_A_DAY = ['runtime-forgotten'];

describe('docs/closing.md over real media, and what is left afterwards', () => {
  haveNeighbours();

  walkAll({
    rows: closingRows(),
    streets: STREETS,
    patient: PATIENT,
    others: [...STOPPING, STOPPING_WITH_A_RUNTIME, ...AFTER_A_CRASH, ...KEPT_OUT, ...AFTER_A_DAY],
  });

  it(`a service that stops: ${STOPPING.join(', ')}`, async () => {
    const house = await House.start();
    try {
      const before = house.before();
      const { call: talking } = await house.talk();
      const { call: lastWords } = await drain(house, 6_000);
      const { call: early } = await house.waiting();
      const stopped = house.bridge.stop(1_000);
      const late = await house.call();
      const walked = {
        'refused-draining': await done(late, 'reject'),
        'drained-early': await done(early, 'pre_accept', 'terminate'),
        'service-drained': await done(talking, ...ANSWERED, 'terminate'),
        'service-drained-in-drain': await done(lastWords, ...ANSWERED, 'terminate'),
      };
      await stopped;
      for (const [name, walk] of Object.entries(walked)) await house.check(rowOf(name), walk);
      await house.nothingOpen(before);
    } finally {
      await house.close();
    }
  });

  it(`a service that stops while a runtime is asked: ${STOPPING_WITH_A_RUNTIME}`, async () => {
    const house = await openHouse(onlyARuntime);
    try {
      const before = house.before();
      const { call, launched } = await asked(house);
      const stopped = house.bridge.stop(500);
      const walked = await done(call, 'reject');
      await stopped;
      // Only now, when there is nobody to hear it.
      launched.answer(200);
      await house.check(rowOf(STOPPING_WITH_A_RUNTIME), walked);
      await house.nothingOpen(before);
    } finally {
      await house.close();
    }
  });
});
