import type { PipecatAgent } from '../../../call/index.ts';
import type { AgentLoss, WireListener, WireServices } from '../../agent.ts';
import { broken } from '../../net/socket-end.ts';
import { BotSound } from './bot-sound.ts';
import { BotWords } from './bot-words.ts';
import { type BotAudio, decodeFrame } from './frame-codec.ts';
import { parseBotMessage, type RtviMessage } from './rtvi.ts';

/** JSON is parsed on the thread that carries everybody's sound; longer messages are passed over. Characters. */
const MAX_JSON = 64 * 1024;
/** Messages that are no Pipecat frame which a bot may send; the next one ends the connection. */
const MAX_REFUSED = 20;

/** Reads what a bot says on one connection. */
export class BotInbox {
  readonly #target: PipecatAgent;
  readonly #listener: WireListener;
  readonly #services: WireServices;
  readonly #lose: (loss: AgentLoss) => void;
  readonly #sound: BotSound;
  readonly #words = new BotWords();
  #refused = 0;
  #warnedOfRate = false;
  #botSpeaks = false;
  /** The bot says itself when it is interrupted. */
  #tellsInterruptions = false;
  #tellsUserInput = false;

  /** `lose` is called when the connection is of no use any more; nothing may be given to the inbox after it. */
  constructor(target: PipecatAgent, listener: WireListener, services: WireServices, lose: (loss: AgentLoss) => void) {
    this.#target = target;
    this.#listener = listener;
    this.#services = services;
    this.#lose = lose;
    this.#sound = new BotSound(target.agentRate);
  }

  binary(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (frame === null) this.#refuse();
    else if (frame.kind === 'audio') this.#onAudio(frame);
    else if (frame.kind === 'message') this.#onMessage(frame.data);
    else if (frame.kind === 'interruption') this.#onInterruption();
  }

  /** Pipecat never sends text. */
  text(): void {
    this.#refuse();
  }

  /** The bot left. */
  end(): void {
    this.#tellWords();
  }

  #onAudio(audio: BotAudio): void {
    const sound = this.#sound.read(audio);
    if (sound === null) {
      this.#refuse();
      return;
    }
    this.#noteRate(audio.sampleRate);
    if (sound.length > 0) this.#listener.onAudio(sound, null);
  }

  #noteRate(rate: number): void {
    const { id, agentRate } = this.#target;
    if (this.#warnedOfRate || rate === 0 || rate === agentRate) return;
    this.#warnedOfRate = true;
    const fields = { agent: id, rate, configured: agentRate };
    this.#services.warn('bot speaks at another rate than configured; its sound is converted', fields);
  }

  #onInterruption(): void {
    this.#tellsInterruptions = true;
    this.#clear();
  }

  #clear(): void {
    this.#sound.clear();
    this.#listener.onClear();
  }

  #onMessage(text: string): void {
    if (text.length > MAX_JSON) {
      const fields = { agent: this.#target.id, characters: text.length };
      this.#services.warn('bot sent a message that is too long; it is passed over', fields);
      return;
    }
    const message = parseBotMessage(text);
    if (message === null) this.#refuse();
    else if (message.kind === 'application') this.#listener.onMessage(message.data);
    else if (message.kind === 'rtvi') this.#onRtvi(message.message);
  }

  #onRtvi(message: RtviMessage): void {
    switch (message.type) {
      case 'bot-ready':
        this.#tellsInterruptions ||= message.pipecat !== null && sendsInterruptions(message.pipecat);
        break;
      case 'user-started-speaking':
        // Bots before 1.3.0 do not say that they stopped; that the caller began is the next best.
        if (this.#botSpeaks && !this.#tellsInterruptions) this.#clear();
        break;
      case 'bot-started-speaking':
        this.#botSpeaks = true;
        break;
      case 'bot-stopped-speaking':
        this.#botSpeaks = false;
        this.#tellWords();
        break;
      case 'user-input':
        this.#tellsUserInput = true;
        this.#listener.onTranscript({ party: 'user', text: message.text, final: message.final });
        break;
      case 'user-transcription':
        // From 1.13 on the same came as user-input right before.
        if (!this.#tellsUserInput) {
          this.#listener.onTranscript({ party: 'user', text: message.text, final: message.final });
        }
        break;
      case 'bot-output':
        if (message.spoken) this.#words.spoken(message.text);
        break;
      case 'bot-transcription':
        this.#words.written(message.text);
        break;
      case 'server-message':
        this.#listener.onMessage(message.data);
        break;
      case 'error':
        if (message.fatal) this.#lose(FATAL);
        break;
      default:
        message satisfies never;
    }
  }

  #tellWords(): void {
    const text = this.#words.take();
    if (text !== null) this.#listener.onTranscript({ party: 'agent', text, final: true });
  }

  #refuse(): void {
    this.#refused += 1;
    if (this.#refused > MAX_REFUSED) this.#lose(NOT_PIPECAT);
  }
}

/** The interruption frame came with 1.3.0. */
function sendsInterruptions(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 1 || (major === 1 && minor >= 3);
}

const FATAL = broken('agent_error', false, 'the bot reported a fatal error');
const NOT_PIPECAT = broken('protocol_error', false, 'the agent does not send Pipecat frames');
