import { samplesPerFrame } from '../../../audio/index.ts';
import type { AgentInstruction, PipecatAgent, TokenPlace } from '../../../call/index.ts';
import type { AgentWire, CallContext, WireListener, WireServices } from '../../agent.ts';
import { callDescription } from '../../call-facts.ts';
import { CallerQueue } from '../../net/caller-queue.ts';
import { AgentHttpError } from '../../net/http.ts';
import { broken, type SocketEnd } from '../../net/socket-end.ts';
import { WireSocket, type WireSocketRequest } from '../../net/wire-socket.ts';
import { WireLife } from '../common/wire-life.ts';
import { BotInbox } from './bot-inbox.ts';
import { type CallBody, queryBody } from './call-body.ts';
import { AudioEncoder, encodeMessage } from './frame-codec.ts';
import { RtviClient } from './rtvi.ts';
import { startBot } from './start-bot.ts';

/** What of a caller frame is not sound: protobuf and websocket headers, bytes. */
const ENVELOPE_BYTES = 32;

/**
 * Speaks Pipecat's protobuf frames with a bot (agent-protocols.md §1). The bot counts as ready when the socket is open:
 * one without RTVI never says that it is. RTVI `client-ready`, on which bots greet, is sent when the person is on the line,
 * so that nobody is greeted who still hears it ring.
 */
export class PipecatWire implements AgentWire {
  readonly #target: PipecatAgent;
  readonly #listener: WireListener;
  readonly #services: WireServices;
  readonly #body: CallBody;
  readonly #inbox: BotInbox;
  readonly #rtvi = new RtviClient();
  readonly #life: WireLife;
  /** Aborted when the bot that is being started is wanted no more. */
  readonly #starting = new AbortController();

  constructor(target: PipecatAgent, context: CallContext, listener: WireListener, services: WireServices) {
    this.#target = target;
    this.#listener = listener;
    this.#services = services;
    this.#body = callDescription(target.parameters, context);
    this.#life = new WireLife(listener, () => this.#starting.abort());
    this.#inbox = new BotInbox(target, listener, services, (loss) => this.#life.lose(loss));
  }

  get callerAudioDroppedMs(): number {
    return this.#life.callerAudioDroppedMs;
  }

  connect(): void {
    if (!this.#life.connect()) return;
    const { entry } = this.#target;
    if (entry.kind === 'start') void this.#askForBot(entry.url, entry.key);
    else this.#dial(entry.url, entry.token, entry.tokenIn);
  }

  start(): void {
    if (this.#life.start()) this.#send(this.#rtvi.ready());
  }

  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    this.#life.callerAudio(pcm, mediaTimeMs);
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
    await this.#life.end();
  }

  abort(): void {
    this.#life.abort();
  }

  async #askForBot(url: string, key: string | null): Promise<void> {
    const { allowLinkLocal } = this.#services;
    const { signal } = this.#starting;
    const timeoutMs = this.#target.connectTimeoutMs;
    try {
      const bot = await startBot({ url, key, body: this.#body, timeoutMs, allowLinkLocal, signal });
      if (!signal.aborted) this.#dial(bot.url, bot.token, 'header');
    } catch (error) {
      const unstartable = broken('connect_refused', false, 'the bot could not be started');
      this.#life.lose(error instanceof AgentHttpError ? error.loss : unstartable);
    }
  }

  #dial(url: string, token: string | null, tokenIn: TokenPlace): void {
    const socket = WireSocket.dial(this.#request(url, token, tokenIn), {
      onOpen: () => this.#onOpen(),
      onText: () => this.#inbox.text(),
      onBinary: (bytes) => this.#inbox.binary(bytes),
      onEnd: (end) => this.#onEnd(end),
    });
    this.#life.take(socket);
  }

  #request(text: string, token: string | null, tokenIn: TokenPlace): WireSocketRequest {
    const { allowLinkLocal } = this.#services;
    const headers = token !== null && tokenIn === 'header' ? { Authorization: `Bearer ${token}` } : {};
    const url = URL.parse(text);
    // The socket says what is wrong with it.
    if (url === null) return { url: text, headers, allowLinkLocal };
    if (token !== null && tokenIn === 'query') url.searchParams.set('token', token);
    if (url.pathname.includes('/ws/generic')) {
      const body = queryBody(this.#body);
      if (body !== null) url.searchParams.set('body', body);
    }
    return { url: url.href, headers, allowLinkLocal };
  }

  #onOpen(): void {
    if (!this.#life.becomeReady((socket) => this.#callerQueue(socket))) return;
    this.#send(this.#rtvi.tell('call', this.#body));
    this.#listener.onReady();
  }

  #callerQueue(socket: WireSocket): CallerQueue {
    const { callerRate } = this.#target;
    const encoder = new AudioEncoder(callerRate);
    const samples = samplesPerFrame(callerRate);
    return new CallerQueue(socket, samples, 2 * samples + ENVELOPE_BYTES, (pcm) => {
      socket.sendBinary(encoder.encode(pcm));
    });
  }

  #onEnd(end: SocketEnd): void {
    this.#inbox.end();
    this.#life.ended(end);
  }

  #send(message: unknown): void {
    if (this.#life.isReady) this.#life.socket?.sendBinary(encodeMessage(message));
  }
}
