import { ratesOf } from '../agents/index.ts';
import { type PlayoutQueue, samplesToMs } from '../audio/index.ts';
import type { AgentSeat } from './agent-seat.ts';
import { requestClear, requestMark } from './playout-requests.ts';
import { decodeAgentFile } from './sound-file.ts';
import type { SoundPath } from './sound-path.ts';

export interface AgentSoundOptions {
  readonly sound: SoundPath;
  /** Frames leave for the phone. */
  readonly pulling: () => boolean;
  readonly warn: (message: string) => void;
}

/** What the agents of a call say, on its way to the phone: one of them has the queue, one that is to take over its own. */
export class AgentSound {
  readonly #options: AgentSoundOptions;
  #speaker: AgentSeat | null = null;
  #alarmed = false;

  constructor(options: AgentSoundOptions) {
    this.#options = options;
  }

  /** Whose sound is in the queue. */
  get speaker(): AgentSeat | null {
    return this.#speaker;
  }

  /** All that the agent before left is gone: nobody is told of it any more. */
  takeOver(seat: AgentSeat): void {
    const { sound } = this.#options;
    sound.speaking.playout.clear();
    if (seat.codecs !== null) sound.use(seat.codecs);
    if (seat.early !== null) sound.speaking.take(seat.early);
    seat.codecs = null;
    seat.early = null;
    this.#speaker = seat;
  }

  enqueue(seat: AgentSeat, pcm: Int16Array, itemId: string | null): void {
    const playout = this.#queueOf(seat);
    const refusedMs = playout.enqueue(pcm, itemId);
    if (refusedMs === 0 || playout.draining || this.#alarmed) return;
    this.#alarmed = true;
    this.#options.warn('an agent is ten minutes of sound ahead; more of it is dropped');
  }

  playFile(seat: AgentSeat, bytes: Uint8Array): Promise<number> {
    const { agentRate } = ratesOf(seat.target);
    const { clears } = seat;
    const playing = seat.files.then(async () => {
      const pcm = await decodeAgentFile(bytes, agentRate);
      if (seat.clears === clears && seat.line !== null) this.enqueue(seat, pcm, null);
      return samplesToMs(pcm.length, agentRate);
    });
    seat.files = playing.catch(() => {});
    return playing;
  }

  mark(seat: AgentSeat, name: string): void {
    const pulling = this.#options.pulling() && seat.early === null;
    if (seat.line !== null) requestMark(seat.line, this.#queueOf(seat), pulling, name);
  }

  clear(seat: AgentSeat): void {
    seat.clears += 1;
    if (seat.line === null) this.#queueOf(seat).clear();
    else requestClear(seat.line, this.#queueOf(seat));
  }

  #queueOf(seat: AgentSeat): PlayoutQueue {
    return seat.early ?? this.#options.sound.speaking.playout;
  }
}
