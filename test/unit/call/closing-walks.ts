import { expect, test } from 'vitest';
import type { Effect, Input } from '../../../src/call/index.ts';
import { agentReady, ok, T0, type TestCall } from '../../support/call.ts';
import { type ClosingRow, dialledIn, farewellsOf, isLaunched } from '../../support/closing-table.ts';
import { placed } from '../../support/dial-call.ts';

/** When something ends the calls. */
export const AT = T0 + 1_000;
/** The timer at the deadline that the machine asked for. */
export const WOKEN = 'woken';

export type Step = Input | typeof WOKEN;
/** A way on which a row of docs/closing.md comes about. */
export type Walk = () => TestCall;

export function walk(begin: () => TestCall, ...steps: readonly Step[]): Walk {
  return () => {
    const call = begin();
    for (const step of steps) {
      if (step === WOKEN) call.wake();
      else call.feed(step);
    }
    return call;
  };
}

/** The tests of a table: `walks` are those of its rows and no others, and each comes to the end that its row tells. */
export function testTable(
  rows: readonly ClosingRow[],
  opening: Extract<Effect['type'], 'media.open' | 'media.offer'>,
  walks: Readonly<Record<string, Walk | readonly Walk[]>>,
): void {
  test('it has exactly the rows that are walked here', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(walks).sort());
  });

  test.each(rows)('$name', ({ name, graph, media, agent, record }) => {
    for (const reach of [walks[name] ?? []].flat()) {
      const call = reach();
      for (const [awaited, input] of AWAITED) {
        if (!graph.includes(awaited)) continue;
        expect(call.count('graph.terminate')).toBe(0);
        call.feed(input);
      }
      if (media.includes('not waited for')) {
        call.feed(ok(AT + 20, 'terminate'));
        expect(call.isOver).toBe(true);
      }
      call.confirm(AT + 5_000).feed(agentReady(AT + 5_001));

      expect(call.isOver).toBe(true);
      expect(call.ended).toBe(record);
      expect(call.actions.filter(isFarewell)).toEqual(farewellsOf(graph).map((action) => `graph.${action}`));
      expect(call.count(opening)).toBe(media === 'never opened' ? 0 : 1);
      expect(call.count('media.close')).toBe(media === 'never opened' ? 0 : 1);
      expect(call.count('media.drain')).toBe(media.startsWith('drained') ? 1 : 0);
      expect(call.count('media.play')).toBe(media.includes('the prompt') ? 1 : 0);
      expect(call.count('agent.connect') + call.count('agent.prepare')).toBe(dialledIn(agent));
      expect(call.count('agent.close')).toBe(agent.startsWith('let go') ? 1 : 0);
      expect(call.count('agent.launch') > 0).toBe(isLaunched(agent));
      expect(call.record.status).toBe(/^(failed|dropped)/.test(record) ? 'failed' : 'completed');
    }
  });
}

/** What Graph's terminate waits for, as a row's `graph` cell tells it. */
const AWAITED: readonly (readonly [words: string, input: Input])[] = [
  ['once accept has its result', ok(AT + 10, 'accept')],
  ['once Meta has named it', placed(AT + 10)],
];

function isFarewell(type: string): boolean {
  return type === 'graph.reject' || type === 'graph.terminate';
}
