import { FRAME_MS, samplesPerFrame } from '../../../audio/index.ts';
import type { AgentInstruction, PipecatAgent, TokenPlace } from '../../../call/index.ts';
import type { AgentLoss, AgentWire, CallContext, WireListener, WireServices } from '../../agent.ts';
import { CallerQueue } from '../../net/caller-queue.ts';
import { AgentHttpError } from '../../net/http.ts';
import type { SocketEnd } from '../../net/socket-end.ts';
import { WireSocket, type WireSocketRequest } from '../../net/wire-socket.ts';
import { BotInbox } from './bot-inbox.ts';
import { type CallBody, callBody, queryBody } from './call-body.ts';
import { AudioEncoder, encodeMessage } from './frame-codec.ts';
import { RtviClient } from './rtvi.ts';
import { startBot } from './start-bot.ts';

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'starting'; readonly abort: AbortController }
  | { readonly kind: 'dialling' | 'open'; readonly socket: WireSocket }
  | { readonly kind: 'closed' };

/** What of a caller frame is not sound: protobuf and websocket headers, bytes. */
const ENVELOPE_BYTES = 32;

/**
 * Speaks Pipecat's protobuf frames with a bot (agent-protocols.md §1). The bot counts as ready when the socket is open:
 * one without RTVI never says that it is. RTVI `client-ready`, on which bots greet, is sent when the person is on the line,
 * so that nobody is greeted who still hears it ring.
 */
export class PipecatWire implements AgentWire {
  readonly #target: PipecatAgent;
  readonly #context: CallContext;
  readonly #listener: WireListener;
  readonly #services: WireServices;
  readonly #body: CallBody;
  readonly #inbox: BotInbox;
  readonly #rtvi = new RtviClient();
  #state: State = { kind: 'idle' };
  #queue: CallerQueue | null = null;
  #started = false;
  #hungUp = false;
  /** Sound that came before there was a socket, milliseconds. */
  #unsentMs = 0;

  constructor(target: PipecatAgent, context: CallContext, listener: WireListener, services: WireServices) {
    this.#target = target;
    this.#context = context;
    this.#listener = listener;
    this.#services = services;
    this.#body = callBody(target, context);
    this.#inbox = new BotInbox(target, listener, services, (loss) => this.#lose(loss));
  }

  get callerAudioDroppedMs(): number {
    return this.#unsentMs + (this.#queue?.droppedMs ?? 0);
  }

  connect(): void {
    if (this.#state.kind !== 'idle') return;
    const { entry } = this.#target;
    if (entry.kind === 'start') {
      const abort = new AbortController();
      this.#state = { kind: 'starting', abort };
      void this.#askForBot(entry.url, entry.key, abort.signal);
    } else {
      this.#dial(entry.url, entry.token, entry.tokenIn);
    }
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#send(this.#rtvi.ready());
  }

  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    if (!this.#started || this.#hungUp || this.#state.kind === 'closed') return;
    if (this.#queue === null) this.#unsentMs += FRAME_MS;
    else if (!this.#queue.push(pcm, mediaTimeMs)) this.#lose(STALLED);
  }

  callerDtmf(digit: string): void {
    this.#send(this.#rtvi.dtmf(digit));
  }

  /** Pipecat has no marks, and does not ask what was played. */
  marked(): void {}
  cleared(): void {}

  instruct(instruction: AgentInstruction): void {
    if (instruction.type === 'message') this.#send(this.#rtvi.tell('message', instruction.data));
  }

  async callEnded(): Promise<void> {
    this.#send(this.#rtvi.disconnect());
    const socket = this.#leave();
    socket?.close(1000, 'call ended');
    await socket?.closed;
  }

  abort(): void {
    this.#leave()?.cut();
  }

  async #askForBot(url: string, key: string | null, signal: AbortSignal): Promise<void> {
    const { allowLinkLocal } = this.#services;
    const timeoutMs = this.#target.connectTimeoutMs;
    try {
      const bot = await startBot({ url, key, body: this.#body, timeoutMs, allowLinkLocal, signal });
      if (this.#state.kind === 'starting') this.#dial(bot.url, bot.token, 'header');
    } catch (error) {
      if (this.#state.kind !== 'starting') return;
      this.#lose(error instanceof AgentHttpError ? error.loss : UNSTARTABLE);
    }
  }

  #dial(url: string, token: string | null, tokenIn: TokenPlace): void {
    const socket = WireSocket.dial(this.#request(url, token, tokenIn), {
      onOpen: () => this.#onOpen(socket),
      onText: () => this.#inbox.text(),
      onBinary: (bytes) => this.#inbox.binary(bytes),
      onEnd: (end) => this.#onEnd(end),
    });
    this.#state = { kind: 'dialling', socket };
  }

  #request(text: string, token: string | null, tokenIn: TokenPlace): WireSocketRequest {
    const { allowLinkLocal } = this.#services;
    const headers = token !== null && tokenIn === 'header' ? { Authorization: `Bearer ${token}` } : {};
    const url = URL.parse(text);
    // The socket says what is wrong with it.
    if (url === null) return { url: text, headers, allowLinkLocal };
    if (token !== null && tokenIn === 'query') url.searchParams.set('token', token);
    if (url.pathname.includes('/ws/generic')) {
      const body = queryBody(this.#body, this.#context);
      if (body !== null) url.searchParams.set('body', body);
    }
    return { url: url.href, headers, allowLinkLocal };
  }

  #onOpen(socket: WireSocket): void {
    this.#state = { kind: 'open', socket };
    const { callerRate } = this.#target;
    const encoder = new AudioEncoder(callerRate);
    const samples = samplesPerFrame(callerRate);
    this.#queue = new CallerQueue(socket, samples, 2 * samples + ENVELOPE_BYTES, (pcm) => {
      socket.sendBinary(encoder.encode(pcm));
    });
    socket.watch();
    this.#send(this.#rtvi.tell('call', this.#body));
    if (this.#started) this.#send(this.#rtvi.ready());
    this.#listener.onReady();
  }

  /** The connection is gone, and not by our doing. */
  #onEnd(end: SocketEnd): void {
    this.#inbox.end();
    if (end.kind === 'broken') {
      this.#lose(end);
      return;
    }
    this.#hungUp = true;
    this.#listener.onHangup(true, end.reason);
  }

  #lose({ code, retryable, detail }: AgentLoss): void {
    this.#leave()?.cut();
    this.#listener.onLost({ code, retryable, detail });
  }

  #send(message: unknown): void {
    if (this.#state.kind === 'open') this.#state.socket.sendBinary(encodeMessage(message));
  }

  /** Closes the wire: nothing is emitted any more. Returns the socket there was, for the caller to end. */
  #leave(): WireSocket | null {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'starting') state.abort.abort();
    return state.kind === 'dialling' || state.kind === 'open' ? state.socket : null;
  }
}

const STALLED: AgentLoss = { code: 'stalled', retryable: false, detail: 'the bot did not read for 5 s' };
const UNSTARTABLE: AgentLoss = { code: 'connect_refused', retryable: false, detail: 'the bot could not be started' };
