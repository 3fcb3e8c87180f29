import type { AgentListener, AgentLoss, AgentWire, PlayedItem, WireListener } from '../agent.ts';
import { label, unlabel, unlabelItems } from './labels.ts';

/** What concerns the life of a line, and not only what is said over it. */
export interface ConnectionOwner {
  onReady(): void;
  /** Before it was ready, the agent declines. */
  onHangup(drain: boolean, reason: string | null): void;
  onLost(loss: AgentLoss): void;
  /** The agent made itself heard; `pcm` null for a file. */
  onSound(pcm: Int16Array | null): void;
}

/**
 * One wire in its place on a line. Lets through what a wire may say at that point of its life, and marks and items under
 * names that only this connection knows.
 */
export class Connection {
  /** Tells it from all others of its line. */
  readonly attempt: number;
  readonly wire: AgentWire;
  readonly #owner: ConnectionOwner;
  readonly #listener: AgentListener;
  #phase: 'dialling' | 'ready' | 'hung-up' | 'over' = 'dialling';
  #started = false;
  /** Media time of the first frame it was given: each wire counts from its own start. */
  #since: number | null = null;

  constructor(
    attempt: number,
    createWire: (listener: WireListener) => AgentWire,
    owner: ConnectionOwner,
    listener: AgentListener,
  ) {
    this.attempt = attempt;
    this.#owner = owner;
    this.#listener = listener;
    this.wire = createWire(this.#fromWire);
  }

  get isReady(): boolean {
    return this.#phase === 'ready' || this.#phase === 'hung-up';
  }

  get hungUp(): boolean {
    return this.#phase === 'hung-up';
  }

  /** False if it was before. */
  start(): boolean {
    if (this.#started || !this.isReady) return false;
    this.#started = true;
    this.wire.start();
    return true;
  }

  /** False: nobody is there to hear it. */
  callerAudio(pcm: Int16Array, mediaTimeMs: number): boolean {
    if (this.#phase !== 'ready' || !this.#started) return false;
    this.#since ??= mediaTimeMs;
    this.wire.callerAudio(pcm, mediaTimeMs - this.#since);
    return true;
  }

  marked(labelled: string, cleared: boolean): void {
    const name = unlabel(this.attempt, labelled);
    if (name !== null) this.wire.marked(name, cleared);
  }

  cleared(items: readonly PlayedItem[], discardedMs: number): void {
    this.wire.cleared(unlabelItems(this.attempt, items), discardedMs);
  }

  /** Whatever its wire says from now on, nobody hears it. */
  leave(): void {
    this.#phase = 'over';
  }

  readonly #fromWire: WireListener = {
    onReady: () => {
      if (this.#phase !== 'dialling') return;
      this.#phase = 'ready';
      this.#owner.onReady();
    },
    onAudio: (pcm, itemId) => {
      if (this.#phase !== 'ready') return;
      this.#owner.onSound(pcm);
      this.#listener.onAudio(pcm, itemId === null ? null : label(this.attempt, itemId));
    },
    onFile: async (bytes) => {
      if (this.#phase !== 'ready') return 0;
      const ms = await this.#listener.onFile(bytes);
      if (this.#phase === 'ready') this.#owner.onSound(null);
      return ms;
    },
    onClear: () => {
      if (this.#phase === 'ready') this.#listener.onClear();
      // Nothing of its own is queued, and what another one left is not its to clear.
      else if (this.#phase !== 'over') this.wire.cleared([], 0);
    },
    onMark: (name) => {
      if (this.isReady) this.#listener.onMark(label(this.attempt, name));
      else if (this.#phase !== 'over') this.wire.marked(name, false);
    },
    onDtmf: (digits) => {
      if (this.#phase === 'ready') this.#listener.onDtmf(digits);
    },
    onMessage: (data) => {
      if (this.#phase !== 'over') this.#listener.onMessage(data);
    },
    onTranscript: (transcript) => {
      if (this.#phase !== 'over') this.#listener.onTranscript(transcript);
    },
    onHangup: (drain, reason) => {
      if (this.#phase === 'ready') this.#phase = 'hung-up';
      else if (this.#phase !== 'dialling') return;
      this.#owner.onHangup(drain, reason);
    },
    onLost: (loss) => {
      if (this.#phase !== 'over') this.#owner.onLost(loss);
    },
  };
}
