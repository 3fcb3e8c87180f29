import { once } from 'node:events';
import type { WebSocket } from 'ws';
import { samplesPerFrame } from '../../../src/audio/index.ts';
import type { SampleRate } from '../../../src/call/index.ts';

/** How an agent says things in its protocol. */
export interface Speech {
  readonly agentRate: SampleRate;
  sound(pcm: Int16Array, item: string): void;
  /** Nothing more of this item comes; the next one is another. */
  endItem?(item: string): void;
  mark?(name: string): void;
  /** The person interrupts: what is queued shall not be heard. */
  clear(): void;
  /** Ends the call in good order, once all was said. */
  hangUp(): void;
  /** Messages that no agent may send, each of another kind. */
  readonly malformed: readonly (string | Uint8Array)[];
  /** A message that is longer than any may be. */
  readonly oversized: string | Uint8Array;
}

/** Unix milliseconds with fractions, as the phone's report has them. */
export function unixNow(): number {
  return performance.timeOrigin + performance.now();
}

const FRAME_MS = 20;

/** One connection of a scripted agent to one call. The wire's own script fills in what was heard. */
export class ScriptedCall {
  /** The person is on the line. */
  readonly answered: Promise<void>;
  /** When the agent was told that the call is over, or was cut off. */
  readonly ended: Promise<number>;
  readonly #socket: WebSocket;
  readonly #speech: Speech;
  readonly #heard: Int16Array[] = [];
  readonly #marks = new Map<string, PromiseWithResolvers<{ readonly at: number; readonly cleared: boolean }>>();
  readonly #played = new Map<string, PromiseWithResolvers<number>>();
  #answer!: () => void;
  #end!: (at: number) => void;
  #keys = '';
  #onKeys: () => void = () => {};

  constructor(socket: WebSocket, speech: Speech) {
    this.#socket = socket;
    this.#speech = speech;
    this.answered = new Promise((resolve) => {
      this.#answer = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    socket.on('close', () => this.#end(unixNow()));
    socket.on('error', () => {});
  }

  /** All at once. */
  say(pcm: Int16Array, item = 'item'): void {
    this.#speech.sound(pcm, item);
    this.#speech.endItem?.(item);
  }

  /**
   * In real time, 20 ms at a time. Within `stalls` (milliseconds of its own time, from and to) nothing is sent; what is
   * missing follows at once.
   */
  async sayPaced(pcm: Int16Array, stalls: readonly (readonly [number, number])[] = [], item = 'item'): Promise<void> {
    const samples = samplesPerFrame(this.#speech.agentRate);
    const begun = performance.now();
    for (let sent = 0; sent * samples < pcm.length; ) {
      const elapsed = performance.now() - begun;
      const isStalled = stalls.some(([from, to]) => elapsed >= from && elapsed < to);
      while (!isStalled && sent * FRAME_MS <= elapsed && sent * samples < pcm.length) {
        this.#speech.sound(pcm.slice(sent * samples, (sent + 1) * samples), item);
        sent += 1;
      }
      await new Promise((wake) => setTimeout(wake, 5));
    }
    this.#speech.endItem?.(item);
  }

  /** Asks for a mark after what was said; resolves when it is reported. */
  mark(name: string): Promise<{ readonly at: number; readonly cleared: boolean }> {
    const { mark } = this.#speech;
    if (mark === undefined) throw new Error('this protocol has no marks');
    const waiting = Promise.withResolvers<{ readonly at: number; readonly cleared: boolean }>();
    this.#marks.set(name, waiting);
    mark(name);
    return waiting.promise;
  }

  clear(): void {
    this.#speech.clear();
  }

  /** How much of an item was played when it was cleared, milliseconds, as the bridge says. */
  playedMs(item: string): Promise<number> {
    return this.#playedOf(item).promise;
  }

  /** All of the caller's sound so far. */
  get heard(): Int16Array {
    const all = new Int16Array(this.#heard.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#heard) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** Resolves to the keys that the person pressed, once there are as many. */
  async keys(count: number): Promise<string> {
    while (this.#keys.length < count) {
      await new Promise<void>((resolve) => {
        this.#onKeys = resolve;
      });
    }
    return this.#keys;
  }

  hangUp(): void {
    this.#speech.hangUp();
  }

  /** Gone without a word. */
  kill(): void {
    this.#socket.terminate();
  }

  /** Each kind of message that none may send. Resolves when the bridge has read them all, or the connection is gone. */
  async garble(): Promise<void> {
    for (const message of this.#speech.malformed) this.#socket.send(message);
    await this.#settle();
  }

  /** Nothing but messages that none may send. */
  async flood(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent += 1) this.#socket.send(this.#speech.malformed[0] ?? '');
    await this.#settle();
  }

  oversize(): void {
    this.#socket.send(this.#speech.oversized);
  }

  /** For the wire's script: what came from the bridge. */
  onAnswered(): void {
    this.#answer();
  }

  onSound(pcm: Int16Array): void {
    this.#answer();
    this.#heard.push(pcm);
  }

  onKeys(keys: string): void {
    this.#keys += keys;
    this.#onKeys();
  }

  onMark(name: string, cleared: boolean): void {
    this.#marks.get(name)?.resolve({ at: unixNow(), cleared });
  }

  onPlayed(item: string, ms: number): void {
    this.#playedOf(item).resolve(ms);
  }

  onEnd(): void {
    this.#end(unixNow());
  }

  #playedOf(item: string): PromiseWithResolvers<number> {
    const known = this.#played.get(item);
    if (known !== undefined) return known;
    const made = Promise.withResolvers<number>();
    this.#played.set(item, made);
    return made;
  }

  async #settle(): Promise<void> {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.ping();
    await Promise.race([once(this.#socket, 'pong'), once(this.#socket, 'close')]);
  }
}
