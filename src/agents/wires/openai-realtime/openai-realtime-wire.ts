import { samplesPerFrame } from '../../../audio/index.ts';
import type { AgentInstruction, OpenAiRealtimeAgent } from '../../../call/index.ts';
import type { AgentWire, CallContext, PlayedItem, WireListener, WireServices } from '../../agent.ts';
import { latestLines } from '../../call-facts.ts';
import { CallerQueue } from '../../net/caller-queue.ts';
import { broken } from '../../net/socket-end.ts';
import { WireSocket } from '../../net/wire-socket.ts';
import { createToolBox } from '../../tools/tool-box.ts';
import type { ToolBox } from '../../tools/tools.ts';
import { WireLife } from '../common/wire-life.ts';
import { callBrief, opening } from './call-brief.ts';
import { appendAudio, BYTES_PER_FRAME, updateSession } from './client-events.ts';
import { Conversation } from './conversation.ts';
import { endOfSession, setupFault } from './faults.ts';
import { diallingOf, PROFILES, type Profile } from './profiles.ts';
import { parseServerEvent, type ServerEvent } from './server-events.ts';
import { RATE, type SessionConfig, sessionConfig } from './session-config.ts';

/** Events a service may send that we cannot read; the next one ends the connection. */
const MAX_MALFORMED = 100;
/** Faults of one connection that are logged. */
const MAX_WARNINGS = 10;
/** What the application says to the model, characters. */
const MAX_NOTE = 16_384;
/** What of the conversation so far is told at most, characters. */
const MAX_TRANSCRIPT = 20_000;

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
  readonly #life: WireLife;
  /** The session is configured at the first word of the service. */
  #configured = false;
  #unconfirmed: NodeJS.Timeout | undefined;
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
        say: (event) => this.#life.socket?.sendText(event),
        hangUp: (reason) => this.#life.hangUp(true, reason),
        giveUp: (loss) => this.#life.giveUp(loss, 1000),
        warn: (code) => this.#warn(code),
      },
    });
    this.#life = new WireLife(listener, () => {
      clearTimeout(this.#unconfirmed);
      this.#conversation.close();
      this.#tools.close();
    });
  }

  get callerAudioDroppedMs(): number {
    return this.#life.callerAudioDroppedMs;
  }

  connect(): void {
    if (!this.#life.connect()) return;
    const { url, headers } = this.#dialling;
    const socket = WireSocket.dial(
      { url, headers, allowLinkLocal: this.#services.allowLinkLocal },
      {
        onOpen: () => {},
        onText: (bytes) => this.#onEvent(parseServerEvent(bytes)),
        // No service sends sound so unless it is asked to.
        onBinary: () => this.#onEvent({ kind: 'malformed' }),
        onEnd: (end) => this.#life.ended(endOfSession(end)),
      },
    );
    this.#life.take(socket);
  }

  start(): void {
    if (!this.#life.start()) return;
    const words = opening(this.#target, this.#context);
    if (words !== null) this.#conversation.speak(words);
  }

  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    this.#life.callerAudio(pcm, mediaTimeMs);
  }

  callerDtmf(digit: string): void {
    if (this.#life.isStarted && this.#life.isTalking) this.#conversation.press(digit);
  }

  /** This wire sets no marks. */
  marked(): void {}

  cleared(items: readonly PlayedItem[]): void {
    if (this.#life.isReady) this.#conversation.heard(items);
  }

  /** A message of the application is told to the model, which knows it from its next response on. */
  instruct(instruction: AgentInstruction): void {
    if (!this.#life.isReady || instruction.type !== 'message') return;
    const { data } = instruction;
    const text = typeof data === 'string' ? data : (JSON.stringify(data) ?? '');
    if (text !== '') this.#conversation.note(text.slice(0, MAX_NOTE));
  }

  async callEnded(): Promise<void> {
    await this.#life.end();
  }

  abort(): void {
    this.#life.abort();
  }

  #onEvent(event: ServerEvent): void {
    if (event.kind === 'malformed') return this.#onMalformed();
    if (this.#life.isReady) return this.#conversation.take(event);
    if (!this.#life.isConnecting) return;
    if (event.kind === 'error') return this.#life.giveUp(setupFault(event.code), 1000);
    if (!this.#configured) this.#configure();
    else if (event.kind === 'configured') this.#becomeReady();
  }

  #configure(): void {
    this.#configured = true;
    this.#life.socket?.sendText(updateSession(this.#config.session));
    const { confirmsWithinMs } = this.#profile;
    if (confirmsWithinMs !== null) this.#unconfirmed = setTimeout(() => this.#becomeReady(), confirmsWithinMs);
  }

  #becomeReady(): void {
    clearTimeout(this.#unconfirmed);
    if (!this.#life.becomeReady(callerQueue)) return;
    if (!this.#config.briefs) this.#conversation.note(this.#brief);
    this.#conversation.recall(latestLines(this.#context.transcript, MAX_TRANSCRIPT));
    this.#listener.onReady();
  }

  #onMalformed(): void {
    this.#malformed += 1;
    if (this.#malformed <= MAX_MALFORMED) return;
    this.#life.giveUp(broken('protocol_error', false, `more than ${MAX_MALFORMED} events could not be read`), 1008);
  }

  #warn(code: string): void {
    this.#warnings += 1;
    if (this.#warnings > MAX_WARNINGS) return;
    this.#services.warn('the agent reported an error', { agent: this.#target.id, code });
  }
}

function callerQueue(socket: WireSocket): CallerQueue {
  return new CallerQueue(socket, samplesPerFrame(RATE), BYTES_PER_FRAME, (pcm) => socket.sendText(appendAudio(pcm)));
}
