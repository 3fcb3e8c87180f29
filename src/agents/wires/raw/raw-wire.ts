import { samplesPerFrame } from '../../../audio/index.ts';
import type { AgentInstruction, RawAgent } from '../../../call/index.ts';
import type { AgentWire, CallContext, PlayedItem, WireListener, WireServices } from '../../agent.ts';
import { CallerQueue } from '../../net/caller-queue.ts';
import { broken } from '../../net/socket-end.ts';
import { WireSocket, type WireSocketListener, type WireSocketRequest } from '../../net/wire-socket.ts';
import { WireLife } from '../common/wire-life.ts';
import { AgentInbox } from './agent-inbox.ts';
import type { BridgeMessage } from './bridge-messages.ts';
import { FrameRing } from './frame-ring.ts';
import { SUBPROTOCOL } from './limits.ts';
import { startMessage } from './start-message.ts';

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
  readonly #life: WireLife;
  /** Takes back the invitation of an agent that dials us. */
  #withdraw: () => void = () => {};

  constructor(target: RawAgent, context: CallContext, listener: WireListener, services: WireServices) {
    this.#target = target;
    this.#context = context;
    this.#listener = listener;
    this.#services = services;
    this.#life = new WireLife(listener, () => this.#withdraw());
    this.#inbox = new AgentInbox(
      {
        reply: (message) => this.#say(message),
        ready: () => this.#becomeReady(),
        takesAudio: () => this.#life.isTalking,
        hangUp: (drain, reason) => this.#life.hangUp(drain, reason),
        giveUp: (detail) => this.#life.giveUp(broken('agent_error', false, detail), 1000),
        tooManyErrors: (detail) => this.#life.giveUp(broken('protocol_error', false, detail), 1008),
      },
      listener,
    );
  }

  get callerAudioDroppedMs(): number {
    return this.#life.callerAudioDroppedMs;
  }

  connect(): void {
    if (!this.#life.connect()) return;
    const { entry } = this.#target;
    if (entry.kind === 'wait') {
      this.#invite();
    } else {
      const request = dialRequest(entry, this.#services.allowLinkLocal);
      this.#take((listener) => WireSocket.dial(request, listener));
    }
  }

  start(): void {
    if (this.#life.start()) this.#say({ type: 'answered' });
  }

  /** The wire has no time stamps: what is not sent is told by `gap`. */
  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    this.#life.callerAudio(pcm, mediaTimeMs);
  }

  callerDtmf(digit: string, durationMs: number): void {
    if (!this.#life.isReady) return;
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
    if (!this.#life.isReady || instruction.type !== 'message') return;
    this.#say({ type: 'message', data: instruction.data });
  }

  async callEnded(reason: string): Promise<void> {
    this.#say({
      type: 'end',
      reason,
      caller_audio_dropped_ms: this.callerAudioDroppedMs,
      messages_ignored: this.#inbox.ignored,
      messages_refused: this.#inbox.refused,
    });
    await this.#life.end();
  }

  abort(): void {
    this.#life.abort();
  }

  #invite(): void {
    this.#withdraw = this.#services.door.invite({
      agentId: this.#target.id,
      key: this.#context.identity.id,
      waitMs: this.#target.connectTimeoutMs,
      onSocket: (accepted) => this.#take((listener) => WireSocket.adopt(accepted, listener, textPing)),
      onAbsent: () => this.#life.lose(broken('not_connected', true, 'the agent has no line open to the bridge')),
    });
  }

  #take(open: (listener: WireSocketListener) => WireSocket): void {
    const socket = open({
      onOpen: () => this.#say(startMessage(this.#target, this.#context)),
      onText: (bytes) => this.#inbox.control(bytes),
      onBinary: (bytes) => this.#inbox.audio(bytes),
      onEnd: (end) => this.#life.ended(end),
    });
    this.#life.take(socket);
  }

  #becomeReady(): void {
    if (this.#life.becomeReady((socket) => this.#callerQueue(socket))) this.#listener.onReady();
  }

  #callerQueue(socket: WireSocket): CallerQueue {
    const samples = samplesPerFrame(this.#target.sampleRate);
    const ring = new FrameRing(RING_FRAMES, samples);
    return new CallerQueue(socket, samples, samples * 2 + HEADER_BYTES, (pcm, _mediaTimeMs, gapMs) => {
      if (gapMs > 0) this.#say({ type: 'gap', dropped_ms: gapMs });
      socket.sendBinary(ring.write(pcm));
    });
  }

  #say(message: BridgeMessage): void {
    this.#life.socket?.sendJson(message);
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
