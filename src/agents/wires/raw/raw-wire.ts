import { FRAME_MS, samplesPerFrame } from '../../../audio/index.ts';
import type { AgentInstruction, RawAgent } from '../../../call/index.ts';
import type { AgentLoss, AgentWire, CallContext, PlayedItem, WireListener, WireServices } from '../../agent.ts';
import { CallerQueue } from '../../net/caller-queue.ts';
import { broken, type SocketEnd } from '../../net/socket-end.ts';
import { WireSocket, type WireSocketListener, type WireSocketRequest } from '../../net/wire-socket.ts';
import { AgentInbox } from './agent-inbox.ts';
import type { BridgeMessage } from './bridge-messages.ts';
import { SUBPROTOCOL } from './limits.ts';
import { FrameRing } from './pcm.ts';
import { startMessage } from './start-message.ts';

type State =
  | { readonly kind: 'idle' }
  /** The agent was told of the call, or is about to be; it dials us. */
  | { readonly kind: 'invited'; readonly withdraw: () => void }
  /** There is a connection, or will be; the agent is not ready. */
  | { readonly kind: 'dialling'; readonly socket: WireSocket }
  | { readonly kind: 'ready'; readonly socket: WireSocket; readonly queue: CallerQueue }
  | { readonly kind: 'closed' };

/** More frames than CallerQueue lets wait in a socket, so that none is overwritten while it waits. */
const RING_FRAMES = 8;
/** Bytes of a masked websocket header on a frame of 126 to 65,535 bytes. */
const HEADER_BYTES = 8;

/** Speaks "talkwire raw v1" (docs/protocol.md) with one agent over one connection, which either side may dial. */
export class RawWire implements AgentWire {
  readonly #target: RawAgent;
  readonly #context: CallContext;
  readonly #listener: WireListener;
  readonly #services: WireServices;
  readonly #inbox: AgentInbox;
  #state: State = { kind: 'idle' };
  #gone: Promise<void> = Promise.resolve();
  #queue: CallerQueue | null = null;
  /** Caller sound of the time in which the agent was not ready. */
  #unheardMs = 0;
  #answered = false;
  #hungUp = false;

  constructor(target: RawAgent, context: CallContext, listener: WireListener, services: WireServices) {
    this.#target = target;
    this.#context = context;
    this.#listener = listener;
    this.#services = services;
    this.#inbox = new AgentInbox(
      {
        reply: (message) => this.#say(message),
        ready: () => this.#becomeReady(),
        takesAudio: () => this.#state.kind === 'ready' && !this.#hungUp,
        hangUp: (drain, reason) => this.#hangUp(drain, reason),
        giveUp: (detail) => this.#giveUp(broken('agent_error', false, detail), 1000),
        tooManyErrors: (detail) => this.#giveUp(broken('protocol_error', false, detail), 1008),
      },
      listener,
    );
  }

  get callerAudioDroppedMs(): number {
    return this.#unheardMs + (this.#queue?.droppedMs ?? 0);
  }

  connect(): void {
    if (this.#state.kind !== 'idle') return;
    const { entry } = this.#target;
    if (entry.kind === 'wait') {
      this.#invite();
    } else {
      const request = dialRequest(entry, this.#services.allowLinkLocal);
      this.#take((listener) => WireSocket.dial(request, listener));
    }
  }

  start(): void {
    if (this.#answered) return;
    this.#answered = true;
    if (this.#state.kind === 'ready') this.#say({ type: 'answered' });
  }

  /** The wire has no time stamps: what is not sent is told by `gap`, and a concealed frame is sound like any other. */
  callerAudio(pcm: Int16Array, mediaTimeMs: number, _concealed: boolean): void {
    const state = this.#state;
    if (!this.#answered || this.#hungUp || state.kind === 'closed') return;
    if (state.kind !== 'ready') {
      this.#unheardMs += FRAME_MS;
    } else if (!state.queue.push(pcm, mediaTimeMs)) {
      state.socket.cut();
      this.#fail(broken('stalled', false, 'the agent did not read for 5 s'));
    }
  }

  callerDtmf(digit: string, durationMs: number): void {
    if (this.#state.kind !== 'ready') return;
    this.#say({ type: 'dtmf', event: 'websocket:dtmf', digit, duration_ms: durationMs, duration: durationMs });
  }

  marked(name: string, cleared: boolean): void {
    const notify = this.#inbox.takeNotify(name);
    if (notify === null) this.#say({ type: 'marked', name, cleared });
    // Vonage has no word for a notify whose sound was cleared.
    else if (!cleared) this.#say({ type: 'notified', event: 'websocket:notify', payload: notify.payload });
  }

  cleared(items: readonly PlayedItem[], discardedMs: number): void {
    this.#say({
      type: 'cleared',
      event: 'websocket:cleared',
      items: items.map((item) => ({ id: item.itemId, played_ms: item.playedMs })),
      discarded_ms: discardedMs,
    });
  }

  instruct(instruction: AgentInstruction): void {
    if (this.#state.kind !== 'ready' || instruction.type !== 'message') return;
    this.#say({ type: 'message', data: instruction.data });
  }

  async callEnded(reason: string): Promise<void> {
    const socket = this.#leave();
    socket?.sendJson({
      type: 'end',
      reason,
      caller_audio_dropped_ms: this.callerAudioDroppedMs,
      messages_ignored: this.#inbox.ignored,
      messages_refused: this.#inbox.refused,
    } satisfies BridgeMessage);
    socket?.close(1000, 'call ended');
    await this.#gone;
  }

  abort(): void {
    this.#leave()?.cut();
  }

  #invite(): void {
    const withdraw = this.#services.door.invite({
      agentId: this.#target.id,
      key: this.#context.identity.id,
      waitMs: this.#target.connectTimeoutMs,
      onSocket: (accepted) => this.#take((listener) => WireSocket.adopt(accepted, listener, textPing)),
      onAbsent: () => this.#fail(broken('not_connected', true, 'the agent has no line open to the bridge')),
    });
    this.#state = { kind: 'invited', withdraw };
  }

  #take(open: (listener: WireSocketListener) => WireSocket): void {
    const socket = open({
      onOpen: () => this.#say(startMessage(this.#target, this.#context)),
      onText: (bytes) => this.#inbox.control(bytes),
      onBinary: (bytes) => this.#inbox.audio(bytes),
      onEnd: (end) => this.#onEnd(end),
    });
    this.#gone = socket.closed;
    this.#state = { kind: 'dialling', socket };
  }

  #becomeReady(): void {
    if (this.#state.kind !== 'dialling' || this.#hungUp) return;
    const { socket } = this.#state;
    const queue = this.#callerQueue(socket);
    this.#queue = queue;
    this.#state = { kind: 'ready', socket, queue };
    socket.watch();
    const answeredBefore = this.#answered;
    this.#listener.onReady();
    if (answeredBefore) this.#say({ type: 'answered' });
  }

  #callerQueue(socket: WireSocket): CallerQueue {
    const samples = samplesPerFrame(this.#target.sampleRate);
    const ring = new FrameRing(RING_FRAMES, samples);
    return new CallerQueue(socket, samples, samples * 2 + HEADER_BYTES, (pcm, _mediaTimeMs, gapMs) => {
      if (gapMs > 0) this.#say({ type: 'gap', dropped_ms: gapMs });
      socket.sendBinary(ring.write(pcm));
    });
  }

  #hangUp(drain: boolean, reason: string | null): void {
    if (this.#hungUp) return;
    this.#hungUp = true;
    this.#listener.onHangup(drain, reason);
  }

  /** The connection is gone, and not by our doing. */
  #onEnd(end: SocketEnd): void {
    if (end.kind === 'broken') {
      this.#fail(end);
    } else if (this.#state.kind !== 'closed') {
      this.#leave();
      if (!this.#hungUp) this.#listener.onHangup(true, end.reason);
    }
  }

  #giveUp(loss: AgentLoss, closeCode: number): void {
    this.#socket()?.close(closeCode, loss.detail);
    this.#fail(loss);
  }

  /** The end of this wire. Whoever calls has seen to the socket. */
  #fail({ code, retryable, detail }: AgentLoss): void {
    if (this.#state.kind === 'closed') return;
    this.#leave();
    if (!this.#hungUp) this.#listener.onLost({ code, retryable, detail });
  }

  /** Closes the wire: nothing is emitted any more. Returns the socket there was, for the caller to end. */
  #leave(): WireSocket | null {
    const socket = this.#socket();
    if (this.#state.kind === 'invited') this.#state.withdraw();
    this.#state = { kind: 'closed' };
    return socket;
  }

  #say(message: BridgeMessage): void {
    this.#socket()?.sendJson(message);
  }

  #socket(): WireSocket | null {
    return this.#state.kind === 'dialling' || this.#state.kind === 'ready' ? this.#state.socket : null;
  }
}

const textPing = () => JSON.stringify({ type: 'ping', id: null } satisfies BridgeMessage);

function dialRequest(entry: Extract<RawAgent['entry'], { kind: 'dial' }>, allowLinkLocal: boolean): WireSocketRequest {
  const { token, tokenIn } = entry;
  const inQuery = token !== null && tokenIn === 'query';
  return {
    url: inQuery ? withToken(entry.url, token) : entry.url,
    headers: token !== null && tokenIn === 'header' ? { Authorization: `Bearer ${token}` } : {},
    protocols: [SUBPROTOCOL],
    allowLinkLocal,
    textPing,
  };
}

function withToken(text: string, token: string): string {
  // WireSocket says what is wrong with a URL that is none.
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  url.searchParams.set('token', token);
  return url.href;
}
