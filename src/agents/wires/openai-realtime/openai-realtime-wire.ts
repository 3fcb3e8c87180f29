import { FRAME_MS, samplesPerFrame } from '../../../audio/index.ts';
import type { AgentInstruction, OpenAiRealtimeAgent } from '../../../call/index.ts';
import type { AgentLoss, AgentWire, CallContext, PlayedItem, WireListener, WireServices } from '../../agent.ts';
import { CallerQueue } from '../../net/caller-queue.ts';
import { broken, type SocketEnd } from '../../net/socket-end.ts';
import { WireSocket } from '../../net/wire-socket.ts';
import { createToolBox } from '../../tools/tool-box.ts';
import type { ToolBox } from '../../tools/tools.ts';
import { callBrief, opening, recentLines } from './call-brief.ts';
import { appendAudio, BYTES_PER_FRAME, updateSession } from './client-events.ts';
import { Conversation } from './conversation.ts';
import { endOfSession, setupFault } from './faults.ts';
import { diallingOf, PROFILES, type Profile } from './profiles.ts';
import { parseServerEvent, type ServerEvent } from './server-events.ts';
import { RATE, type SessionConfig, sessionConfig } from './session-config.ts';

type State =
  | { readonly kind: 'idle' }
  /** There is a connection, or will be. The session is configured at the first word of the service. */
  | { readonly kind: 'dialling'; readonly socket: WireSocket; configured: boolean }
  | { readonly kind: 'ready'; readonly socket: WireSocket; readonly queue: CallerQueue }
  | { readonly kind: 'closed' };

/** Events a service may send that we cannot read; the next one ends the connection. */
const MAX_MALFORMED = 100;
/** Faults of one connection that are logged. */
const MAX_WARNINGS = 10;
/** What the application says to the model, characters. */
const MAX_NOTE = 16_384;

/** Speaks OpenAI's Realtime API (GA) with one model, at any of the services that have it (profiles.ts). */
export class OpenAiRealtimeWire implements AgentWire {
  readonly #target: OpenAiRealtimeAgent;
  readonly #context: CallContext;
  readonly #listener: WireListener;
  readonly #services: WireServices;
  readonly #profile: Profile;
  readonly #tools: ToolBox;
  readonly #brief: string;
  readonly #config: SessionConfig;
  readonly #conversation: Conversation;
  readonly #dialling: ReturnType<typeof diallingOf>;
  #state: State = { kind: 'idle' };
  #gone: Promise<void> = Promise.resolve();
  #queue: CallerQueue | null = null;
  #unconfirmed: NodeJS.Timeout | undefined;
  /** Caller sound of the time in which the session was not ready. */
  #unheardMs = 0;
  #started = false;
  #hungUp = false;
  #malformed = 0;
  #warnings = 0;

  constructor(target: OpenAiRealtimeAgent, context: CallContext, listener: WireListener, services: WireServices) {
    this.#target = target;
    this.#context = context;
    this.#listener = listener;
    this.#services = services;
    this.#profile = PROFILES[target.profile];
    this.#dialling = diallingOf(target, context);
    this.#brief = callBrief(target, context);
    this.#tools = createToolBox({
      definitions: target.tools,
      webhook: target.toolWebhook,
      identity: context.identity,
      allowLinkLocal: services.allowLinkLocal,
    });
    this.#config = sessionConfig({
      target,
      profile: this.#profile,
      model: this.#dialling.sessionModel,
      tools: this.#tools.definitions,
      brief: this.#brief,
    });
    this.#conversation = new Conversation({
      config: this.#config,
      truncates: this.#profile.truncates,
      tools: this.#tools,
      listener,
      owner: {
        say: (event) => this.#socket()?.sendText(event),
        hangUp: (reason) => this.#hangUp(reason),
        giveUp: (loss) => this.#giveUp(loss, 1000),
        warn: (code) => this.#warn(code),
      },
    });
  }

  get callerAudioDroppedMs(): number {
    return this.#unheardMs + (this.#queue?.droppedMs ?? 0);
  }

  connect(): void {
    if (this.#state.kind !== 'idle') return;
    const { url, headers } = this.#dialling;
    const socket = WireSocket.dial(
      { url, headers, allowLinkLocal: this.#services.allowLinkLocal },
      {
        onOpen: () => {},
        onText: (bytes) => this.#onEvent(parseServerEvent(bytes)),
        // No service sends sound so unless it is asked to.
        onBinary: () => this.#onEvent({ kind: 'malformed' }),
        onEnd: (end) => this.#onEnd(endOfSession(end)),
      },
    );
    this.#gone = socket.closed;
    this.#state = { kind: 'dialling', socket, configured: false };
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    if (this.#state.kind === 'ready') this.#begin();
  }

  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    const state = this.#state;
    if (!this.#started || this.#hungUp || state.kind === 'closed') return;
    if (state.kind !== 'ready') {
      this.#unheardMs += FRAME_MS;
    } else if (!state.queue.push(pcm, mediaTimeMs)) {
      state.socket.cut();
      this.#fail(broken('stalled', false, 'the agent did not read for 5 s'));
    }
  }

  callerDtmf(digit: string): void {
    if (this.#state.kind === 'ready' && this.#started && !this.#hungUp) this.#conversation.press(digit);
  }

  /** This wire sets no marks. */
  marked(): void {}

  cleared(items: readonly PlayedItem[]): void {
    if (this.#state.kind === 'ready') this.#conversation.heard(items);
  }

  /** A message of the application is told to the model, which knows it from its next response on. */
  instruct(instruction: AgentInstruction): void {
    if (this.#state.kind !== 'ready' || instruction.type !== 'message') return;
    const { data } = instruction;
    const text = typeof data === 'string' ? data : (JSON.stringify(data) ?? '');
    if (text !== '') this.#conversation.note(text.slice(0, MAX_NOTE));
  }

  async callEnded(): Promise<void> {
    this.#leave()?.close(1000, 'call ended');
    await this.#gone;
  }

  abort(): void {
    this.#leave()?.cut();
  }

  #onEvent(event: ServerEvent): void {
    const state = this.#state;
    if (event.kind === 'malformed') return this.#onMalformed();
    if (state.kind === 'ready') return this.#conversation.take(event);
    if (state.kind !== 'dialling') return;
    if (event.kind === 'error') return this.#giveUp(setupFault(event.code), 1000);
    if (!state.configured) this.#configure(state);
    else if (event.kind === 'configured') this.#becomeReady();
  }

  #configure(state: Extract<State, { kind: 'dialling' }>): void {
    state.configured = true;
    state.socket.sendText(updateSession(this.#config.session));
    const { confirmsWithinMs } = this.#profile;
    if (confirmsWithinMs !== null) this.#unconfirmed = setTimeout(() => this.#becomeReady(), confirmsWithinMs);
  }

  #becomeReady(): void {
    if (this.#state.kind !== 'dialling') return;
    clearTimeout(this.#unconfirmed);
    const { socket } = this.#state;
    const queue = new CallerQueue(socket, samplesPerFrame(RATE), BYTES_PER_FRAME, (pcm) => {
      socket.sendText(appendAudio(pcm));
    });
    this.#queue = queue;
    this.#state = { kind: 'ready', socket, queue };
    socket.watch();
    if (!this.#config.briefs) this.#conversation.note(this.#brief);
    this.#conversation.recall(recentLines(this.#context.transcript));
    const startedBefore = this.#started;
    this.#listener.onReady();
    if (startedBefore) this.#begin();
  }

  /** The person is on the line, and the model is ready. */
  #begin(): void {
    const words = opening(this.#target, this.#context);
    if (words !== null) this.#conversation.speak(words);
  }

  #onMalformed(): void {
    this.#malformed += 1;
    if (this.#malformed <= MAX_MALFORMED) return;
    this.#giveUp(broken('protocol_error', false, `more than ${MAX_MALFORMED} events could not be read`), 1008);
  }

  #hangUp(reason: string | null): void {
    if (this.#hungUp) return;
    this.#hungUp = true;
    this.#listener.onHangup(true, reason);
  }

  /** The connection is gone, and not by our doing. */
  #onEnd(end: SocketEnd): void {
    if (end.kind === 'broken') {
      this.#fail(end);
    } else if (this.#state.kind !== 'closed') {
      this.#leave();
      this.#hangUp(end.reason);
    }
  }

  #giveUp(loss: AgentLoss, closeCode: number): void {
    this.#socket()?.close(closeCode, '');
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
    this.#state = { kind: 'closed' };
    clearTimeout(this.#unconfirmed);
    this.#conversation.close();
    this.#tools.close();
    return socket;
  }

  #socket(): WireSocket | null {
    return this.#state.kind === 'dialling' || this.#state.kind === 'ready' ? this.#state.socket : null;
  }

  #warn(code: string): void {
    this.#warnings += 1;
    if (this.#warnings <= MAX_WARNINGS)
      this.#services.warn('the agent reported an error', { agent: this.#target.id, code });
  }
}
