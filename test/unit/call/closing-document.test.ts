import { describe } from 'vitest';
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
  TAKEOVERS,
  TestCall,
  terminate,
  terminateAfter,
  transfer,
  whenLost,
} from '../../support/call.ts';
import { closingRows } from '../../support/closing-table.ts';
import { AT, type Step, testTable, type Walk, WOKEN, walk } from './closing-walks.ts';

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

/** To one agent, behind which nobody stands. */
const alone = transfer(AT, TAKEOVERS.slice(0, 1));

const fedWith = (rules: CallPolicy, phase: Reached, ...steps: readonly Step[]) =>
  walk(() => TestCall.in(phase, rules), ...steps);
const fed = (phase: Reached, ...steps: readonly Step[]) => fedWith(policy(), phase, ...steps);
const begun = (rules: CallPolicy, ...steps: readonly Step[]) => fedWith(rules, 'new', ...steps);

/** How each row of the document comes about; several where its trigger names several. */
const WALKS: Readonly<Record<string, Walk | readonly Walk[]>> = {
  stale: fed('new', connect(AT, { timestamp: AT - 46_000 })),
  'no-agent': begun(policy({ agents: [] }), connect(AT)),
  'at-capacity': fed('new', { type: 'service.refused', why: 'at_capacity', at: AT }, connect(AT)),
  'refused-draining': fed('new', { type: 'service.refused', why: 'draining', at: AT }, connect(AT)),
  'number-busy': fed('new', { type: 'service.refused', why: 'number_busy', at: AT }, connect(AT)),
  'outside-hours': fed('new', { type: 'service.refused', why: 'outside_hours', at: AT }, connect(AT)),
  'caller-denied': fed('new', { type: 'service.refused', why: 'caller_denied', at: AT }, connect(AT)),
  'not-an-offer': fed('new', connect(AT, { sdpType: 'answer' })),
  'foreign-answer': walk(
    () => new TestCall(policy(), identity({ direction: 'outbound' })),
    connect(AT, { sdpType: 'answer' }),
  ),
  'terminated-first': fed('new', terminate(AT), connect(AT)),
  'restarted-ringing': fed('new', { type: 'service.restarted', answered: false, launched: false, at: AT }),
  'restarted-talking': fed('new', { type: 'service.restarted', answered: true, launched: false, at: AT }),

  'gave-up': (['offered', 'pre-accepting', 'waiting', 'accepting'] as const).map((at) => fed(at, terminate(AT))),
  'meta-failed-early': fed('waiting', terminate(AT, failed)),
  overtaken: fed('accepting', terminate(AT, { startTime: AT - 500 })),
  'bad-offer': fed('offered', mediaFailed(AT, 'bad_offer')),
  'leg-failed-1': [fed('offered', mediaFailed(AT, 'no_port')), fed('pre-accepting', closed(AT))],
  'leg-failed-2': [fed('waiting', mediaFailed(AT, 'ice_failed')), fed('waiting', closed(AT))],
  'media-timeout-1': [fedWith(patient, 'offered', WOKEN), fedWith(patient, 'pre-accepting', WOKEN)],
  'media-timeout-2': fedWith(patient, 'waiting', WOKEN),
  'thread-died-early': fed('waiting', mediaFailed(AT, 'thread_died')),
  'pre-accept-refused': fed('pre-accepting', no(AT, 'pre_accept', 'refused')),
  'pre-accept-gone': fed('pre-accepting', no(AT, 'pre_accept', 'gone')),
  'pre-accept-unknown': fed('pre-accepting', no(AT, 'pre_accept', 'unknown')),
  'accept-refused': fed('accepting', no(AT, 'accept', 'refused')),
  'accept-gone': fed('accepting', no(AT, 'accept', 'gone')),
  'accept-unknown': fed('accepting', no(AT, 'accept', 'unknown')),
  'agent-failed-1': [fed('offered', agentFailed(AT)), fed('pre-accepting', WOKEN)],
  'agent-failed-2': [fed('waiting', agentFailed(AT)), fed('waiting', WOKEN)],
  'chain-failed': fedWith(chain, 'waiting', agentFailed(AT), agentFailed(AT + 50, 'circuit_open', 1)),
  'agent-late-prompt': fedWith(promptPolicy(), 'waiting', mediaConnected(AT), WOKEN, ok(AT, 'accept'), promptDone),
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
  'api-rejected-1': [fed('offered', apiHangup), fed('pre-accepting', apiHangup)],
  'api-rejected-2': fed('waiting', apiHangup),
  'api-rejected-3': fed('accepting', apiHangup),
  'drained-early': fed('waiting', drained),
  'reject-refused': fed('pre-accepting', apiHangup, no(AT, 'reject', 'refused'), ok(AT, 'pre_accept')),

  'user-hangup': fed('connected', terminate(AT)),
  'meta-failed': fed('connected', terminate(AT, failed)),
  'agent-hangup': fed('connected', agentHangup(AT, false)),
  'agent-drained': fed('draining', { type: 'media.drained', at: AT }),
  'drain-timeout': fed('draining', WOKEN),
  'leg-broke-in-drain': [mediaFailed(AT, 'media_lost'), closed(AT), silent].map((input) => fed('draining', input)),
  'user-hangup-in-drain': fed('draining', terminate(AT)),
  'agent-lost': [
    fed('connected', agentFailed(AT)),
    fedWith(ending, 'connected', agentFailed(AT)),
    fed('connected', agentReconnecting(AT), WOKEN),
  ],
  'agent-lost-prompt': [
    ...[true, false].map((played) => fedWith(promptPolicy(), 'connected', agentFailed(AT), { ...promptDone, played })),
    fedWith(excusing, 'connected', agentFailed(AT), promptDone),
    fedWith(promptPolicy(), 'connected', agentFailed(AT), WOKEN),
  ],
  'agent-not-back-prompt': fedWith(promptPolicy(), 'connected', agentReconnecting(AT), WOKEN, {
    ...promptDone,
    at: AT + 25_000,
  }),
  'chain-lost': [
    fedWith(chain, 'connected', agentFailed(AT), agentFailed(AT + 50, 'connect_refused', 1)),
    fedWith(chain, 'connected', agentFailed(AT), WOKEN),
    fedWith(chain, 'connected', agentFailed(AT), agentReady(AT + 50, 1), agentFailed(AT + 90, 'silent', 1)),
  ],
  'transfer-lost': [agentFailed(AT + 10), agentHangup(AT + 10, true), agentHangup(AT + 10, false)].map((input) =>
    fed('connected', alone, input, agentFailed(AT + 50, 'connect_refused', 1)),
  ),
  'user-hangup-in-transfer': fed('connected', alone, terminate(AT + 10)),
  'user-hangup-in-excuse': fedWith(promptPolicy(), 'connected', agentFailed(AT), terminate(AT + 50)),
  'api-hangup-in-drain': fed('draining', apiHangup),
  'service-drained-in-drain': fed('draining', drained),
  'api-hangup': fed('connected', apiHangup),
  'max-duration': fedWith(policy({ maxDurationMs: 60_000 }), 'connected', WOKEN),
  'prompt-played': [
    fedWith(promptOnly, 'connected', WOKEN),
    ...[true, false].map((played) => fedWith(promptOnly, 'connected', { ...promptDone, played })),
  ],
  'service-drained': fed('connected', drained),
  'media-silent': fed('connected', silent),
  'media-lost': [fed('connected', mediaFailed(AT, 'media_lost')), fed('connected', closed(AT))],
  'thread-died': fed('connected', mediaFailed(AT, 'thread_died')),

  'launch-failed': [
    begun(runtime, connect(T0), agentFailed(AT)),
    begun(runtime, connect(T0), WOKEN),
    begun(runtimes, connect(T0), agentFailed(AT), agentFailed(AT + 50, 'at_capacity', 1)),
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
  'runtime-max-duration': begun({ ...runtime, maxDurationMs: 60_000 }, ...launched, WOKEN),
  'runtime-forgotten': begun(runtime, ...launched, WOKEN),
};

describe('docs/closing.md is what the machine does', () => testTable(closingRows(), 'media.open', WALKS));
