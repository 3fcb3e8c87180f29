import { FRAME_MS } from '../../../audio/index.ts';
import type { AgentInstruction, ElevenLabsAgent } from '../../../call/index.ts';
import type { AgentLoss, AgentWire, CallContext, WireListener, WireServices } from '../../agent.ts';
import { AgentHttpError } from '../../net/http.ts';
import { broken, type SocketEnd, STALLED } from '../../net/socket-end.ts';
import { WireSocket } from '../../net/wire-socket.ts';
import { createToolBox } from '../../tools/tool-box.ts';
import type { ToolBox } from '../../tools/tools.ts';
import { AgentTexts } from './agent-texts.ts';
import type { AudioFormat } from './audio-format.ts';
import { CallerSpeech } from './caller-speech.ts';
import { Conversation } from './conversation.ts';
import { conversationUrl } from './conversation-url.ts';
import { handoverText, initiationMessage } from './initiation.ts';
import { lossOf } from './loss-of.ts';

interface Open {
  /** Opened while the phone still rang. */
  readonly early: boolean;
  readonly socket: WireSocket;
  readonly conversation: Conversation;
  readonly speech: CallerSpeech;
}

type State =
  | { readonly kind: 'idle' }
  /** The service is asked for a URL. */
  | { readonly kind: 'asking'; readonly request: AbortController }
  | ({ readonly kind: 'dialling' } & Open)
  /** The agent can be told of the call. */
  | ({ readonly kind: 'waiting' } & Open)
  /** The service did not wait for the person; it is dialled again when they are there. */
  | { readonly kind: 'lapsed' }
  /** The agent was told of the call. */
  | ({ readonly kind: 'beginning' } & Open)
  | ({ readonly kind: 'talking' } & Open)
  | { readonly kind: 'closed' };

/** What the bridge hears and makes on this wire, Hz (ratesOf); the agent's own formats are converted. */
const RATE = 16_000;
const SUBPROTOCOL = 'convai';
/** From the agent's `end_call` until it must have closed, milliseconds. */
const END_GRACE_MS = 2_000;

/**
 * Speaks with an agent of ElevenLabs, in one conversation.
 *
 * A conversation begins, and the agent greets, when the service gets the first message. So the socket is opened while the
 * phone still rings, which shows early that the agent is to be had and leaves one round trip for when the call is answered;
 * the first message goes out when the person is on the line. Nothing says that the service waits for it as long as a phone
 * may ring: if it closes before, or begins by itself and so without the facts of the call, that socket was for nothing and
 * another one is opened when the person is there.
 */
export class ElevenLabsWire implements AgentWire {
  readonly #target: ElevenLabsAgent;
  readonly #context: CallContext;
  readonly #listener: WireListener;
  readonly #services: WireServices;
  readonly #tools: ToolBox;
  readonly #texts = new AgentTexts();
  #state: State = { kind: 'idle' };
  #ready = false;
  #started = false;
  #hungUp = false;
  /** From `start` until the agent must have begun, or from its `end_call` until it must have closed. */
  #deadline: NodeJS.Timeout | undefined;
  #gone: Promise<unknown> = Promise.resolve();
  /** Of the time in which there was no conversation, and of those that are over. */
  #droppedMs = 0;

  constructor(target: ElevenLabsAgent, context: CallContext, listener: WireListener, services: WireServices) {
    this.#target = target;
    this.#context = context;
    this.#listener = listener;
    this.#services = services;
    this.#tools = createToolBox({
      // The service keeps the list.
      definitions: null,
      webhook: target.toolWebhook,
      identity: context.identity,
      allowLinkLocal: services.allowLinkLocal,
    });
  }

  get callerAudioDroppedMs(): number {
    return this.#droppedMs + (this.#open()?.speech.droppedMs ?? 0);
  }

  connect(): void {
    if (this.#state.kind === 'idle') this.#ask();
  }

  start(): void {
    if (this.#started || this.#state.kind === 'closed') return;
    this.#started = true;
    if (this.#state.kind === 'waiting') this.#begin(this.#state);
    else if (this.#state.kind === 'lapsed') this.#ask();
    this.#deadline = setTimeout(() => {
      this.#open()?.socket.cut();
      this.#lose(broken('connect_timeout', true, 'the agent did not begin the conversation in time'));
    }, this.#target.connectTimeoutMs);
  }

  /** The wire has no time stamps: a hole in what the agent hears is not told. */
  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    if (this.#hungUp || !this.#started || this.#state.kind === 'closed') return;
    const open = this.#open();
    if (open === null) {
      this.#droppedMs += FRAME_MS;
    } else if (!open.speech.push(pcm, mediaTimeMs)) {
      open.socket.cut();
      this.#lose(STALLED);
    }
  }

  callerDtmf(digit: string): void {
    if (!this.#hungUp && this.#state.kind !== 'closed') this.#texts.press(digit);
  }

  /** This wire sets no marks, and the service makes its own guess at what was heard. */
  marked(): void {}

  cleared(): void {}

  instruct(instruction: AgentInstruction): void {
    if (instruction.type === 'message') this.#texts.note(instruction.data);
  }

  /** The protocol has no word for why. */
  async callEnded(): Promise<void> {
    this.#leave()?.close(1000, 'call ended');
    await this.#gone;
  }

  abort(): void {
    this.#leave()?.cut();
  }

  #ask(): void {
    const request = new AbortController();
    this.#state = { kind: 'asking', request };
    conversationUrl(this.#target, this.#services.allowLinkLocal, request.signal).then(
      (url) => {
        if (!request.signal.aborted) this.#dial(url);
      },
      (error: unknown) => {
        const unknown = broken('connect_refused', true, 'the agent could not be asked for');
        if (!request.signal.aborted) this.#lose(error instanceof AgentHttpError ? error.loss : unknown);
      },
    );
  }

  #dial(url: string): void {
    const socket = WireSocket.dial(
      { url, protocols: [SUBPROTOCOL], allowLinkLocal: this.#services.allowLinkLocal },
      {
        onOpen: () => this.#onOpen(),
        onText: (bytes) => conversation.hear(bytes),
        onBinary: () => conversation.refuse(),
        onEnd: (end) => this.#onEnd(end),
      },
    );
    const conversation = new Conversation(RATE, this.#listener, this.#tools, {
      say: (message) => this.#say(message),
      begun: (callerFormat) => this.#onBegun(callerFormat),
      hangUp: (reason) => this.#hangUp(reason),
      ending: () => this.#onEnding(),
      broken: (detail) => {
        this.#open()?.socket.close(1008, detail);
        this.#lose(broken('protocol_error', false, detail));
      },
    });
    this.#gone = Promise.all([this.#gone, socket.closed]);
    const speech = new CallerSpeech(socket, RATE);
    this.#state = { kind: 'dialling', early: !this.#started, socket, conversation, speech };
  }

  #onOpen(): void {
    if (this.#state.kind !== 'dialling') return;
    this.#state.socket.watch();
    this.#state = { ...this.#state, kind: 'waiting' };
    if (!this.#ready) {
      this.#ready = true;
      this.#listener.onReady();
    }
    const state: State = this.#state;
    // Opened again after the person came: the first was for nothing.
    if (this.#started && state.kind === 'waiting') this.#begin(state);
  }

  #begin(open: Open): void {
    this.#state = { ...open, kind: 'beginning' };
    open.socket.sendJson(initiationMessage(this.#target, this.#context));
  }

  #onBegun(callerFormat: AudioFormat): void {
    if (this.#state.kind === 'waiting') return this.#lapse(this.#state);
    if (this.#state.kind !== 'beginning') return;
    clearTimeout(this.#deadline);
    this.#state = { ...this.#state, kind: 'talking' };
    this.#state.speech.begin(callerFormat);
    const handover = handoverText(this.#context);
    if (handover !== null) this.#say({ type: 'contextual_update', text: handover });
    this.#texts.begin((message) => this.#say(message));
  }

  #lapse({ socket }: Open): void {
    socket.cut();
    this.#state = { kind: 'lapsed' };
  }

  /** It says goodbye before it closes, and what it says is to be heard. */
  #onEnding(): void {
    if (this.#state.kind !== 'talking' || this.#hungUp) return;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#hangUp(null), END_GRACE_MS);
  }

  #hangUp(reason: string | null): void {
    if (this.#hungUp || this.#state.kind !== 'talking') return;
    this.#hungUp = true;
    clearTimeout(this.#deadline);
    this.#texts.forgetKeys();
    const { conversation } = this.#state;
    conversation.settle();
    conversation.close();
    this.#listener.onHangup(true, reason);
  }

  /** The socket is gone, and not by our doing. */
  #onEnd(end: SocketEnd): void {
    const state = this.#state;
    if (isUnused(state) && (end.kind === 'closed' || end.retryable)) {
      this.#lapse(state);
      // It closed just when the call was answered.
      if (this.#started) this.#ask();
    } else if (state.kind === 'talking' && end.kind === 'closed' && end.code === 1000) {
      this.#hangUp(end.reason);
      this.#leave();
    } else {
      this.#lose(lossOf(end, this.#open()?.conversation.errorType ?? null));
    }
  }

  /** The end of this wire. Whoever calls has seen to the socket. */
  #lose({ code, retryable, detail }: AgentLoss): void {
    if (this.#state.kind === 'closed') return;
    this.#open()?.conversation.settle();
    this.#leave();
    if (!this.#hungUp) this.#listener.onLost({ code, retryable, detail });
  }

  /** Closes the wire: nothing is emitted any more. Returns the socket there was, for the caller to end. */
  #leave(): WireSocket | null {
    const state = this.#state;
    const open = this.#open();
    this.#droppedMs += open?.speech.droppedMs ?? 0;
    open?.conversation.close();
    this.#state = { kind: 'closed' };
    if (state.kind === 'asking') state.request.abort();
    clearTimeout(this.#deadline);
    this.#texts.forgetKeys();
    this.#tools.close();
    return open?.socket ?? null;
  }

  #say(message: object): void {
    this.#open()?.socket.sendJson(message);
  }

  #open(): Open | null {
    return 'socket' in this.#state ? this.#state : null;
  }
}

/** Opened early, and the agent never said a word over it. */
function isUnused(state: State): state is Extract<State, Open> {
  return state.kind === 'waiting' || (state.kind === 'beginning' && state.early);
}
