import type { AgentLine, BridgedAgent, CallContext } from '../agents/index.ts';
import type { PlayoutQueue } from '../audio/index.ts';
import { closeSpare, type SpareCodecs } from './sound-path.ts';

/** One agent of a call, from the moment it is sought. */
export class AgentSeat {
  readonly number: number;
  readonly target: BridgedAgent;
  /** Who had the call before. */
  readonly previous: CallContext['previousAgent'];
  /** Null while codecs are made, and when it is over. */
  line: AgentLine | null = null;
  /** For its rates, until it has the call. */
  codecs: SpareCodecs | null = null;
  /** What it says before it has the call, which another has still. */
  early: PlayoutQueue | null = null;
  ready = false;
  failed = false;
  /** Files play in the order in which they came; those before a clear do not play after it. */
  files: Promise<unknown> = Promise.resolve();
  clears = 0;

  constructor(number: number, target: BridgedAgent, previous: CallContext['previousAgent']) {
    this.number = number;
    this.target = target;
    this.previous = previous;
  }

  /** It has no line any more. Returns the caller's sound that did not reach it, milliseconds. */
  leave(): number {
    const droppedMs = this.line?.callerAudioDroppedMs ?? 0;
    if (this.codecs !== null) closeSpare(this.codecs);
    this.codecs = null;
    this.line = null;
    this.ready = false;
    this.failed = true;
    return droppedMs;
  }
}
