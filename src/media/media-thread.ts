import { performance } from 'node:perf_hooks';
import { type DoorReport, ThreadDoor } from '../agents/index.ts';
import { FrameClock, opusBackend } from '../webrtc/index.ts';
import { LoadGovernor } from './load-governor.ts';
import { PromptLibrary } from './prompts.ts';
import type { MediaCommand, MediaReport, MediaThreadOptions } from './protocol.ts';
import { MediaSession } from './session.ts';

const LOAD_INTERVAL_MS = 1_000;

/** What runs in a media thread: its sessions, their clock, the door for agents that dial us, the watch over its own load. */
export class MediaThread {
  readonly #options: MediaThreadOptions;
  readonly #report: (report: MediaReport) => void;
  readonly #onShutdown: () => void;
  readonly #clock = new FrameClock();
  readonly #governor = new LoadGovernor();
  readonly #prompts: PromptLibrary;
  readonly #door: ThreadDoor;
  readonly #sessions = new Map<string, MediaSession>();
  #utilisation = performance.eventLoopUtilization();
  #cpu = process.threadCpuUsage();

  /** `onShutdown` lets go of what keeps the thread alive. */
  constructor(options: MediaThreadOptions, report: (report: MediaReport) => void, onShutdown: () => void) {
    this.#options = options;
    this.#report = report;
    this.#onShutdown = onShutdown;
    this.#prompts = new PromptLibrary(options.promptsFolder);
    if (opusBackend() === 'wasm') {
      const message = 'the native Opus encoder does not load here; WebAssembly takes its place at twice the CPU';
      this.#report({ type: 'log', level: 'warn', message, fields: {} });
    }
    this.#door = new ThreadDoor((message: DoorReport) => report({ type: 'door', message }));
    // A thread without a door is of no use: the rejection ends it, and the pool starts another.
    void this.#door.open().then(() => report({ type: 'ready' }));
    setInterval(() => this.#observeLoad(), LOAD_INTERVAL_MS).unref();
  }

  handle(command: MediaCommand): void {
    if (command.type === 'open') return void this.#begin(command).open(command.offer);
    if (command.type === 'offer') return void this.#begin(command).offer(command.hearEarly);
    if (command.type === 'shutdown') return void this.#shutdown();
    if (command.type === 'door') return this.#door.handle(command.message);
    const session = this.#sessions.get(command.key);
    // A command that crossed the session's end: the main thread learns of the end anyway.
    if (session === undefined) return;
    switch (command.type) {
      case 'answer':
        return void session.answer(command.sdp);
      case 'ungate':
        return session.ungate();
      case 'play':
        return void session.play(command.prompt);
      case 'announce':
        return void session.announce(command);
      case 'drain':
        return session.drain();
      case 'close':
        return void session.close(command.reason);
      case 'agent.connect':
        session.identify(command.identity);
        return void session.connectAgent(command.seat, command.agent, command.reconnectAttempts);
      case 'agent.prepare':
        session.identify(command.identity);
        return void session.prepareAgent(command.seat, command.agent, command.reconnectAttempts);
      case 'agent.switch':
        return session.switchAgent(command.seat);
      case 'agent.drop':
        return session.dropAgent(command.seat);
      case 'agent.start':
        return session.startAgent();
      case 'agent.instruct':
        return session.instructAgent(command.instruction);
      case 'agent.close':
        return void session.closeAgent(command.reason);
      default:
        command satisfies never;
    }
  }

  #begin(command: Extract<MediaCommand, { type: 'open' | 'offer' }>): MediaSession {
    const { key } = command;
    const session = new MediaSession({
      key,
      identity: command.identity,
      firstMediaTimeoutMs: command.firstMediaTimeoutMs,
      mediaGapTimeoutMs: command.mediaGapTimeoutMs,
      network: this.#options.network,
      door: this.#door,
      allowLinkLocalAgents: this.#options.allowLinkLocalAgents,
      clock: this.#clock,
      prompts: this.#prompts,
      complexity: () => this.#governor.complexity,
      report: this.#report,
      onClosed: () => this.#sessions.delete(key),
    });
    this.#sessions.set(key, session);
    return session;
  }

  async #shutdown(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close('service_drained')));
    this.#door.close();
    this.#onShutdown();
  }

  #observeLoad(): void {
    const utilisation = performance.eventLoopUtilization(this.#utilisation).utilization;
    this.#utilisation = performance.eventLoopUtilization();
    const cpu = process.threadCpuUsage(this.#cpu);
    this.#cpu = process.threadCpuUsage();
    const clockLagMs = this.#clock.takeLagMs();
    if (this.#governor.observe(utilisation, clockLagMs)) {
      const fields = { complexity: this.#governor.complexity, utilisation: Math.round(utilisation * 100) / 100 };
      this.#report({ type: 'log', level: 'warn', message: 'Opus complexity changed with the load', fields });
    }
    const load = {
      calls: this.#sessions.size,
      clockLagMs,
      utilisation,
      cpuMs: (cpu.user + cpu.system) / 1_000,
      encoderComplexity: this.#governor.complexity,
    };
    this.#report({ type: 'thread', at: Date.now(), load });
  }
}
