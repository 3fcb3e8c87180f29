import fc from 'fast-check';
import type { Pair, RequestAnswer } from '../../../src/simulator/index.ts';
import { dialRequest, type PermissionWorld, pair, refOf, TEMPLATE } from '../permission-world.ts';
import { asClient } from '../scripted-permission-graph.ts';
import { type Fate, GOES_WELL, type Reading } from './meta-side.ts';
import type { Journey } from './post-office.ts';

/** One thing that happens. `number` and `user` are places in the lists. */
export type Move = { readonly number: number; readonly user: number } & (
  | { readonly type: 'dial'; readonly how: 'require' | 'ask' | 'ask_by_template'; readonly times: number }
  /** Dialled, and the phone does so after some seconds. */
  | { readonly type: 'call'; readonly then: 'pick_up' | 'reject' | 'ring' }
  /** Dialled with a question, which is answered after some seconds. */
  | { readonly type: 'ask'; readonly answer: RequestAnswer }
  | { readonly type: 'scheduled'; readonly inMs: number }
  | { readonly type: 'client_connects' | 'client_reads' | 'user_writes' | 'user_calls' | 'cancel' }
  | { readonly type: 'client_asks'; readonly template: boolean }
  | { readonly type: 'answer'; readonly answer: RequestAnswer; readonly back: number }
  | { readonly type: 'grant'; readonly kind: 'temporary' | 'permanent' }
  | { readonly type: 'revoke'; readonly told: boolean }
  | { readonly type: 'phone'; readonly does: 'pick_up' | 'reject' | 'hang_up' | 'pick_up_and_talk' }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'restart'; readonly how: 'kill' | 'stop' }
  | { readonly type: 'reading'; readonly now: Reading }
  | { readonly type: 'restrict'; readonly forMs: number }
);

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Between two things that users do; webhooks tell no less than a second. */
const BREATH_MS = 1_250;

/** Often the same people, because limits are of one number and one user. */
const who = { number: fc.constantFrom(0, 0, 0, 1), user: fc.constantFrom(0, 0, 0, 1, 1, 2) };
const of = <T extends Move['type']>(type: T) => fc.constant(type);

const call = fc.record({ type: of('call'), then: fc.constantFrom('pick_up', 'pick_up', 'reject', 'ring'), ...who });

const ask = fc.record({
  type: of('ask'),
  answer: fc.constantFrom('accept', 'accept_always', 'reject', 'reject'),
  ...who,
});

const somewhere = [
  [4, ask],
  [16, call],
  [
    8,
    fc.record({
      type: of('dial'),
      how: fc.constantFrom('require', 'ask', 'ask_by_template'),
      times: fc.constantFrom(1, 1, 2, 3),
      ...who,
    }),
  ],
  [1, fc.record({ type: of('scheduled'), inMs: fc.constantFrom(MINUTE, 3 * HOUR, 2 * DAY), ...who })],
  [2, fc.record({ type: of('client_connects'), ...who })],
  [1, fc.record({ type: of('client_reads'), ...who })],
  [3, fc.record({ type: of('client_asks'), template: fc.boolean(), ...who })],
  [
    5,
    fc.record({
      type: of('answer'),
      answer: fc.constantFrom('accept', 'accept', 'accept_always', 'reject'),
      back: fc.constantFrom(0, 0, 1),
      ...who,
    }),
  ],
  [4, fc.record({ type: of('grant'), kind: fc.constantFrom('temporary', 'permanent'), ...who })],
  [1, fc.record({ type: of('revoke'), told: fc.boolean(), ...who })],
  [2, fc.record({ type: of('user_writes'), ...who })],
  [3, fc.record({ type: of('user_calls'), ...who })],
  [
    9,
    fc.record({ type: of('phone'), does: fc.constantFrom('pick_up', 'pick_up_and_talk', 'reject', 'hang_up'), ...who }),
  ],
  [1, fc.record({ type: of('cancel'), ...who })],
  [
    6,
    fc.record({
      type: of('wait'),
      ms: fc.constantFrom(10 * SECOND, MINUTE, MINUTE, MINUTE, HOUR, 3 * HOUR, DAY, 25 * HOUR, 8 * DAY),
      ...who,
    }),
  ],
  [1, fc.record({ type: of('restart'), how: fc.constantFrom('kill', 'stop'), ...who })],
  [1, fc.record({ type: of('reading'), now: fc.constantFrom('works', 'too_many', 'no_answer'), ...who })],
  [1, fc.record({ type: of('restrict'), forMs: fc.constant(7 * DAY), ...who })],
] as const;

/** Any moves, after a few that most stories begin with. */
export const moves: fc.Arbitrary<Move[]> = fc
  .tuple(
    fc.array(fc.record({ type: of('grant'), kind: fc.constantFrom('temporary', 'permanent'), ...who }), {
      maxLength: 3,
    }),
    fc.array(
      fc.oneof(...somewhere.map(([weight, arbitrary]) => ({ weight, arbitrary: arbitrary as fc.Arbitrary<Move> }))),
      { minLength: 5, maxLength: 40, size: 'max' },
    ),
  )
  .map(([grants, others]) => [...grants, ...others]);

export const journeys: fc.Arbitrary<Journey[]> = fc.array(
  fc.record({
    delayMs: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 20, max: 900 }) },
      { weight: 2, arbitrary: fc.integer({ min: 1_000, max: 40_000 }) },
      { weight: 1, arbitrary: fc.constantFrom(10 * MINUTE, 5 * HOUR) },
    ),
    copies: fc.constantFrom(1, 1, 1, 2, 3),
  }),
  { maxLength: 12 },
);

export const fates: fc.Arbitrary<Fate[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(GOES_WELL) },
    { weight: 1, arbitrary: fc.constant({ answerMs: 4_000, lost: false, reaches: true }) },
    {
      weight: 1,
      arbitrary: fc.record({ answerMs: fc.constant(5_000), lost: fc.constant(true), reaches: fc.boolean() }),
    },
  ),
  { maxLength: 8 },
);

export async function perform(world: PermissionWorld, move: Move): Promise<void> {
  const them = pair(move.number, move.user);
  await act(world, them, move);
  await world.advance(BREATH_MS);
}

async function act(world: PermissionWorld, them: Pair, move: Move): Promise<void> {
  const { meta, bridge } = world;
  const { phoneNumberId, user } = them;
  const { desk, clients } = bridge.dials;
  switch (move.type) {
    case 'dial': {
      const mode = move.how === 'require' ? 'require' : 'ask';
      const permission = { mode, template: move.how === 'ask_by_template' ? TEMPLATE : null } as const;
      const dials = Array.from({ length: move.times }, () => desk.dial(dialRequest(them, { permission })));
      await world.finish(Promise.all(dials));
      return;
    }
    case 'call': {
      await world.finish(desk.dial(dialRequest(them)));
      await world.advance(3 * SECOND);
      if (move.then !== 'ring') usePhone(world, them, move.then);
      return;
    }
    case 'ask': {
      const permission = { mode: 'ask', template: TEMPLATE } as const;
      await world.finish(desk.dial(dialRequest(them, { permission })));
      await world.advance(3 * SECOND);
      meta.users.answer(them, move.answer);
      return;
    }
    case 'scheduled': {
      const notBefore = world.clock.now() + move.inMs;
      await world.finish(desk.dial(dialRequest(them, { notBefore })));
      return;
    }
    case 'client_connects':
      await world.finish(clients.connect(phoneNumberId, refOf(user), asClient(clientConnect(user))));
      return;
    case 'client_reads':
      await world.finish(clients.permissions(phoneNumberId, refOf(user)));
      return;
    case 'client_asks': {
      // What another template holds is known to Meta alone.
      const content =
        move.template && world.rules.requestTemplate !== null
          ? { type: 'template', template: { name: TEMPLATE.name } }
          : { type: 'interactive', interactive: { type: 'call_permission_request' } };
      await world.finish(clients.send(phoneNumberId, asClient({ ...addressOf(user), ...content })));
      return;
    }
    case 'answer':
      meta.users.answer(them, move.answer, move.back);
      return;
    case 'grant':
      return meta.users.grant(them, move.kind);
    case 'revoke':
      return meta.users.revoke(them, move.told);
    case 'user_writes':
      return meta.users.write(them);
    case 'user_calls':
      meta.calls.userCalls(them);
      return;
    case 'phone':
      return usePhone(world, them, move.does);
    case 'cancel':
      for (const { order } of await world.database.permissions.waitingFor(phoneNumberId, refOf(user))) {
        await world.finish(desk.cancel(order.id));
      }
      for (const [callId] of meta.calls.liveOf(them)) {
        const key = await world.database.calls.keyOf(callId);
        if (key !== null) bridge.runtime.hangUp(key);
      }
      return;
    case 'wait':
      return await world.advance(move.ms);
    case 'restart':
      return await world.restart(move.how);
    case 'reading':
      meta.reading = move.now;
      world.referee.readable(move.now === 'works');
      return;
    case 'restrict':
      return meta.users.restrict(them, world.clock.now() + move.forMs);
    default:
      move satisfies never;
  }
}

function usePhone({ meta, clock }: PermissionWorld, them: Pair, does: Extract<Move, { type: 'phone' }>['does']): void {
  for (const [callId, { pickedUpAt, webhook }] of meta.calls.liveOf(them)) {
    const canPickUp = webhook.direction === 'outbound' && pickedUpAt === null;
    switch (does) {
      case 'hang_up':
        meta.calls.hangUp(callId);
        break;
      case 'reject':
        meta.calls.reject(callId);
        break;
      case 'pick_up':
      case 'pick_up_and_talk':
        if (canPickUp) meta.calls.pickUp(callId);
        if (canPickUp && does === 'pick_up') clock.at(clock.now() + 30_000, () => meta.calls.hangUp(callId));
        break;
      default:
        does satisfies never;
    }
  }
}

/** Many clients say the same with all of their calls. */
function clientConnect(user: string): object {
  return { ...addressOf(user), action: 'connect', biz_opaque_callback_data: 'campaign 7' };
}

function addressOf(user: string): object {
  const { waId, userId } = refOf(user);
  return waId === null ? { recipient: userId } : { to: waId };
}
