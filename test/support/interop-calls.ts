import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { msToSamples, writeWav } from '../../src/audio/index.ts';
import type { CallOptions, SimulatedCall } from '../../src/simulator/index.ts';
import type { BridgeOptions } from './bridge.ts';
import { voice } from './scripted-agents/index.ts';
import { type Link, Switchboard } from './switchboard.ts';

const RATE = 16_000;

/** A bridge on which any number of calls may be made side by side, each answered by agents of its own. */
export class Exchange {
  readonly board: Switchboard;
  readonly #folder: string;
  #ringing: Promise<unknown> = Promise.resolve();

  private constructor(board: Switchboard, folder: string) {
    this.board = board;
    this.#folder = folder;
  }

  /** Phones are on a path without delays. */
  static async open(options: BridgeOptions = {}): Promise<Exchange> {
    const board = await Switchboard.start({ whatsapp: { profile: null }, ...options });
    return new Exchange(board, mkdtempSync(join(tmpdir(), 'talkwire-interop-')));
  }

  get url(): string {
    return this.board.bridge.service.url;
  }

  /** A phone rings, and `links` are whom it may have, in this order. Resolves when the first of them is sought. */
  ring(links: readonly Link[], options: CallOptions = {}): Promise<SimulatedCall> {
    const ringing = this.#ringing.then(async () => {
      await this.board.chain(...links);
      const call = await this.board.ring(options);
      // A call keeps the agents it began with.
      await this.board.bridge.reached(call, 'agent_connecting');
      return call;
    });
    this.#ringing = ringing.catch(() => {});
    return ringing;
  }

  /** Path of a WAV file that holds the voice `seed`. */
  voiceFile(seed: number, ms: number, rate: number): string {
    const path = join(this.#folder, `voice-${seed}-${rate}.wav`);
    writeFileSync(path, writeWav(voice(seed, ms, rate), rate));
    return path;
  }

  async close(): Promise<void> {
    await this.board.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What a phone says, 16 kHz: voices, and silences in milliseconds. */
export function script(...parts: readonly (Int16Array | number)[]): Int16Array {
  const pieces = parts.map((part) => (typeof part === 'number' ? new Int16Array(msToSamples(part, RATE)) : part));
  const all = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** A call from its first to its last moment; what it returns judges it, when no call is there any more to be disturbed. */
export type Scene = () => Promise<() => Promise<void>>;

/** Plays all scenes at once. What fails, fails where its judgement is asked for. */
export async function playScenes<Name extends string>(
  scenes: Readonly<Record<Name, Scene>>,
): Promise<(name: Name) => Promise<void>> {
  const names = Object.keys(scenes) as Name[];
  const played = await Promise.allSettled(names.map((name) => scenes[name]()));
  return async (name) => {
    const outcome = played[names.indexOf(name)];
    if (outcome === undefined) throw new Error(`no scene is called ${name}`);
    if (outcome.status === 'rejected') throw outcome.reason;
    await outcome.value();
  };
}
