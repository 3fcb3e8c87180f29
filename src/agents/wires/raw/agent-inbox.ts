import type { WireListener } from '../../agent.ts';
import { PcmReader } from '../common/pcm-reader.ts';
import type { AgentMessage } from './agent-messages.ts';
import type { BridgeErrorCode, BridgeMessage } from './bridge-messages.ts';
import { MAX_REFUSED_MESSAGES } from './limits.ts';
import { parseAgentMessage } from './parse-agent-message.ts';
import { PendingNotifies } from './pending-notifies.ts';

/** What the inbox needs of the wire: everything that changes the life of the wire is decided there. */
export interface InboxOwner {
  reply(message: BridgeMessage): void;
  /** The agent said `ready`, or sent sound. May come again. */
  ready(): void;
  takesAudio(): boolean;
  hangUp(drain: boolean, reason: string | null): void;
  giveUp(detail: string): void;
  tooManyErrors(detail: string): void;
}

/** Reads what an agent sends on one connection, tells the listener, and answers what is not valid. */
export class AgentInbox {
  readonly #owner: InboxOwner;
  readonly #listener: WireListener;
  readonly #reader = new PcmReader();
  readonly #notifies = new PendingNotifies();
  #itemId: string | null = null;
  #ignored = 0;
  #refused = 0;

  constructor(owner: InboxOwner, listener: WireListener) {
    this.#owner = owner;
    this.#listener = listener;
  }

  /** Messages of an unknown type. */
  get ignored(): number {
    return this.#ignored;
  }

  /** Messages that were answered with an error. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes the payload of a mark that stood for a Vonage notify; null if it is an ordinary mark. */
  takeNotify(mark: string): { readonly payload: unknown } | null {
    return this.#notifies.take(mark);
  }

  audio(bytes: Buffer): void {
    if (bytes.length % 2 !== 0) {
      this.#refuse('odd_audio_length', null, 'an audio message must hold whole samples of 2 bytes');
      return;
    }
    this.#owner.ready();
    if (bytes.length > 0 && this.#owner.takesAudio()) this.#listener.onAudio(this.#reader.read(bytes), this.#itemId);
  }

  control(bytes: Buffer): void {
    const parsed = parseAgentMessage(bytes);
    switch (parsed.kind) {
      case 'message':
        this.#take(parsed.message);
        return;
      case 'unknown':
        this.#ignored += 1;
        return;
      case 'refused':
        this.#refuse(parsed.code, parsed.field, parsed.rule);
        return;
      default:
        parsed satisfies never;
    }
  }

  #take(message: AgentMessage): void {
    switch (message.type) {
      case 'ready':
        this.#owner.ready();
        return;
      case 'item':
        this.#itemId = message.id;
        return;
      case 'mark':
        this.#listener.onMark(message.name);
        return;
      case 'notify':
        this.#notify(message.payload);
        return;
      case 'clear':
        this.#listener.onClear();
        return;
      case 'dtmf':
        this.#listener.onDtmf(message.digits);
        return;
      case 'message':
        this.#listener.onMessage(message.data);
        return;
      case 'transcript':
        this.#listener.onTranscript({ party: message.party, text: message.text, final: message.final });
        return;
      case 'hangup':
        this.#owner.hangUp(message.drain, message.reason);
        return;
      case 'error':
        this.#listener.onMessage({ error: { code: message.code, message: message.message } });
        if (message.fatal) this.#owner.giveUp(`the agent gave up (${message.code})`);
        return;
      case 'ping':
        this.#owner.reply({ type: 'pong', id: message.id });
        return;
      case 'pong':
        // A sign of life, which the socket noted when it came in.
        return;
      default:
        message satisfies never;
    }
  }

  #notify(payload: unknown): void {
    const mark = this.#notifies.add(payload);
    if (mark === null) this.#refuse('too_many_notifies', null, 'too many notifies wait for their sound');
    else this.#listener.onMark(mark);
  }

  #refuse(code: BridgeErrorCode, field: string | null, rule: string): void {
    this.#refused += 1;
    this.#owner.reply({ type: 'error', code, message: rule, field });
    if (this.#refused <= MAX_REFUSED_MESSAGES) return;
    const message = `more than ${MAX_REFUSED_MESSAGES} messages were not valid`;
    this.#owner.reply({ type: 'error', code: 'too_many_errors', message, field: null });
    this.#owner.tooManyErrors(message);
  }
}
