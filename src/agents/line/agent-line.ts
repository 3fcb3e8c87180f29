import { FRAME_MS } from '../../audio/index.ts';
import type { AgentFailure, AgentInstruction } from '../../call/index.ts';
import type {
  AgentListener,
  AgentLoss,
  BridgedAgent,
  CallContext,
  CreateAgentWire,
  PlayedItem,
  WireRates,
  WireServices,
} from '../agent.ts';
import { createAgentWire, ratesOf } from '../create-wire.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';
import { SpeechWatch } from './speech-watch.ts';

export interface AgentLineOptions {
  readonly target: BridgedAgent;
  /** How often the agent is dialled again within this call. */
  readonly reconnectAttempts: number;
  /** What the agent is told when it is dialled: 0 for the first time, then 1, 2, … */
  readonly context: (attempt: number) => CallContext;
  readonly listener: AgentListener;
  readonly services: WireServices;
  readonly createWire?: CreateAgentWire;
}

const TOO_LATE: AgentLoss = {
  code: 'connect_timeout',
  retryable: true,
  detail: 'the agent was not ready in time',
};

type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'dialling';
      readonly connection: Connection;
      readonly timer: NodeJS.Timeout;
      readonly dialledAt: number;
    }
  | { readonly kind: 'ready'; readonly connection: Connection }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'closed' };

/**
 * Keeps one agent on one call, over as many connections as that takes: dials, watches the connect deadline, dials again
 * after a loss, and gives up on an agent that says nothing. Only the connection of the moment is heard and told anything.
 *
 * Life: `connect` once; `start` once; `callEnded` or `abort` once. After either of the last two, and after `onFailed`,
 * nothing is emitted any more.
 */
export class AgentLine {
  readonly rates: WireRates;
  readonly #options: AgentLineOptions;
  readonly #speech: SpeechWatch;
  #state: State = { kind: 'idle' };
  /** Resolves when every wire that was told of its end is gone. */
  #gone: Promise<unknown> = Promise.resolve();
  #started = false;
  /** What no wire could take, and what wires that are gone threw away. */
  #droppedMs = 0;

  constructor(options: AgentLineOptions) {
    this.#options = options;
    this.rates = ratesOf(options.target);
    this.#speech = new SpeechWatch(options.target.speakWithinMs, () => {
      this.#dismiss('silent', 'the agent said nothing in the time it has', 'agent_lost');
    });
  }

  /** Caller sound that the agent did not get, milliseconds: nobody was there, or did not read. */
  get callerAudioDroppedMs(): number {
    return this.#droppedMs + (this.#connection()?.wire.callerAudioDroppedMs ?? 0);
  }

  /** Dials. `onReady` or `onFailed` follows; the first connection is not tried again. */
  connect(): void {
    if (this.#state.kind === 'idle') this.#dial(0);
  }

  /** The person is on the line. The agent is put on it when it is ready, and again after every reconnect. */
  start(): void {
    this.#started = true;
    this.#putOnLine();
  }

  /** See AgentWire; counted as dropped while the agent is not on the line. At `rates.callerRate` once it is ready. */
  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    const connection = this.#connection();
    if (this.#state.kind === 'closed' || connection?.hungUp === true) return;
    if (connection?.callerAudio(pcm, mediaTimeMs) !== true) this.#droppedMs += FRAME_MS;
  }

  callerDtmf(digit: string, durationMs: number): void {
    if (this.#state.kind === 'ready') this.#state.connection.wire.callerDtmf(digit, durationMs);
  }

  /** `name` as `onMark` gave it. */
  marked(name: string, cleared: boolean): void {
    this.#connection()?.marked(name, cleared);
  }

  /** Item ids as `onAudio` gave them. */
  cleared(items: readonly PlayedItem[], discardedMs: number): void {
    this.#connection()?.cleared(items, discardedMs);
  }

  instruct(instruction: AgentInstruction): void {
    this.#connection()?.wire.instruct(instruction);
  }

  /** Tells the agent why. Resolves when every connection of this line is gone. Idempotent. */
  async callEnded(reason: string): Promise<void> {
    this.#end(this.#leave(), reason);
    await this.#gone;
  }

  /** Closes at once, says nothing. */
  abort(): void {
    this.#leave()?.wire.abort();
  }

  #dial(attempt: number): void {
    const { target, context, listener, services, createWire = createAgentWire } = this.#options;
    const connection = new Connection(
      attempt,
      (fromWire) => createWire(target, context(attempt), fromWire, services),
      this.#owner,
      listener,
    );
    const timer = setTimeout(() => {
      this.#leave()?.wire.abort();
      this.#recover(attempt, false, TOO_LATE);
    }, target.connectTimeoutMs);
    this.#state = { kind: 'dialling', connection, timer, dialledAt: performance.now() };
    connection.wire.connect();
  }

  #putOnLine(): void {
    const connection = this.#connection();
    // The time to speak runs anew for a connection that has to be put on the line, and only while it is there.
    if (connection?.start() === true && connection === this.#connection() && !connection.hungUp) this.#speech.begin();
  }

  readonly #owner: ConnectionOwner = {
    onReady: () => {
      const state = this.#state;
      if (state.kind !== 'dialling') return;
      clearTimeout(state.timer);
      this.#state = { kind: 'ready', connection: state.connection };
      this.#options.listener.onReady(performance.now() - state.dialledAt);
      if (this.#started) this.#putOnLine();
    },
    onHangup: (drain, reason) => {
      if (this.#state.kind === 'dialling') {
        this.#dismiss('agent_error', 'the agent declined the call', 'agent_hangup');
      } else {
        this.#speech.stop();
        this.#options.listener.onHangup(drain, reason);
      }
    },
    onLost: (loss) => {
      const connection = this.#connection();
      if (connection === null) return;
      const { attempt, isReady, hungUp } = connection;
      // The wire closed its connection, or is about to; told so, it lets go of whatever else it holds.
      this.#end(this.#leave(), 'agent_lost');
      if (!hungUp) this.#recover(attempt, isReady, loss);
    },
    onSound: (pcm) => {
      if (pcm === null) this.#speech.heard();
      else this.#speech.audio(pcm);
    },
  };

  #recover(attempt: number, wasReady: boolean, loss: AgentLoss): void {
    // The first connection is not tried again: the call machine decides what an unavailable agent means.
    if (attempt === 0 && !wasReady) return this.#options.listener.onFailed(loss.code, loss.detail);
    const delay = reconnectDelayMs({
      attemptsMade: attempt,
      attemptsAllowed: this.#options.reconnectAttempts,
      retryable: loss.retryable,
    });
    if (delay === null) {
      return this.#options.listener.onFailed(loss.retryable ? 'socket_lost' : loss.code, loss.detail);
    }
    this.#state = { kind: 'waiting', timer: setTimeout(() => this.#dial(attempt + 1), delay) };
    this.#options.listener.onReconnecting(attempt + 1, loss.code);
  }

  /** Sends the agent away, which is told `reason`. */
  #dismiss(code: AgentFailure, detail: string, reason: string): void {
    this.#end(this.#leave(), reason);
    this.#options.listener.onFailed(code, detail);
  }

  #end(connection: Connection | null, reason: string): void {
    if (connection !== null) this.#gone = Promise.allSettled([this.#gone, connection.wire.callEnded(reason)]);
  }

  /** Closes the line: no timer of it runs on, nothing is emitted. Returns the connection there was, whose wire is to be ended. */
  #leave(): Connection | null {
    const state = this.#state;
    const connection = this.#connection();
    if (state.kind === 'dialling' || state.kind === 'waiting') clearTimeout(state.timer);
    this.#speech.stop();
    this.#droppedMs += connection?.wire.callerAudioDroppedMs ?? 0;
    connection?.leave();
    this.#state = { kind: 'closed' };
    return connection;
  }

  #connection(): Connection | null {
    return this.#state.kind === 'dialling' || this.#state.kind === 'ready' ? this.#state.connection : null;
  }
}
