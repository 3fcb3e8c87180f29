import fc from 'fast-check';
import type { AgentChoice, CallPolicy, Input, OnAgentLost } from '../../src/call/index.ts';
import {
  agentFailed,
  agentHangup,
  agentLaunched,
  agentReady,
  agentReconnecting,
  agentSpoke,
  agentTarget,
  announce,
  announced,
  choice,
  closed,
  connect,
  mediaConnected,
  mediaFailed,
  no,
  ok,
  opened,
  policy,
  runtimeAgent,
  terminate,
  terminateAfter,
  transfer,
  whenLost,
} from './call.ts';
import { dial, follow, named, notPlaced, placed, status } from './dial-call.ts';

/** An input without its time, made for the seat that was dialled last; or the timer at whatever deadline the call asked for. */
export type Move =
  | { readonly kind: 'input'; readonly make: (at: number, seat: number) => Input }
  | { readonly kind: 'wake' };

export const input = (make: (at: number, seat: number) => Input): Move => ({ kind: 'input', make });

const actions = ['pre_accept', 'accept', 'reject', 'terminate'] as const;
const refusals = ['refused', 'gone', 'unknown'] as const;
const mediaCodes = ['bad_offer', 'ice_failed', 'dtls_failed', 'media_lost', 'thread_died', 'internal'] as const;

const ready = input((at, seat) => agentReady(at, seat));
const lost = input((at, seat) => agentFailed(at, 'socket_lost', seat));
const launched = input((at, seat) => agentLaunched(at, seat));
const ring = input((at) => connect(at));
const preAccepted = input((at) => ok(at, 'pre_accept'));
const accepted = input((at) => ok(at, 'accept'));
const transferred = input((at) => transfer(at));
const prompted = input((at) => announce(at));
const leg = [input(opened), preAccepted, input(mediaConnected)];

const GOOD: readonly Move[] = [ring, ...leg, ready, accepted];
const CLIMBS: readonly (readonly Move[])[] = [
  GOOD,
  [...GOOD, lost, ready, lost, ready],
  [...GOOD, transferred, ready],
  [...GOOD, prompted, transferred, lost],
  [ring, launched],
  [ring, lost, ...leg, ready, accepted],
  [ring, lost, lost, ...leg, ready, accepted],
];

/** What the agent says whose turn it is, and what those before and behind it say. */
const OF_AGENTS: readonly Move[] = [
  (at: number, seat: number) => agentReady(at, seat),
  (at: number, seat: number) => agentFailed(at, 'connect_refused', seat),
  (at: number, seat: number) => agentReconnecting(at, seat),
  (at: number, seat: number) => agentHangup(at, true, null, seat),
  (at: number, seat: number) => agentHangup(at, false, 'bye', seat),
  (at: number, seat: number) => agentSpoke(at, seat),
  (at: number, seat: number) => agentLaunched(at, seat),
].flatMap((make) => [0, -1, 1].map((off) => input((at, seat) => make(at, seat + off))));

/** What is no part of an inbound call that goes well. */
const OTHERWISE: readonly Move[] = [
  ...OF_AGENTS,
  input((at) => connect(at, { timestamp: at - 60_000 })),
  input((at) => connect(at, { sdpType: 'answer' })),
  input((at) => terminate(at)),
  input((at) => terminate(at, { status: 'FAILED', errors: [{ code: 138021, title: null, details: null }] })),
  input((at) => terminateAfter(at, 3)),
  ...(['RINGING', 'ACCEPTED', 'REJECTED'] as const).map((word) => input((at) => status(at, word))),
  input(dial),
  input((at) => follow(at)),
  input((at) => placed(at)),
  input((at) => named(at)),
  input((at) => named(at, 'wacid.another')),
  ...refusals.map((kind) => input((at) => notPlaced(at, kind))),
  input((at) => ({ type: 'api.hangup', at })),
  transferred,
  prompted,
  input((at) => announce(at, 'p-2', true)),
  input((at) => announced(at)),
  input((at) => announced(at, 'p-2', false)),
  input((at) => ({ type: 'service.refused', why: 'at_capacity', at })),
  input((at) => ({ type: 'service.drained', at })),
  input((at) => ({ type: 'service.restarted', answered: at % 2 === 0, launched: at % 3 === 0, at })),
  ...mediaCodes.map((code) => input((at) => mediaFailed(at, code))),
  input((at) => ({ type: 'media.heard', at })),
  input((at) => ({ type: 'media.silent', silentMs: 20_000, at })),
  input((at) => ({ type: 'media.prompt_done', prompt: 'sorry.ogg', played: true, at })),
  input((at) => ({ type: 'media.drained', at })),
  input((at) => ({ type: 'media.dtmf', digit: '1', durationMs: 100, at })),
  input((at) => closed(at)),
  input((at) => closed(at, null)),
  ...actions.map((action) => input((at) => ok(at, action))),
  ...actions.flatMap((action) => refusals.map((kind) => input((at) => no(at, action, kind)))),
  input((at) => ({ type: 'nobody.knows', at }) as unknown as Input),
  input((at) => ({ type: 'timer', at })),
  { kind: 'wake' },
];

/** Everything that can happen to a call, whether it makes sense or not. */
export const ANYTHING: readonly Move[] = [...GOOD, ...OTHERWISE];

/** What a whole call consists of: the way up, one or two ways to end, the confirmations, in any order. */
export function wholeCallOf(climbs: readonly (readonly Move[])[]): fc.Arbitrary<Move[]> {
  return fc
    .record({
      climb: fc.constantFrom(...climbs),
      ends: fc.subarray([...OTHERWISE], { minLength: 1, maxLength: 3 }),
      wakes: fc.array(fc.constant<Move>({ kind: 'wake' }), { maxLength: 3 }),
      copies: fc.subarray([...climbs[0]!]),
    })
    .chain(({ climb, ends, wakes, copies }) => {
      const confirmations = [
        input((at) => ok(at, 'reject')),
        input((at) => ok(at, 'terminate')),
        input((at) => closed(at)),
      ];
      const moves: Move[] = [...climb, ...ends, ...wakes, ...copies, ...confirmations];
      return fc.shuffledSubarray(moves, { minLength: 1, maxLength: moves.length });
    });
}

/** The way up in its own order as far as it goes, so that late phases are reached often, and then anything. */
export function climbThenAnythingOf(climbs: readonly (readonly Move[])[]): fc.Arbitrary<Move[]> {
  const height = Math.max(...climbs.map((climb) => climb.length));
  return fc
    .tuple(fc.constantFrom(...climbs), fc.nat(height), fc.array(fc.constantFrom(...ANYTHING), { maxLength: 25 }))
    .map(([climb, reached, rest]) => [...climb.slice(0, reached), ...rest]);
}

export const wholeCall = wholeCallOf(CLIMBS);
export const climbThenAnything = climbThenAnythingOf(CLIMBS);

const anyChoice: fc.Arbitrary<AgentChoice> = fc
  .record({
    // Ours come first more often: a runtime's call has little to it.
    wire: fc.constantFrom('raw', 'raw', 'runtime'),
    connectTimeoutMs: fc.constantFrom(300, 5_000),
    afterLoss: fc.constantFrom<OnAgentLost['then']>(
      { action: 'next' },
      { action: 'next' },
      { action: 'prompt', prompt: 'sorry.ogg' },
      { action: 'end' },
    ),
  })
  .map(({ wire, connectTimeoutMs, afterLoss }) =>
    choice(
      wire === 'raw' ? agentTarget({ connectTimeoutMs }) : runtimeAgent({ connectTimeoutMs }),
      whenLost(afterLoss),
    ),
  );

/** Chains of up to three agents, bridged and not. */
export const anyPolicy: fc.Arbitrary<CallPolicy> = fc
  .record({
    agents: fc.array(anyChoice, { maxLength: 3 }),
    onAgentUnavailable: fc.constantFrom<CallPolicy['onAgentUnavailable']>(
      { action: 'reject' },
      { action: 'prompt', prompt: 'sorry.ogg' },
    ),
    maxDurationMs: fc.constantFrom(null, 5_000),
    agentTimeoutMs: fc.constantFrom(1_000, 30_000),
    recoveryTimeoutMs: fc.constantFrom(500, 20_000),
    ringTimeoutMs: fc.constantFrom(2_000, 45_000),
    answeredBy: fc.constantFrom<CallPolicy['answeredBy']>('accepted', 'accepted_or_media'),
    connectWatchMs: fc.constantFrom(2_000, 120_000),
  })
  .map((rules) => policy(rules));
