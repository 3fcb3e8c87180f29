import { describe } from 'vitest';
import type { CallPolicy, Input } from '../../../src/call/index.ts';
import {
  agentFailed,
  agentHangup,
  chainPolicy,
  closed,
  mediaConnected,
  mediaFailed,
  patientPolicy,
  policy,
  promptPolicy,
  T0,
  TestCall,
  terminate,
} from '../../support/call.ts';
import { dialClosingRows } from '../../support/closing-table.ts';
import { answer, type Dialled, dialIdentity, dialled, followed, notPlaced, status } from '../../support/dial-call.ts';
import { AT, type Step, testTable, type Walk, WOKEN, walk } from './closing-walks.ts';

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

const fedWith = (rules: CallPolicy, phase: Dialled, ...steps: readonly Step[]) =>
  walk(() => dialled(phase, rules), ...steps);
const fed = (phase: Dialled, ...steps: readonly Step[]) => fedWith(policy(), phase, ...steps);
const begun = (...steps: readonly Step[]) => walk(() => new TestCall(policy(), dialIdentity()), ...steps);
const followedAnd = (...steps: readonly Step[]) => walk(() => followed(), ...steps);
const followedUntil = (maxDurationMs: number | null, ...inputs: readonly Input[]) =>
  walk(() => followed(policy({ agents: [], maxDurationMs })), ...inputs, WOKEN);
/** No name comes: the leg is closed, and the watch over. */
const neverNamed: readonly Step[] = [closed(AT + 100), WOKEN];

/** How each row of the document comes about; several where its trigger names several. */
const WALKS: Readonly<Record<string, Walk | readonly Walk[]>> = {
  'dial-no-agent': [
    fedWith(policy({ agents: [] }), 'offering'),
    fedWith(chainPolicy(['runtime', 'runtime']), 'offering'),
  ],
  'dial-leg-failed-1': broken.map((input) => fed('offering', input)),
  'dial-offer-late': fed('offering', WOKEN),
  'dial-cancelled-1': fed('offering', apiHangup),
  'dial-cancelled-2': [fed('placing', apiHangup), fed('unsure', apiHangup)],
  'dial-cancelled-3': [
    fed('placing', apiHangup, notPlaced(AT + 10, 'refused')),
    fed('placing', apiHangup, ...neverNamed),
    fed('placing', apiHangup, notPlaced(AT + 10, 'unknown'), ...neverNamed),
    fed('unsure', apiHangup, ...neverNamed),
  ],
  'dial-drained-1': fed('placing', drained),
  'dial-leg-failed-2': (['placing', 'unsure'] as const).flatMap((phase) => broken.map((input) => fed(phase, input))),
  'dial-refused': fed('placing', notPlaced(AT, 'refused')),
  'dial-unknown': [fed('unsure', WOKEN), fed('placing', WOKEN, WOKEN)],
  'dial-unknown-late': [fed('unsure', WOKEN), fed('unsure', WOKEN, closed(T0 + 130_000))],
  'dial-restarted-1': begun(restarted),
  'dial-restarted-2': begun(restarted, WOKEN),

  'dial-declined': (['ringing', 'ready'] as const).map((phase) => fed(phase, status(AT, 'REJECTED'))),
  'dial-unanswered': (['ringing', 'ready'] as const).map((phase) => fed(phase, terminate(AT))),
  'dial-rang-out': [fed('ready', WOKEN), fedWith(patientPolicy(), 'ringing', WOKEN)],
  'dial-meta-failed': fed('ready', terminate(AT, failed)),
  'dial-overtaken': fed('ready', terminate(AT, { startTime: AT - 500 })),
  'dial-overtaken-failed': fed('ready', terminate(AT, { ...failed, startTime: AT - 500 })),
  'dial-cancelled-4': (['ringing', 'ready'] as const).map((phase) => fed(phase, apiHangup)),
  'dial-drained-2': fed('ready', drained),
  'dial-leg-failed-3': [
    ...broken.map((input) => fed('ready', input)),
    fed('ringing', answer(AT), mediaFailed(AT + 5, 'bad_offer')),
  ],
  'dial-thread-died': fed('ready', mediaFailed(AT, 'thread_died')),
  'dial-agent-failed': [fed('ringing', agentFailed(AT)), fed('ringing', WOKEN)],
  'dial-chain-failed': fedWith(chain, 'ringing', agentFailed(AT), agentFailed(AT + 50, 'circuit_open', 1)),
  'dial-agent-failed-prompt': fedWith(promptPolicy(), 'ringing', agentFailed(T0 + 300), ...prompted),
  'dial-agent-late-prompt': fedWith(promptPolicy(), 'ringing', WOKEN, ...prompted),
  'dial-prompt': fedWith(promptOnly, 'ringing', ...prompted),
  'dial-agent-declined': fed('ready', agentHangup(AT, true)),

  'dial-media-timeout': fed('answering', WOKEN),
  'dial-media-lost': broken.map((input) => fed('answering', input)),
  'dial-agent-lost': [
    fed('answering', agentFailed(AT)),
    fed('ringing', answer(T0 + 300), mediaConnected(T0 + 400), accepted, WOKEN),
  ],
  'dial-agent-hangup': fed('answering', agentHangup(AT, true)),
  'dial-api-hangup': fed('answering', apiHangup),
  'dial-drained-3': fed('answering', drained),
  'dial-user-hangup': fed('answering', terminate(AT)),

  'dial-followed-hangup': [
    followedAnd(accepted, terminate(AT + 50)),
    followedAnd(terminate(AT, { startTime: T0 + 500 })),
  ],
  'dial-followed-declined': followedAnd(status(AT, 'REJECTED')),
  'dial-followed-unanswered': followedAnd(status(AT, 'RINGING'), terminate(AT + 50)),
  'dial-followed-never-up': followedAnd(terminate(AT, failed)),
  'dial-followed-meta-failed': [
    followedAnd(accepted, terminate(AT + 50, failed)),
    followedAnd(terminate(AT, { ...failed, startTime: T0 + 500 })),
  ],
  'dial-followed-cancelled': followedAnd(apiHangup),
  'dial-followed-api-hangup': followedAnd(accepted, apiHangup),
  'dial-followed-max-duration': followedUntil(60_000, accepted),
  'dial-followed-forgotten': followedUntil(null, accepted),
  'dial-followed-silent': [followedUntil(null), followedUntil(60_000)],
};

describe('docs/closing.md is what the machine does with a call that we place', () =>
  testTable(dialClosingRows(), 'media.offer', WALKS));
