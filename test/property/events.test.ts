import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventWorld, OK, type Reply } from '../support/event-world.ts';
import { PROJECT_ID, webhook } from '../support/outbox.ts';

const RUNS = 150;
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

type Move =
  | { readonly type: 'emit'; readonly call: number }
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'doom'; readonly at: NonNullable<EventWorld['doom']> }
  | { readonly type: 'kill' | 'stop' | 'resume' | 'redeliver' };

const CALLS = 4;
const URLS = ['https://one.test/', 'https://two.test/'];

const anyReply: fc.Arbitrary<Reply> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ status: fc.constant(200), afterMs: fc.integer({ min: 1, max: 9_000 }) }) },
  fc.record({ status: fc.constantFrom(500, 404, 302), afterMs: fc.integer({ min: 1, max: 3_000 }) }),
  fc.record({ status: fc.constantFrom(429, 503, 500), retryAfter: fc.constantFrom('0', '7', '90', 'soon') }),
  fc.constant({ status: 200, error: 'answer_cut_short', afterMs: 40 }),
  fc.constant({ status: null, error: 'connection_lost', afterMs: 5 }),
  fc.constant({ status: null, error: 'timeout', afterMs: 10 * SECOND }),
);

const anyMove: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('emit' as const), call: fc.nat(CALLS - 1) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('pass' as const),
      ms: fc.constantFrom(0, 1, 3, 400, 10_000, 10_001, 200_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('doom' as const),
      at: fc.constantFrom('as_it_sends' as const, 'before_it_records' as const, 'after_it_recorded' as const),
    }),
  },
  fc.record({ type: fc.constant('kill' as const) }),
  fc.record({ type: fc.constantFrom('stop' as const, 'resume' as const, 'redeliver' as const) }),
);

async function resume(world: EventWorld): Promise<void> {
  for (const id of world.stores.webhooks.ids()) {
    const webhook = world.webhook(id);
    const at = world.clock.now();
    if (webhook.standing.type !== 'ok') await world.stores.webhooks.setStanding(id, { type: 'ok' }, at);
  }
}

/** Plays the moves, and lets it come to rest with receivers that are well. Returns the keys that were emitted, by call. */
async function play(world: EventWorld, moves: readonly Move[]): Promise<readonly (readonly string[])[]> {
  const emitted: string[][] = Array.from({ length: CALLS }, () => []);
  for (const move of moves) {
    switch (move.type) {
      case 'emit': {
        const key = `${move.call}-${emitted[move.call]!.length}`;
        emitted[move.call]!.push(key);
        // Not waited for: a kill may come before it is sent, never before it is written.
        await world.emit({ orderingKey: `call-${move.call}`, idempotencyKey: key });
        break;
      }
      case 'pass':
        await world.advance(move.ms);
        break;
      case 'doom':
        world.doom = move.at;
        break;
      case 'kill':
        await world.kill();
        await world.start();
        break;
      case 'stop': {
        const stopped = world.desk.stop(SECOND);
        await world.advance(SECOND);
        // A process that dies while it stops is not heard of again.
        if (world.isAlive) await stopped;
        await world.kill();
        await world.start();
        break;
      }
      case 'resume':
        await resume(world);
        break;
      case 'redeliver': {
        const [newest] = await world.log();
        if (newest?.status === 'pending')
          await world.stores.deliveries.redeliver(PROJECT_ID, newest.id, world.clock.now());
        break;
      }
      default:
        move satisfies never;
    }
    if (!world.isAlive) await world.start();
  }
  world.doom = null;
  world.answer = () => OK;
  await resume(world);
  await world.advance(30 * HOUR);
  return emitted;
}

describe('whatever receivers answer and whenever the process dies', () => {
  test('every event arrives, in order for each call, and the log agrees with the receiver', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyMove, { minLength: 1, maxLength: 60 }),
        fc.array(anyReply, { minLength: 1, maxLength: 30 }),
        async (moves, replies) => {
          const world = await EventWorld.open(
            URLS.map((url, n) => webhook({ id: `w${n}`, url, secretKey: `secret of ${n}` })),
          );
          let asked = 0;
          world.answer = () => replies[asked++ % replies.length]!;
          const emitted = await play(world, moves);
          expect(world.faults).toEqual([]);
          const log = await world.log();
          expect(log).toHaveLength(emitted.flat().length * URLS.length);
          for (const [n, url] of URLS.entries()) {
            const arrivals = world.arrivals.filter((each) => each.url === url);
            checkOrder(
              emitted,
              arrivals.map(({ key }) => key),
            );
            for (const delivery of log.filter(({ webhookId }) => webhookId === `w${n}`)) {
              expect(delivery.status).toBe('delivered');
              const came = arrivals.filter(({ key }) => key === delivery.idempotencyKey);
              const known = came.filter(({ cutOff }) => !cutOff);
              expect(delivery.attemptLog.map(({ at, status }) => ({ at, status }))).toEqual(
                known.map(({ at, reply: { status } }) => ({ at, status })),
              );
              expect(delivery.attempts).toBe(known.length);
              // It was taken once, and only what was cut off may have come again after that.
              const taken = known.filter(({ reply }) => reply.status === 200 && reply.error === undefined);
              expect(taken).toHaveLength(1);
              expect(came.at(-1)).toBe(taken[0]);
            }
          }
        },
      ),
      { numRuns: RUNS },
    );
  }, 120_000);
});

/** Nothing of a call arrives before what was emitted before it has been taken; until then that may come several times. */
function checkOrder(emitted: readonly (readonly string[])[], keys: readonly string[]): void {
  for (const [call, wanted] of emitted.entries()) {
    const came = keys.filter((key) => key.startsWith(`${call}-`));
    expect(came.filter((key, n) => key !== came[n - 1])).toEqual(wanted);
  }
}
