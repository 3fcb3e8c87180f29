import { describe, expect, test } from 'vitest';
import type { CallPolicy, Input } from '../../../src/call/index.ts';
import {
  agentFailed,
  agentHangup,
  agentReady,
  chainPolicy,
  closed,
  mediaConnected,
  mediaFailed,
  ok,
  patientPolicy,
  policy,
  promptPolicy,
  T0,
  TestCall,
  terminate,
} from '../../support/call.ts';
import { dialClosingRows, farewellsOf } from '../../support/closing-table.ts';
import {
  answer,
  type Dialled,
  dialIdentity,
  dialled,
  followed,
  notPlaced,
  placed,
  status,
} from '../../support/dial-call.ts';

const AT = T0 + 1_000;
const failed = { status: 'FAILED' } as const;
const apiHangup: Input = { type: 'api.hangup', at: AT };
const drained: Input = { type: 'service.drained', at: AT };
const restarted: Input = { type: 'service.restarted', answered: false, launched: false, at: AT };
const accepted = status(AT, 'ACCEPTED');
const promptDone: Input = { type: 'media.prompt_done', prompt: 'sorry.ogg', played: true, at: AT + 2_000 };
const broken = [mediaFailed(AT, 'ice_failed'), closed(AT)];
const chain = chainPolicy(['raw', 'raw']);
const promptOnly = promptPolicy({ agents: [] });
const prompted = [answer(AT), mediaConnected(AT), accepted, promptDone];

type Walk = () => TestCall;

const fedWith = (rules: CallPolicy, phase: Dialled, ...inputs: readonly Input[]): Walk[] => [
  () => {
    const call = dialled(phase, rules);
    call.feed(...inputs);
    return call;
  },
];
const fed = (phase: Dialled, ...inputs: readonly Input[]) => fedWith(policy(), phase, ...inputs);
/** Woken once after `before`, and then fed `after`. */
const woken = (
  rules: CallPolicy,
  phase: Dialled,
  before: readonly Input[] = [],
  after: readonly Input[] = [],
): Walk[] => [
  () => {
    const call = dialled(phase, rules);
    call.feed(...before);
    call.wake();
    call.feed(...after);
    return call;
  },
];
const begun = (...inputs: readonly Input[]): Walk[] => [
  () => {
    const call = new TestCall(policy(), dialIdentity());
    call.feed(...inputs);
    return call;
  },
];
const followedAnd = (...inputs: readonly Input[]): Walk[] => [
  () => {
    const call = followed();
    call.feed(...inputs);
    return call;
  },
];
const followedUntil = (maxDurationMs: number | null, ...inputs: readonly Input[]): Walk[] => [
  () => {
    const call = followed(policy({ agents: [], maxDurationMs }));
    call.feed(...inputs);
    call.wake();
    return call;
  },
];
/** Walks that come to an end with no name: the leg is closed, and the watch over. */
const neverNamed = (...walks: readonly Walk[]): Walk[] =>
  walks.map((walk) => () => {
    const call = walk();
    call.feed(closed(AT + 100));
    call.wake();
    return call;
  });

/** How each row of the document comes about; several where its trigger names several. */
const CASES: Readonly<Record<string, readonly Walk[]>> = {
  'dial-no-agent': [
    ...fedWith(policy({ agents: [] }), 'offering'),
    ...fedWith(chainPolicy(['runtime', 'runtime']), 'offering'),
  ],
  'dial-leg-failed-1': broken.flatMap((input) => fed('offering', input)),
  'dial-offer-late': woken(policy(), 'offering'),
  'dial-cancelled-1': fed('offering', apiHangup),
  'dial-cancelled-2': [...fed('placing', apiHangup), ...fed('unsure', apiHangup)],
  'dial-cancelled-3': [
    ...fed('placing', apiHangup, notPlaced(AT + 10, 'refused')),
    ...neverNamed(
      ...fed('placing', apiHangup),
      ...fed('placing', apiHangup, notPlaced(AT + 10, 'unknown')),
      ...fed('unsure', apiHangup),
    ),
  ],
  'dial-drained-1': fed('placing', drained),
  'dial-leg-failed-2': (['placing', 'unsure'] as const).flatMap((phase) =>
    broken.flatMap((input) => fed(phase, input)),
  ),
  'dial-refused': fed('placing', notPlaced(AT, 'refused')),
  'dial-unknown': [
    ...woken(policy(), 'unsure'),
    () => {
      const call = dialled('placing');
      call.wake();
      call.wake();
      return call;
    },
  ],
  'dial-unknown-late': [...woken(policy(), 'unsure'), ...woken(policy(), 'unsure', [], [closed(T0 + 130_000)])],
  'dial-restarted-1': begun(restarted),
  'dial-restarted-2': [
    () => {
      const call = new TestCall(policy(), dialIdentity());
      call.feed(restarted);
      call.wake();
      return call;
    },
  ],

  'dial-declined': (['ringing', 'ready'] as const).flatMap((phase) => fed(phase, status(AT, 'REJECTED'))),
  'dial-unanswered': (['ringing', 'ready'] as const).flatMap((phase) => fed(phase, terminate(AT))),
  'dial-rang-out': [...woken(policy(), 'ready'), ...woken(patientPolicy(), 'ringing')],
  'dial-meta-failed': fed('ready', terminate(AT, failed)),
  'dial-overtaken': fed('ready', terminate(AT, { startTime: AT - 500 })),
  'dial-overtaken-failed': fed('ready', terminate(AT, { ...failed, startTime: AT - 500 })),
  'dial-cancelled-4': (['ringing', 'ready'] as const).flatMap((phase) => fed(phase, apiHangup)),
  'dial-drained-2': fed('ready', drained),
  'dial-leg-failed-3': [
    ...broken.flatMap((input) => fed('ready', input)),
    ...fed('ringing', answer(AT), mediaFailed(AT + 5, 'bad_offer')),
  ],
  'dial-thread-died': fed('ready', mediaFailed(AT, 'thread_died')),
  'dial-agent-failed': [...fed('ringing', agentFailed(AT)), ...woken(policy(), 'ringing')],
  'dial-chain-failed': fedWith(chain, 'ringing', agentFailed(AT), agentFailed(AT + 50, 'circuit_open', 1)),
  'dial-agent-failed-prompt': fedWith(promptPolicy(), 'ringing', agentFailed(T0 + 300), ...prompted),
  'dial-agent-late-prompt': woken(promptPolicy(), 'ringing', [], prompted),
  'dial-prompt': fedWith(promptOnly, 'ringing', ...prompted),
  'dial-agent-declined': fed('ready', agentHangup(AT, true)),

  'dial-media-timeout': woken(policy(), 'answering'),
  'dial-media-lost': broken.flatMap((input) => fed('answering', input)),
  'dial-agent-lost': [
    ...fed('answering', agentFailed(AT)),
    ...woken(policy(), 'ringing', [answer(T0 + 300), mediaConnected(T0 + 400), accepted]),
  ],
  'dial-agent-hangup': fed('answering', agentHangup(AT, true)),
  'dial-api-hangup': fed('answering', apiHangup),
  'dial-drained-3': fed('answering', drained),
  'dial-user-hangup': fed('answering', terminate(AT)),

  'dial-followed-hangup': [
    ...followedAnd(accepted, terminate(AT + 50)),
    ...followedAnd(terminate(AT, { startTime: T0 + 500 })),
  ],
  'dial-followed-declined': followedAnd(status(AT, 'REJECTED')),
  'dial-followed-unanswered': followedAnd(status(AT, 'RINGING'), terminate(AT + 50)),
  'dial-followed-never-up': followedAnd(terminate(AT, failed)),
  'dial-followed-meta-failed': [
    ...followedAnd(accepted, terminate(AT + 50, failed)),
    ...followedAnd(terminate(AT, { ...failed, startTime: T0 + 500 })),
  ],
  'dial-followed-cancelled': followedAnd(apiHangup),
  'dial-followed-api-hangup': followedAnd(accepted, apiHangup),
  'dial-followed-max-duration': followedUntil(60_000, accepted),
  'dial-followed-forgotten': followedUntil(null, accepted),
  'dial-followed-silent': [...followedUntil(null), ...followedUntil(60_000)],
};

const rows = dialClosingRows();

describe('docs/closing.md is what the machine does with a call that we place', () => {
  test('it has exactly the rows that are walked here', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(CASES).sort());
  });

  test.each(rows)('$name', ({ name, graph, media, agent, record }) => {
    for (const reach of CASES[name] ?? []) {
      const call = reach();
      if (graph.includes('once Meta has named it')) {
        expect(call.count('graph.terminate')).toBe(0);
        call.feed(placed(AT + 10));
      }
      if (media.includes('not waited for')) {
        call.feed(ok(AT + 20, 'terminate'));
        expect(call.isOver).toBe(true);
      }
      call.confirm(AT + 5_000).feed(agentReady(AT + 5_001));

      expect(call.isOver).toBe(true);
      expect(call.ended).toBe(record);
      const told = call.actions.filter((type) => type === 'graph.reject' || type === 'graph.terminate');
      expect(told).toEqual(farewellsOf(graph).map((action) => `graph.${action}`));
      expect(call.count('media.offer')).toBe(media === 'never opened' ? 0 : 1);
      expect(call.count('media.close')).toBe(media === 'never opened' ? 0 : 1);
      expect(call.count('media.play')).toBe(media.includes('the prompt') ? 1 : 0);
      expect(call.count('agent.connect')).toBe(dialledIn(agent));
      expect(call.count('agent.close')).toBe(agent.startsWith('let go') ? 1 : 0);
      expect(call.record.status).toBe(/^(failed|dropped)/.test(record) ? 'failed' : 'completed');
    }
  });
});

/** How many agents are dialled in a row's walk, of its `agent` cell. */
function dialledIn(agent: string): number {
  if (agent === 'never dialled') return 0;
  return agent.startsWith('one after the other') ? 2 : 1;
}
