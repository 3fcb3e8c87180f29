import type { House, Walked } from '../../support/house.ts';
import { done, secondRejected, type Walk } from './street.ts';

/** Calls that the number's rules refuse; each walk gives the number its rules and takes them away again. */
export const REFUSED_BY_RULES: Readonly<Record<string, Walk>> = {
  'number-busy': (house) => ruledBy(house, { max_concurrent_calls: 1 }, () => secondRejected(house)),
  'outside-hours': (house) => {
    const weekly = [{ day: dayAfterTomorrow(), from: '00:00', to: '24:00' }];
    return ruledBy(house, { hours: { time_zone: 'Etc/UTC', weekly } }, async () => done(await house.call(), 'reject'));
  },
  'caller-denied': (house) =>
    ruledBy(house, { deny: ['491701234567'] }, async () =>
      done(await house.call({ user: { waId: '491701234567' } }), 'reject'),
    ),
};

async function ruledBy(house: House, rules: Readonly<Record<string, unknown>>, walk: () => Promise<Walked>) {
  await house.board.rules(rules);
  try {
    return await walk();
  } finally {
    await house.board.rules({});
  }
}

function dayAfterTomorrow(): string {
  const then = new Date(Date.now() + 2 * 24 * 60 * 60_000);
  return then.toLocaleDateString('en', { weekday: 'short', timeZone: 'Etc/UTC' }).toLowerCase();
}
