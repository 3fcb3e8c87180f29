import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { DoorCommand, DoorReport } from '../agents/index.ts';
import type {
  AgentInput,
  AgentInstruction,
  CallIdentity,
  MediaEffect,
  MediaInput,
  TimelineEvent,
} from '../call/index.ts';
import { commandOf } from './command-of.ts';
import type { MediaCommand, MediaReport, MediaThreadOptions, ThreadLoad } from './protocol.ts';

export type PoolReport =
  | { readonly type: 'input'; readonly key: string; readonly at: number; readonly input: MediaInput | AgentInput }
  | { readonly type: 'note'; readonly key: string; readonly event: TimelineEvent };

export interface MediaPoolOptions extends MediaThreadOptions {
  /** How many media threads; 0 means one per core. */
  readonly threads: number;
  readonly onLog: (report: Extract<MediaReport, { type: 'log' }>) => void;
  readonly onLevels?: (report: Extract<MediaReport, { type: 'levels' }>) => void;
  readonly onLoad?: (thread: number, load: ThreadLoad) => void;
  /** What the door of a thread says; answered by `tellDoor`. */
  readonly onDoor?: (thread: number, message: DoorReport) => void;
}

/** A thread that cannot even stay up is not started again at once: each time it waits twice as long. */
const RESTART_DELAY_MS = 250;
const LONGEST_RESTART_DELAY_MS = 10_000;
/** A thread that lived this long did stay up. */
const STABLE_MS = 30_000;
/** A thread that has not closed its calls by then is cut off. */
const SHUTDOWN_MS = 3_000;
/** Transcripts and messages in the timeline are cut here, in characters. */
const NOTE_LENGTH = 2_000;

interface Thread {
  readonly index: number;
  /** null while a dead one is being replaced. */
  worker: Worker | null;
  restart: NodeJS.Timeout | null;
  spawnedAt: number;
  restartDelayMs: number;
  readonly calls: Set<string>;
}

/**
 * The main thread's side of all media threads. A call is given to the thread with the fewest calls and stays there. A
 * thread that dies ends its own calls with `thread_died`, and is replaced.
 */
export class MediaPool {
  readonly #options: MediaPoolOptions;
  readonly #threads: Thread[] = [];
  readonly #threadOf = new Map<string, Thread>();
  readonly #started: Promise<unknown>;
  #listener: (report: PoolReport) => void = () => {};
  #closed = false;

  constructor(options: MediaPoolOptions) {
    this.#options = options;
    const count = options.threads === 0 ? availableParallelism() : options.threads;
    for (let index = 0; index < count; index += 1) {
      this.#threads.push({
        index,
        worker: this.#spawn(index),
        restart: null,
        spawnedAt: performance.now(),
        restartDelayMs: RESTART_DELAY_MS,
        calls: new Set(),
      });
    }
    this.#started = Promise.all(this.#threads.map(({ index, worker }) => started(index, worker)));
    // Whoever does not ask learns of it by the log.
    this.#started.catch(() => {});
  }

  /** Resolves when every thread works; rejects if one of them cannot start. */
  async ready(): Promise<void> {
    await this.#started;
  }

  onReport(listener: (report: PoolReport) => void): void {
    this.#listener = listener;
  }

  perform(identity: CallIdentity, effect: MediaEffect): void {
    const key = identity.id;
    const opens = effect.type === 'media.open' || effect.type === 'media.offer';
    if (opens && !this.#assign(key)) {
      // Not from within: the machine is still performing the step that this effect is of.
      return queueMicrotask(() => this.#lost(key, 'no media thread is running'));
    }
    this.#threadOf.get(key)?.worker?.postMessage(commandOf(identity, effect));
  }

  /** Hands a word from outside to the agent of a call; nothing if it has none, or one whose wire has no use for it. */
  instruct(key: string, instruction: AgentInstruction): void {
    this.#threadOf.get(key)?.worker?.postMessage({ type: 'agent.instruct', key, instruction } satisfies MediaCommand);
  }

  tellDoor(thread: number, message: DoorCommand): void {
    this.#threads[thread]?.worker?.postMessage({ type: 'door', message } satisfies MediaCommand);
  }

  /** Closes what is still open in the threads and lets them end. Takes no new call. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { restart } of this.#threads) if (restart !== null) clearTimeout(restart);
    await Promise.all(this.#threads.map(({ worker }) => (worker === null ? null : shutDown(worker))));
  }

  #assign(key: string): boolean {
    if (this.#closed) return false;
    const running = this.#threads.filter((thread) => thread.worker !== null);
    const thread = running.sort((a, b) => a.calls.size - b.calls.size)[0];
    if (thread === undefined) return false;
    thread.calls.add(key);
    this.#threadOf.set(key, thread);
    return true;
  }

  #spawn(index: number): Worker {
    const entry = import.meta.url.endsWith('.ts') ? './thread-main.ts' : './thread-main.js';
    const { network, promptsFolder, allowLinkLocalAgents } = this.#options;
    const workerData: MediaThreadOptions = { network, promptsFolder, allowLinkLocalAgents };
    const worker = new Worker(new URL(entry, import.meta.url), {
      workerData,
      name: `media-${index}`,
      // Sound makes little garbage: what is small is collected quickly, and memory stays with the calls.
      resourceLimits: { maxYoungGenerationSizeMb: 12 },
    });
    worker.on('message', (report: MediaReport) => this.#onReport(index, report));
    worker.on('error', (error) =>
      this.#log('error', 'a media thread failed', { thread: index, reason: error.message }),
    );
    worker.on('exit', (code) => this.#onExit(index, code));
    return worker;
  }

  #onExit(index: number, code: number): void {
    const thread = this.#threads[index];
    if (thread === undefined) return;
    thread.worker = null;
    const calls = [...thread.calls];
    thread.calls.clear();
    for (const key of calls) this.#lost(key, `media thread ${index} ended with code ${code}`);
    if (this.#closed) return;
    this.#log('error', 'a media thread died and is replaced', { thread: index, code });
    const stable = performance.now() - thread.spawnedAt > STABLE_MS;
    const delayMs = stable ? RESTART_DELAY_MS : thread.restartDelayMs;
    thread.restartDelayMs = Math.min(2 * delayMs, LONGEST_RESTART_DELAY_MS);
    thread.restart = setTimeout(() => {
      thread.restart = null;
      thread.spawnedAt = performance.now();
      thread.worker = this.#spawn(index);
    }, delayMs);
  }

  #onReport(index: number, report: MediaReport): void {
    switch (report.type) {
      case 'input':
        if (report.input.type === 'media.closed') this.#release(report.key);
        this.#listener(report);
        return;
      case 'agent.message':
        this.#note(report.key, report.at, 'agent_message', {
          agent: report.agent,
          data: excerpt(report.text),
        });
        return;
      case 'agent.transcript': {
        const { agent, party, text, final } = report;
        // A timeline that holds every guess at a sentence is full before the call is over.
        if (!final) return;
        this.#note(report.key, report.at, 'transcript', { agent, party, text: excerpt(text) });
        return;
      }
      case 'door':
        this.#options.onDoor?.(index, report.message);
        return;
      case 'levels':
        this.#options.onLevels?.(report);
        return;
      case 'thread':
        this.#options.onLoad?.(index, report.load);
        return;
      case 'log':
        this.#options.onLog(report);
        return;
      case 'ready':
        return;
      default:
        report satisfies never;
    }
  }

  /** Stands in for a thread that cannot report any more. */
  #lost(key: string, detail: string): void {
    const at = Date.now();
    this.#threadOf.delete(key);
    this.#listener({ type: 'input', key, at, input: { type: 'media.failed', code: 'thread_died', detail } });
    this.#listener({ type: 'input', key, at, input: { type: 'media.closed', quality: null } });
  }

  #release(key: string): void {
    this.#threadOf.get(key)?.calls.delete(key);
    this.#threadOf.delete(key);
  }

  #note(key: string, at: number, type: string, data: TimelineEvent['data']): void {
    this.#listener({ type: 'note', key, event: { at, type, data } });
  }

  #log(level: 'error', message: string, fields: Readonly<Record<string, string | number>>): void {
    this.#options.onLog({ type: 'log', level, message, fields });
  }
}

function started(index: number, worker: Worker | null): Promise<void> {
  return new Promise((resolve, reject) => {
    worker?.on('message', function listen(report: MediaReport) {
      if (report.type !== 'ready') return;
      worker.off('message', listen);
      resolve();
    });
    worker?.once('exit', (code) => reject(new Error(`media thread ${index} cannot start (code ${code})`)));
  });
}

/** A thread ends by itself; cutting it off in the middle of native code can take the process with it, so that comes last. */
async function shutDown(worker: Worker): Promise<void> {
  // Not events.once: that would reject with the error of a thread that fails on its way out.
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage({ type: 'shutdown' } satisfies MediaCommand);
  const cutOff = setTimeout(() => void worker.terminate(), SHUTDOWN_MS);
  await exited;
  clearTimeout(cutOff);
}

function excerpt(text: string): string {
  return text.length <= NOTE_LENGTH ? text : `${text.slice(0, NOTE_LENGTH)}…`;
}
