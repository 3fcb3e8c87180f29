import type { AgentFailure, AgentTarget, SampleRate } from '../../../call/index.ts';
import type { AgentListener, AgentWire, CallContext, PlayedItem } from '../../agent.ts';
import { AgentInbox } from './agent-inbox.ts';
import { AgentSocket } from './agent-socket.ts';
import { CallerAudio } from './caller-audio.ts';
import { reconnectDelayMs } from './reconnect-policy.ts';
import { type BrokenSocket, broken, type SocketEnd } from './socket-end.ts';
import { startMessage } from './start-message.ts';

/** `attempt` is 0 for the first connection of the call, then 1, 2, … */
type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'dialling';
      readonly attempt: number;
      readonly socket: AgentSocket;
      readonly timer: NodeJS.Timeout;
      readonly dialledAt: number;
    }
  | { readonly kind: 'ready'; readonly attempt: number; readonly socket: AgentSocket }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'closed' };

/** Speaks "talkwire raw v1" (docs/protocol.md) with the agent of one call, over as many connections as that takes. */
export class RawWire implements AgentWire {
  readonly sampleRate: SampleRate;
  readonly #target: AgentTarget;
  readonly #context: CallContext;
  readonly #listener: AgentListener;
  readonly #callerAudio: CallerAudio;
  readonly #inbox: AgentInbox;
  #state: State = { kind: 'idle' };
  /** Resolves when every socket of this wire is gone. */
  #gone: Promise<unknown> = Promise.resolve();
  #answered = false;
  #hungUp = false;

  constructor(target: AgentTarget, context: CallContext, listener: AgentListener) {
    this.sampleRate = target.sampleRate;
    this.#target = target;
    this.#context = context;
    this.#listener = listener;
    this.#callerAudio = new CallerAudio(target.sampleRate);
    this.#inbox = new AgentInbox(
      {
        reply: (message) => this.#socket()?.sendControl(message),
        ready: () => this.#becomeReady(),
        takesAudio: () => this.#state.kind === 'ready' && !this.#hungUp,
        hangUp: (drain, reason) => this.#hangUp(drain, reason),
        giveUp: (detail) => this.#giveUp('agent_error', detail, 1000),
        tooManyErrors: (detail) => this.#giveUp('protocol_error', detail, 1008),
      },
      listener,
    );
  }

  get callerAudioDroppedMs(): number {
    return this.#callerAudio.droppedMs;
  }

  connect(): void {
    if (this.#state.kind === 'idle') this.#dial(0);
  }

  start(): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#readySocket()?.sendControl({ type: 'answered' });
  }

  /** The wire has no time stamps: what is not sent is told by `gap`, and a concealed frame is sound like any other. */
  callerAudio(pcm: Int16Array, _mediaTimeMs: number, _concealed: boolean): void {
    if (!this.#answered || this.#hungUp || this.#state.kind === 'closed') return;
    const socket = this.#readySocket();
    if (socket === null) {
      this.#callerAudio.drop();
    } else if (!this.#callerAudio.send(socket, pcm)) {
      socket.cut();
      this.#fail('stalled', 'the agent did not read for 5 s');
    }
  }

  callerDtmf(digit: string, durationMs: number): void {
    const socket = this.#readySocket();
    socket?.sendControl({
      type: 'dtmf',
      event: 'websocket:dtmf',
      digit,
      duration_ms: durationMs,
      duration: durationMs,
    });
  }

  marked(name: string, cleared: boolean): void {
    const socket = this.#socket();
    const notify = this.#inbox.takeNotify(name);
    if (notify === null) socket?.sendControl({ type: 'marked', name, cleared });
    // Vonage has no word for a notify whose sound was cleared.
    else if (!cleared) socket?.sendControl({ type: 'notified', event: 'websocket:notify', payload: notify.payload });
  }

  cleared(items: readonly PlayedItem[], discardedMs: number): void {
    this.#socket()?.sendControl({
      type: 'cleared',
      event: 'websocket:cleared',
      items: items.map((item) => ({ id: item.itemId, played_ms: item.playedMs })),
      discarded_ms: discardedMs,
    });
  }

  async callEnded(reason: string): Promise<void> {
    const socket = this.#leave();
    socket?.sendControl({
      type: 'end',
      reason,
      caller_audio_dropped_ms: this.#callerAudio.droppedMs,
      messages_ignored: this.#inbox.ignored,
      messages_refused: this.#inbox.refused,
    });
    socket?.close(1000, 'call ended');
    await this.#gone;
  }

  abort(): void {
    this.#leave()?.cut();
  }

  #dial(attempt: number): void {
    this.#inbox.restart();
    this.#callerAudio.restart();
    const socket = new AgentSocket(this.#target, {
      onOpen: () => socket.sendControl(startMessage(this.#target, this.#context, attempt)),
      onControl: (bytes) => this.#inbox.control(bytes),
      onAudio: (bytes) => this.#inbox.audio(bytes),
      onEnd: (end) => this.#onEnd(end),
    });
    this.#gone = Promise.all([this.#gone, socket.closed]);
    const timer = setTimeout(() => {
      socket.close(4408, 'not ready in time');
      this.#onEnd(broken('connect_timeout', true, 'the agent was not ready in time'));
    }, this.#target.connectTimeoutMs);
    this.#state = { kind: 'dialling', attempt, socket, timer, dialledAt: performance.now() };
  }

  #becomeReady(): void {
    const state = this.#state;
    if (state.kind !== 'dialling') return;
    clearTimeout(state.timer);
    this.#state = { kind: 'ready', attempt: state.attempt, socket: state.socket };
    state.socket.watch();
    const answeredBefore = this.#answered;
    this.#listener.onReady(performance.now() - state.dialledAt);
    if (answeredBefore) this.#readySocket()?.sendControl({ type: 'answered' });
  }

  #hangUp(drain: boolean, reason: string | null): void {
    if (this.#state.kind === 'dialling') {
      this.#giveUp('agent_error', 'the agent declined the call', 1000);
    } else if (!this.#hungUp) {
      this.#hungUp = true;
      this.#listener.onHangup(drain, reason);
    }
  }

  /** The connection is gone, and not by our doing. */
  #onEnd(end: SocketEnd): void {
    const state = this.#state;
    if (state.kind !== 'dialling' && state.kind !== 'ready') return;
    if (this.#hungUp) {
      this.#leave();
    } else if (end.kind === 'broken') {
      this.#onLost(state, end);
    } else if (state.kind === 'ready') {
      this.#leave();
      this.#listener.onHangup(true, end.reason);
    } else {
      this.#fail('agent_error', 'the agent closed before it was ready');
    }
  }

  #onLost(state: { readonly kind: 'dialling' | 'ready'; readonly attempt: number }, lost: BrokenSocket): void {
    // The first connection is not tried again: the call machine decides what an unavailable agent means.
    if (state.kind === 'dialling' && state.attempt === 0) {
      this.#fail(lost.code, lost.detail);
      return;
    }
    const delay = reconnectDelayMs({
      attemptsMade: state.attempt,
      attemptsAllowed: this.#target.reconnectAttempts,
      retryable: lost.retryable,
    });
    if (delay === null) {
      this.#fail(lost.retryable ? 'socket_lost' : lost.code, lost.detail);
      return;
    }
    this.#leave();
    const attempt = state.attempt + 1;
    this.#state = { kind: 'waiting', timer: setTimeout(() => this.#dial(attempt), delay) };
    this.#listener.onReconnecting(attempt, lost.code);
  }

  #giveUp(code: AgentFailure, detail: string, closeCode: number): void {
    this.#socket()?.close(closeCode, detail);
    this.#fail(code, detail);
  }

  /** The end of this wire. Whoever calls has seen to the socket. */
  #fail(code: AgentFailure, detail: string): void {
    if (this.#state.kind === 'closed') return;
    this.#leave();
    if (!this.#hungUp) this.#listener.onFailed(code, detail);
  }

  /** Closes the wire: no timer of it runs on, nothing is emitted. Returns the socket there was, for the caller to end. */
  #leave(): AgentSocket | null {
    const state = this.#state;
    const socket = this.#socket();
    if (state.kind === 'dialling' || state.kind === 'waiting') clearTimeout(state.timer);
    this.#state = { kind: 'closed' };
    return socket;
  }

  #socket(): AgentSocket | null {
    return this.#state.kind === 'dialling' || this.#state.kind === 'ready' ? this.#state.socket : null;
  }

  #readySocket(): AgentSocket | null {
    return this.#state.kind === 'ready' ? this.#state.socket : null;
  }
}
