import type fc from 'fast-check';
import { agentFailed, agentReady, closed, mediaConnected, opened } from './call.ts';
import { climbThenAnythingOf, input, type Move, wholeCallOf } from './call-moves.ts';
import { answer, dial, follow, heard, named, notPlaced, placed, status } from './dial-call.ts';

const begin = input(dial);
const offer = input(opened);
const byGraph = input((at) => placed(at));
const byWebhook = input((at) => named(at));
const unknown = input((at) => notPlaced(at, 'unknown', null));
const answered = input(answer);
const up = input(mediaConnected);
const ready = input((at, seat) => agentReady(at, seat));
const lost = input((at, seat) => agentFailed(at, 'socket_lost', seat));
const rings = input((at) => status(at, 'RINGING'));
const accepted = input((at) => status(at, 'ACCEPTED'));
const sound = input(heard);
const following = input((at) => follow(at));
const gone = input((at) => closed(at));

const GOOD: readonly Move[] = [begin, offer, byGraph, answered, rings, up, ready, accepted];

const CLIMBS: readonly (readonly Move[])[] = [
  GOOD,
  [begin, offer, byWebhook, answered, byGraph, ready, up, rings, accepted, lost, ready],
  // ACCEPTED before the answer.
  [begin, offer, byWebhook, accepted, ready, answered, up, sound],
  [begin, offer, byWebhook, answered, up, accepted, ready, lost, ready],
  [begin, offer, unknown, byWebhook, answered, up, ready, sound, accepted],
  // Cancelled before it had a name.
  [begin, offer, input((at) => ({ type: 'api.hangup', at })), gone, unknown, byWebhook],
  [begin, offer, byGraph, lost, ready, answered, up, rings, accepted],
  [byGraph, following, rings, accepted],
  [byWebhook, following, accepted],
];

/** Everything that a dial consists of, ways to end and confirmations, in any order and more than once. */
export const wholeDial: fc.Arbitrary<Move[]> = wholeCallOf(CLIMBS);

/** A dial that came as far as it did, and then anything. */
export const dialThenAnything: fc.Arbitrary<Move[]> = climbThenAnythingOf(CLIMBS);
