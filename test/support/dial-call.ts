import type { CallIdentity, CallPolicy, GraphFailure, Input } from '../../src/call/index.ts';
import {
  ANSWER,
  agentHangup,
  agentReady,
  connect,
  identity,
  mediaConnected,
  opened,
  policy,
  T0,
  TestCall,
} from './call.ts';

/** What Meta names every dial of these tests. */
export const NAME = 'wacid.dialled';

/** A call that we place, before Meta has named it. */
export function dialIdentity(differences: Partial<CallIdentity> = {}): CallIdentity {
  const { id } = identity();
  return identity({ callId: id, direction: 'outbound', ...differences });
}

export function dial(at: number): Input {
  return { type: 'api.dial', at };
}

export function follow(at: number, answered = false): Input {
  return { type: 'api.follow', at, ...(answered ? { answered } : {}) };
}

/** Graph took our connect. */
export function placed(at: number, callId = NAME): Input {
  return { type: 'dial.placed', callId, tookMs: 90, at };
}

/** A webhook names the call. */
export function named(at: number, callId = NAME): Input {
  return { type: 'dial.named', callId, at };
}

export function notPlaced(at: number, kind: GraphFailure['kind'], code: number | null = 138006): Input {
  const error = { code, httpStatus: code === null ? null : 400, kind, message: 'no' };
  return { type: 'dial.failed', error, at };
}

export function answer(at: number): Input {
  return connect(at, { sdpType: 'answer', sdp: ANSWER });
}

export function status(at: number, word: 'RINGING' | 'ACCEPTED' | 'REJECTED'): Input {
  return { type: 'meta.status', status: word, timestamp: at, at };
}

export function heard(at: number): Input {
  return { type: 'media.heard', at };
}

/** `ready`: it rings, and agent and media are up. */
export type Dialled =
  | 'new'
  | 'offering'
  | 'placing'
  | 'unsure'
  | 'ringing'
  | 'ready'
  | 'answering'
  | 'connected'
  | 'draining';

const UNTIL_NAMED: readonly (readonly Input[])[] = [[dial(T0)], [opened(T0 + 100)], [named(T0 + 200)]];
const UP = [answer(T0 + 250), mediaConnected(T0 + 300), agentReady(T0 + 350), status(T0 + 400, 'RINGING')];
const ACCEPTED = status(T0 + 500, 'ACCEPTED');

const PATHS: Readonly<Record<Dialled, readonly Input[]>> = {
  new: [],
  offering: UNTIL_NAMED.slice(0, 1).flat(),
  placing: UNTIL_NAMED.slice(0, 2).flat(),
  unsure: [...UNTIL_NAMED.slice(0, 2).flat(), notPlaced(T0 + 200, 'unknown', null)],
  ringing: UNTIL_NAMED.flat(),
  ready: [...UNTIL_NAMED.flat(), ...UP],
  answering: [...UNTIL_NAMED.flat(), agentReady(T0 + 350), ACCEPTED],
  connected: [...UNTIL_NAMED.flat(), ...UP, ACCEPTED],
  draining: [...UNTIL_NAMED.flat(), ...UP, ACCEPTED, agentHangup(T0 + 600, true)],
};

/** A dial that came to `phase`, 100 ms or less between its steps; picked up at T0 + 500. */
export function dialled(phase: Dialled, rules: CallPolicy = policy()): TestCall {
  const call = new TestCall(rules, dialIdentity());
  call.feed(...PATHS[phase]);
  return call;
}

/** A call that a client has placed, and that is followed since T0. */
export function followed(rules: CallPolicy = policy({ agents: [] }), who = dialIdentity({ callId: NAME })): TestCall {
  const call = new TestCall(rules, who);
  call.feed(follow(T0));
  return call;
}
