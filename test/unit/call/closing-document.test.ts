import { describe, expect, test } from 'vitest';
import type { CallPolicy } from '../../../src/call/index.ts';
import {
  agentFailed,
  agentHangup,
  agentLaunched,
  agentReady,
  agentReconnecting,
  agentTarget,
  chainPolicy,
  choice,
  closed,
  connect,
  identity,
  mediaConnected,
  mediaFailed,
  no,
  ok,
  opened,
  patientPolicy,
  policy,
  promptPolicy,
  type Reached,
  T0,
  TestCall,
  terminate,
  terminateAfter,
  whenLost,
} from '../../support/call.ts';
import { closingRows, farewellsOf } from '../../support/closing-table.ts';

const AT = T0 + 1_000;
const failed = { status: 'FAILED' } as const;
const apiHangup = { type: 'api.hangup', at: AT } as const;
const drained = { type: 'service.drained', at: AT } as const;
const silent = { type: 'media.silent', silentMs: 20_000, at: AT } as const;
const promptDone = { type: 'media.prompt_done', prompt: 'sorry.ogg', played: true, at: AT + 2_000 } as const;
const patient = patientPolicy();
const chain = chainPolicy(['raw', 'raw']);
const runtime = chainPolicy(['runtime']);
const runtimes = chainPolicy(['runtime', 'runtime']);
const ending = policy({ agents: [choice(agentTarget(), whenLost({ action: 'end' }))] });
const excusing = policy({ agents: [choice(agentTarget(), whenLost({ action: 'prompt', prompt: 'sorry.ogg' }))] });
const launched = [connect(T0), agentLaunched(T0 + 300)];
const promptOnly = promptPolicy({ agents: [] });

const fedWith = (rules: CallPolicy, phase: Reached, ...inputs: Parameters<TestCall['feed']>): (() => TestCall)[] => [
  () => {
    const call = TestCall.in(phase, rules);
    call.feed(...inputs);
    return call;
  },
];
const fed = (phase: Reached, ...inputs: Parameters<TestCall['feed']>) => fedWith(policy(), phase, ...inputs);
/** Woken once more after `inputs`. */
const wokenAfter = (rules: CallPolicy, phase: Reached, ...inputs: Parameters<TestCall['feed']>) => [
  () => {
    const call = TestCall.in(phase, rules);
    call.feed(...inputs);
    call.wake();
    return call;
  },
];
const woken = (phase: Reached, rules = policy()) => wokenAfter(rules, phase);
const begun = (rules: CallPolicy, ...inputs: Parameters<TestCall['feed']>) => fedWith(rules, 'new', ...inputs);

/** How each row of the document comes about; several where its trigger names several. */
const CASES: Readonly<Record<string, readonly (() => TestCall)[]>> = {
  stale: fed('new', connect(AT, { timestamp: AT - 46_000 })),
  'no-agent': begun(policy({ agents: [] }), connect(AT)),
  'at-capacity': fed('new', { type: 'service.refused', why: 'at_capacity', at: AT }, connect(AT)),
  'refused-draining': fed('new', { type: 'service.refused', why: 'draining', at: AT }, connect(AT)),
  'number-busy': fed('new', { type: 'service.refused', why: 'number_busy', at: AT }, connect(AT)),
  'outside-hours': fed('new', { type: 'service.refused', why: 'outside_hours', at: AT }, connect(AT)),
  'caller-denied': fed('new', { type: 'service.refused', why: 'caller_denied', at: AT }, connect(AT)),
  'not-an-offer': fed('new', connect(AT, { sdpType: 'answer' })),
  'foreign-answer': [
    () => {
      const call = new TestCall(policy(), identity({ direction: 'outbound' }));
      call.feed(connect(AT, { sdpType: 'answer' }));
      return call;
    },
  ],
  'terminated-first': fed('new', terminate(AT), connect(AT)),
  'restarted-ringing': fed('new', { type: 'service.restarted', answered: false, launched: false, at: AT }),
  'restarted-talking': fed('new', { type: 'service.restarted', answered: true, launched: false, at: AT }),

  'gave-up': (['offered', 'pre-accepting', 'waiting', 'accepting'] as const).flatMap((at) => fed(at, terminate(AT))),
  'meta-failed-early': fed('waiting', terminate(AT, failed)),
  overtaken: fed('accepting', terminate(AT, { startTime: AT - 500 })),
  'bad-offer': fed('offered', mediaFailed(AT, 'bad_offer')),
  'leg-failed-1': [...fed('offered', mediaFailed(AT, 'no_port')), ...fed('pre-accepting', closed(AT))],
  'leg-failed-2': [...fed('waiting', mediaFailed(AT, 'ice_failed')), ...fed('waiting', closed(AT))],
  'media-timeout-1': [...woken('offered', patient), ...woken('pre-accepting', patient)],
  'media-timeout-2': woken('waiting', patient),
  'thread-died-early': fed('waiting', mediaFailed(AT, 'thread_died')),
  'pre-accept-refused': fed('pre-accepting', no(AT, 'pre_accept', 'refused')),
  'pre-accept-gone': fed('pre-accepting', no(AT, 'pre_accept', 'gone')),
  'pre-accept-unknown': fed('pre-accepting', no(AT, 'pre_accept', 'unknown')),
  'accept-refused': fed('accepting', no(AT, 'accept', 'refused')),
  'accept-gone': fed('accepting', no(AT, 'accept', 'gone')),
  'accept-unknown': fed('accepting', no(AT, 'accept', 'unknown')),
  'agent-failed-1': [...fed('offered', agentFailed(AT)), ...woken('pre-accepting')],
  'agent-failed-2': [...fed('waiting', agentFailed(AT)), ...woken('waiting')],
  'chain-failed': fedWith(chain, 'waiting', agentFailed(AT), agentFailed(AT + 50, 'circuit_open', 1)),
  'agent-late-prompt': [
    () => {
      const call = TestCall.in('waiting', promptPolicy());
      call.feed(mediaConnected(AT));
      call.wake();
      call.feed(ok(AT, 'accept'), promptDone);
      return call;
    },
  ],
  'agent-failed-prompt': begun(
    promptPolicy(),
    connect(T0),
    opened(T0),
    agentFailed(T0),
    ok(T0, 'pre_accept'),
    mediaConnected(T0),
    ok(AT, 'accept'),
    promptDone,
  ),
  'agent-declined': fed('waiting', agentHangup(AT, true)),
  'api-rejected-1': [...fed('offered', apiHangup), ...fed('pre-accepting', apiHangup)],
  'api-rejected-2': fed('waiting', apiHangup),
  'api-rejected-3': fed('accepting', apiHangup),
  'drained-early': fed('waiting', drained),
  'reject-refused': fed('pre-accepting', apiHangup, no(AT, 'reject', 'refused'), ok(AT, 'pre_accept')),

  'user-hangup': fed('connected', terminate(AT)),
  'meta-failed': fed('connected', terminate(AT, failed)),
  'agent-hangup': fed('connected', agentHangup(AT, false)),
  'agent-drained': fed('draining', { type: 'media.drained', at: AT }),
  'drain-timeout': woken('draining'),
  'leg-broke-in-drain': [mediaFailed(AT, 'media_lost'), closed(AT), silent].flatMap((input) => fed('draining', input)),
  'user-hangup-in-drain': fed('draining', terminate(AT)),
  'agent-lost': [
    ...fed('connected', agentFailed(AT)),
    ...fedWith(ending, 'connected', agentFailed(AT)),
    ...wokenAfter(policy(), 'connected', agentReconnecting(AT)),
  ],
  'agent-lost-prompt': [
    ...[true, false].flatMap((played) =>
      fedWith(promptPolicy(), 'connected', agentFailed(AT), { ...promptDone, played }),
    ),
    ...fedWith(excusing, 'connected', agentFailed(AT), promptDone),
    ...wokenAfter(promptPolicy(), 'connected', agentFailed(AT)),
  ],
  'agent-not-back-prompt': [
    () => {
      const call = TestCall.in('connected', promptPolicy());
      call.feed(agentReconnecting(AT));
      call.wake();
      call.feed({ ...promptDone, at: AT + 25_000 });
      return call;
    },
  ],
  'chain-lost': [
    ...fedWith(chain, 'connected', agentFailed(AT), agentFailed(AT + 50, 'connect_refused', 1)),
    ...wokenAfter(chain, 'connected', agentFailed(AT)),
    ...fedWith(chain, 'connected', agentFailed(AT), agentReady(AT + 50, 1), agentFailed(AT + 90, 'silent', 1)),
  ],
  'user-hangup-in-excuse': fedWith(promptPolicy(), 'connected', agentFailed(AT), terminate(AT + 50)),
  'api-hangup-in-drain': fed('draining', apiHangup),
  'service-drained-in-drain': fed('draining', drained),
  'api-hangup': fed('connected', apiHangup),
  'max-duration': woken('connected', policy({ maxDurationMs: 60_000 })),
  'prompt-played': [
    ...woken('connected', promptOnly),
    ...[true, false].map((played) => () => {
      const call = TestCall.in('connected', promptOnly);
      call.feed({ ...promptDone, played });
      return call;
    }),
  ],
  'service-drained': fed('connected', drained),
  'media-silent': fed('connected', silent),
  'media-lost': [...fed('connected', mediaFailed(AT, 'media_lost')), ...fed('connected', closed(AT))],
  'thread-died': fed('connected', mediaFailed(AT, 'thread_died')),

  'launch-failed': [
    ...begun(runtime, connect(T0), agentFailed(AT)),
    ...wokenAfter(runtime, 'new', connect(T0)),
    ...begun(runtimes, connect(T0), agentFailed(AT), agentFailed(AT + 50, 'at_capacity', 1)),
  ],
  'launch-failed-answered': begun(runtime, connect(T0), agentFailed(AT), no(AT + 50, 'reject', 'refused')),
  'launch-failed-prompt': begun(
    { ...runtime, onAgentUnavailable: { action: 'prompt', prompt: 'sorry.ogg' } },
    connect(T0),
    agentFailed(T0),
    opened(T0),
    ok(T0, 'pre_accept'),
    mediaConnected(T0),
    ok(AT, 'accept'),
    promptDone,
  ),
  'launching-gave-up': begun(runtime, connect(T0), terminate(AT)),
  'launching-api-hangup': begun(runtime, connect(T0), apiHangup),
  'launching-drained': begun(runtime, connect(T0), drained),
  'runtime-hangup': begun(runtime, ...launched, terminateAfter(AT, 1)),
  'runtime-unanswered': begun(runtime, ...launched, terminate(AT)),
  'runtime-meta-failed': begun(runtime, ...launched, terminate(AT, { ...failed, startTime: T0 + 500 })),
  'runtime-never-up': begun(runtime, ...launched, terminate(AT, failed)),
  'runtime-api-hangup': begun(runtime, ...launched, apiHangup),
  'runtime-max-duration': wokenAfter({ ...runtime, maxDurationMs: 60_000 }, 'new', ...launched),
  'runtime-forgotten': wokenAfter(runtime, 'new', ...launched),
};

const rows = closingRows();

describe('docs/closing.md is what the machine does', () => {
  test('it has exactly the rows that are walked here', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(CASES).sort());
  });

  test.each(rows)('$name', ({ name, graph, media, agent, record }) => {
    for (const reach of CASES[name] ?? []) {
      const call = reach();
      if (graph.includes('once accept has its result')) {
        expect(call.count('graph.terminate')).toBe(0);
        call.feed(ok(AT + 10, 'accept'));
      }
      if (media.includes('not waited for')) {
        call.feed(ok(AT + 20, 'terminate'));
        expect(call.isOver).toBe(true);
      }
      call.confirm(AT + 5_000).feed(agentReady(AT + 5_001));

      expect(call.isOver).toBe(true);
      expect(call.ended).toBe(record);
      expect(call.actions.filter(isFarewell)).toEqual(farewellsOf(graph).map((action) => `graph.${action}`));
      expect(call.count('media.open')).toBe(media === 'never opened' ? 0 : 1);
      expect(call.count('media.close')).toBe(media === 'never opened' ? 0 : 1);
      expect(call.count('media.drain')).toBe(media.startsWith('drained') ? 1 : 0);
      expect(call.count('media.play')).toBe(media.includes('the prompt') ? 1 : 0);
      expect(call.count('agent.connect')).toBe(dialledIn(agent));
      expect(call.count('agent.close')).toBe(agent.startsWith('let go') ? 1 : 0);
      expect(call.count('agent.launch') > 0).toBe(LAUNCHED.includes(agent));
      expect(call.record.status).toBe(/^(failed|dropped)/.test(record) ? 'failed' : 'completed');
    }
  });
});

const LAUNCHED = ['asked to take it', 'has the call'];

/** How many agents are dialled in a row's walk, of its `agent` cell. */
function dialledIn(agent: string): number {
  if (agent === 'never dialled' || LAUNCHED.includes(agent)) return 0;
  return agent.startsWith('one after the other') ? 2 : 1;
}

function isFarewell(type: string): boolean {
  return type === 'graph.reject' || type === 'graph.terminate';
}
