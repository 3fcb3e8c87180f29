import { describe, expect, it, vi } from 'vitest';
import { ConnectionLost, DatabaseError, OutcomeUnknown } from '../../../src/storage/database-error.ts';
import { Together } from '../../../src/storage/together.ts';

describe('what gathers what is asked for', () => {
  it('does in one work what was asked for until it takes it, and answers each', async () => {
    const works: (readonly number[])[] = [];
    const doubled = new Together<number, number>(async (take) => {
      await null;
      const items = take();
      works.push(items);
      return items.map((item) => item * 2);
    });
    const first = doubled.ask(1);
    const second = doubled.ask(2);
    expect(await Promise.all([first, second])).toEqual([2, 4]);
    expect(await doubled.ask(3)).toBe(6);
    expect(works).toEqual([[1, 2], [3]]);
  });

  it('gives a work that is repeated the same again, and what came later to the next', async () => {
    const works: (readonly number[])[] = [];
    const kept = new Together<number, number>(async (take) => {
      works.push(take());
      await null;
      works.push(take());
      return take();
    });
    expect(await Promise.all([kept.ask(1), kept.ask(2)])).toEqual([1, 2]);
    expect(works).toEqual([[1], [2], [1], [2]]);
  });

  it('does each by itself if not all can be done, so that one harms no other', async () => {
    const refusing = new Together<number, string>(async (take) => {
      await null;
      if (take().includes(2)) throw new DatabaseError('2 is refused');
      return take().map((item) => `done ${item}`);
    });
    const results = await Promise.allSettled([1, 2, 3].map((item) => refusing.ask(item)));
    expect(results).toMatchObject([{ value: 'done 1' }, { reason: { message: '2 is refused' } }, { value: 'done 3' }]);
  });

  it.each([new ConnectionLost('away'), new OutcomeUnknown('away in a commit')])(
    'tells all when the database is the trouble, and tries nothing again: $name',
    async (fault) => {
      const perform = vi.fn(() => Promise.reject(fault));
      const failing = new Together<number, number>(perform);
      const results = await Promise.allSettled([failing.ask(1), failing.ask(2)]);
      expect(results).toMatchObject([{ reason: fault }, { reason: fault }]);
      expect(perform).toHaveBeenCalledTimes(1);
    },
  );
});
