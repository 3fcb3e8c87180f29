import { describe, expect, it } from 'vitest';
import { dialClosingRows, rowOf } from '../../support/closing-table.ts';
import { storyOf } from '../../support/dialler.ts';
import { House } from '../../support/house.ts';
import { ORDINARY_DIALS, pickedUp } from './dials.ts';
import { DYING_THREAD, SPECIAL_DIALS } from './dials-special.ts';
import { haveNeighbours } from './neighbours.ts';
import type { Street } from './street.ts';
import { walkAll } from './walks.ts';

/** One row after the other. */
const STREETS: readonly Street[] = [ORDINARY_DIALS, DYING_THREAD];
/** One stop of the service ends all of these. */
const STOPPING = ['dial-drained-1', 'dial-drained-2', 'dial-drained-3'];
/** Needs a process that dies: test/e2e/dial-crash.test.ts. */
const AFTER_A_CRASH = ['dial-restarted-1', 'dial-restarted-2'];
/** The API does not take a call for which nobody would speak (test/e2e/outbound/agents.test.ts); the machine holds all the same. */
const KEPT_OUT = ['dial-no-agent', 'dial-prompt'];
/** Nothing of a leg that has no answer yet can fail, but with its thread. */
const UNHEARD_OF = ['dial-leg-failed-2'];
/** Nobody waits for it here, nor has a client's call a limit: test/unit/call/closing-of-dials.test.ts. */
const AFTER_A_DAY = ['dial-followed-max-duration', 'dial-followed-forgotten', 'dial-followed-silent'];

describe('docs/closing.md over real media: calls that we place, and what is left afterwards', () => {
  haveNeighbours();

  walkAll({
    rows: dialClosingRows(),
    streets: STREETS,
    patient: SPECIAL_DIALS,
    others: [...STOPPING, ...AFTER_A_CRASH, ...KEPT_OUT, ...UNHEARD_OF, ...AFTER_A_DAY],
  });

  it(`a service that stops: ${STOPPING.join(', ')}`, async () => {
    const house = await House.start();
    try {
      const before = house.before();
      const { dialled: answered } = await pickedUp(house);
      const { dialled: ringing } = await house.ring({ reply: 'ignore' });
      const slow = (delayMs: number) => ({ type: 'graph.delay', action: 'connect', delayMs }) as const;
      const asked = await house.dial({ reply: 'ignore', faults: [slow(1_500)], answerAfterMs: 10_000 });
      // Graph refuses this one last, so that the service is still up for what Meta says of the one before.
      const refusal = { type: 'graph.refuse', action: 'connect', code: 138012 } as const;
      const refused = await house.dial({ faults: [slow(4_000), refusal] });
      for (const dialled of [asked, refused]) await house.dialler.reached(dialled, 'connect_sent');
      const phones = await Promise.all([answered, ringing].map((dialled) => house.dialler.phoneOf(dialled)));
      await house.bridge.stop(300);
      for (const phone of phones) await phone.waitFor('closed', 5_000);
      await house.check(rowOf('dial-drained-1'), { callId: asked.id, graph: ['connect', 'terminate'], dialled: asked });
      expect(storyOf(await house.bridge.recordOf({ callId: asked.id }))).toContain('terminate_received');
      expect(house.dialler.graphActions(refused)).toEqual(['connect refused']);
      for (const [name, dialled] of [
        ['dial-drained-2', ringing],
        ['dial-drained-3', answered],
      ] as const) {
        await house.check(rowOf(name), { callId: dialled.id, graph: ['connect', 'terminate'], dialled });
      }
      await house.nothingOpen(before);
    } finally {
      await house.close();
    }
  });
});
