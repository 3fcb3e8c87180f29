import type { AgentLoss, WireListener } from '../../agent.ts';
import type { CallerQueue } from '../../net/caller-queue.ts';
import { type SocketEnd, STALLED } from '../../net/socket-end.ts';
import type { WireSocket } from '../../net/wire-socket.ts';

/**
 * The life of a wire that has one socket, as far as it is the same in every protocol: says how it ends to the listener, once
 * and nothing after it, and sends caller sound while there is somebody to hear it.
 */
export class WireLife {
  readonly #listener: Pick<WireListener, 'onHangup' | 'onLost'>;
  readonly #onClosed: () => void;
  #phase: 'new' | 'connecting' | 'ready' | 'closed' = 'new';
  #socket: WireSocket | null = null;
  #queue: CallerQueue | null = null;
  #started = false;
  #hungUp = false;

  /** `onClosed` is called once, when nothing of the wire may go on any more; the listener hears of it after that. */
  constructor(listener: Pick<WireListener, 'onHangup' | 'onLost'>, onClosed: () => void) {
    this.#listener = listener;
    this.#onClosed = onClosed;
  }

  /** Null before there is one, and when the wire is closed. */
  get socket(): WireSocket | null {
    return this.#phase === 'closed' ? null : this.#socket;
  }

  /** On its way to be ready. */
  get isConnecting(): boolean {
    return this.#phase === 'connecting';
  }

  /** The agent can be told things. */
  get isReady(): boolean {
    return this.#phase === 'ready';
  }

  /** The agent takes part: it is ready, and has not hung up. */
  get isTalking(): boolean {
    return this.isReady && !this.#hungUp;
  }

  /** The person is on the line. */
  get isStarted(): boolean {
    return this.#started;
  }

  /** See AgentWire. */
  get callerAudioDroppedMs(): number {
    return this.#queue?.droppedMs ?? 0;
  }

  /** False if this is not the wire's first connect, or comes after its end. */
  connect(): boolean {
    if (this.#phase !== 'new') return false;
    this.#phase = 'connecting';
    return true;
  }

  /** The socket that the wire dialled or was given. Its end is to be told to `ended`. */
  take(socket: WireSocket): void {
    this.#socket = socket;
  }

  /** The agent is ready. False if it was before, or cannot be any more. */
  becomeReady(queueFor: (socket: WireSocket) => CallerQueue): boolean {
    if (this.#phase !== 'connecting' || this.#hungUp || this.#socket === null) return false;
    this.#phase = 'ready';
    this.#queue = queueFor(this.#socket);
    this.#socket.watch();
    return true;
  }

  /** The person is on the line. False if they were before, or nobody is there for them. */
  start(): boolean {
    if (this.#started || !this.isTalking) return false;
    this.#started = true;
    return true;
  }

  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    if (!this.#started || !this.isTalking || this.#queue === null) return;
    if (!this.#queue.push(pcm, mediaTimeMs)) this.lose(STALLED);
  }

  /** The agent hangs up. Its connection stays until the call is over, or it closes it. */
  hangUp(drain: boolean, reason: string | null): void {
    if (this.#hungUp) return;
    this.#hungUp = true;
    this.#listener.onHangup(drain, reason);
  }

  /** The socket is gone, and not by our doing. An agent that closes in good order hangs up. */
  ended(end: SocketEnd): void {
    if (end.kind === 'broken') return this.lose(end);
    if (this.#leave()) this.hangUp(true, end.reason);
  }

  /** The agent is of no use; it is told why. */
  giveUp(loss: AgentLoss, closeCode: number): void {
    this.socket?.close(closeCode, loss.detail);
    this.#fail(loss);
  }

  /** The agent is lost, without a word to it. */
  lose(loss: AgentLoss): void {
    this.socket?.cut();
    this.#fail(loss);
  }

  /** Says goodbye. Resolves when the socket is gone. */
  async end(): Promise<void> {
    this.socket?.close(1000, 'call ended');
    this.#leave();
    await this.#socket?.closed;
  }

  abort(): void {
    this.socket?.cut();
    this.#leave();
  }

  #fail({ code, retryable, detail }: AgentLoss): void {
    if (this.#leave() && !this.#hungUp) this.#listener.onLost({ code, retryable, detail });
  }

  /** False if it was closed before. */
  #leave(): boolean {
    if (this.#phase === 'closed') return false;
    this.#phase = 'closed';
    this.#onClosed();
    return true;
  }
}
