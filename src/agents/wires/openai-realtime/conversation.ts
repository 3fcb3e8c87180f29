import type { AgentLoss, PlayedItem, TranscriptLine, WireListener } from '../../agent.ts';
import { broken } from '../../net/socket-end.ts';
import type { ToolBox, ToolOutcome } from '../../tools/tools.ts';
import { PcmReader } from '../common/pcm-reader.ts';
import { PressedKeys } from '../common/pressed-keys.ts';
import { cancelResponse, createResponse, textItem, toolOutput, truncateItem } from './client-events.ts';
import { fatalFault } from './faults.ts';
import { ResponseTurns } from './response-turns.ts';
import type { AudioEvent, ErrorEvent, ServerEvent } from './server-events.ts';
import type { SessionConfig } from './session-config.ts';
import { SpokenItems } from './spoken-items.ts';
import { ToolCalls } from './tool-calls.ts';

/** What a conversation needs of the wire that it is held over. */
export interface ConversationOwner {
  say(event: string): void;
  hangUp(reason: string | null): void;
  giveUp(loss: AgentLoss): void;
  /** Something that the service finds wrong and that the call survives. `code` is one word. */
  warn(code: string): void;
}

export interface ConversationOptions {
  readonly config: SessionConfig;
  /** The service can be told what was heard of an item. */
  readonly truncates: boolean;
  readonly tools: ToolBox;
  readonly listener: WireListener;
  readonly owner: ConversationOwner;
}

/** A model that hung up may go on speaking in the same response; it is waited for so long, milliseconds. */
const LAST_WORDS_MS = 5_000;
/** So long after the last key a number or a choice is complete, milliseconds. */
const KEYS_COMPLETE_AFTER_MS = 1_000;
/** So many responses that fail one after another make the agent unfit. */
const MAX_FAILED_RESPONSES = 3;
/** Faults that nobody need hear of: what was to be stopped had just stopped. */
const HARMLESS = new Set(['response_cancel_not_active']);

/** The conversation with the model once its session is ready: who speaks, what was heard of it, tools, keys, the end. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #reader = new PcmReader();
  readonly #spoken = new SpokenItems();
  readonly #turns: ResponseTurns;
  readonly #tools: ToolCalls;
  readonly #keys = new PressedKeys(KEYS_COMPLETE_AFTER_MS, (keys) => this.#onKeys(keys));
  /** The model called `hang_up`. */
  #goodbye: { readonly reason: string | null; readonly timer: NodeJS.Timeout } | null = null;
  #isOver = false;
  #failedResponses = 0;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#turns = new ResponseTurns(
      (response, eventId) => options.owner.say(createResponse(response, eventId)),
      () => this.#tools.running > 0 || this.#goodbye !== null,
    );
    this.#tools = new ToolCalls(options.tools, {
      onOutcome: (callId, outcome) => this.#onOutcome(callId, outcome),
    });
  }

  /** Tells the model what was said before it came. */
  recall(lines: readonly TranscriptLine[]): void {
    for (const { party, text } of lines) this.#say(textItem(party === 'user' ? 'user' : 'assistant', text));
  }

  /** Lets the model speak. `words`: what it is to know beside its instructions; '' for nothing. */
  speak(words: string): void {
    const { instructions } = this.#options.config;
    // Instructions of a response take the place of the session's.
    this.#turns.want(words === '' ? null : [instructions, words].filter((text) => text !== null).join('\n\n'));
  }

  press(key: string): void {
    this.#keys.press(key);
  }

  /** The application says something; the model knows it from its next response on. */
  note(text: string): void {
    this.#say(textItem('system', text));
  }

  /** What a clear left of each item. */
  heard(played: readonly PlayedItem[]): void {
    const truncations = this.#spoken.truncations(played);
    if (this.#options.truncates) for (const truncation of truncations) this.#say(truncateItem(truncation));
  }

  /** No more than this is heard or done. */
  close(): void {
    this.#isOver = true;
    this.#keys.forget();
    if (this.#goodbye !== null) clearTimeout(this.#goodbye.timer);
  }

  take(event: ServerEvent): void {
    const { listener, config } = this.#options;
    if (this.#isOver && event.kind !== 'transcript') return;
    switch (event.kind) {
      case 'audio':
        return this.#onAudio(event);
      case 'audio-done':
        return this.#spoken.complete(event.itemId);
      case 'speech-started':
        if (config.respondsItself) this.#turns.forget();
        return this.#interrupt(!config.interruptsItself);
      case 'response-created':
        return this.#turns.created(event.responseId);
      case 'response-done':
        return this.#onResponseDone(event.failed, event.code);
      case 'transcript':
        if (event.text !== '') listener.onTranscript({ party: event.party, text: event.text, final: true });
        return;
      case 'call-named':
        return this.#tools.named(event.itemId, event.callId, event.name);
      case 'call':
        return this.#tools.called(event);
      case 'error':
        return this.#onError(event);
      case 'configured':
      case 'unused':
      case 'malformed':
        return;
      default:
        event satisfies never;
    }
  }

  #onAudio({ itemId, responseId, contentIndex, bytes }: AudioEvent): void {
    if (bytes.length === 0) return;
    if (!this.#spoken.take(itemId, responseId, contentIndex, bytes.length / 2)) return;
    this.#options.listener.onAudio(this.#reader.read(bytes), itemId);
  }

  #interrupt(cancels: boolean): void {
    this.#spoken.cut(this.#turns.activeId);
    if (cancels && this.#turns.isActive) this.#say(cancelResponse());
    this.#options.listener.onClear();
  }

  /** Keys are an answer: they stop what is being said, and want a response. */
  #onKeys(keys: string): void {
    this.#interrupt(true);
    this.#say(textItem('user', `[DTMF] ${keys}`));
    this.#turns.want(null);
  }

  #onOutcome(callId: string, outcome: ToolOutcome): void {
    if (this.#isOver) return;
    this.#say(toolOutput(callId, outcome.output));
    if (outcome.type === 'hang_up') return this.#sayGoodbye(outcome.reason);
    if (outcome.type === 'dtmf') this.#options.listener.onDtmf(outcome.digits);
    this.#turns.want(null);
  }

  #sayGoodbye(reason: string | null): void {
    if (this.#goodbye !== null) return;
    this.#goodbye = { reason, timer: setTimeout(() => this.#end(), LAST_WORDS_MS) };
    if (!this.#turns.isActive) this.#end();
  }

  #onResponseDone(failed: boolean, code: string | null): void {
    this.#failedResponses = failed ? this.#failedResponses + 1 : 0;
    if (this.#goodbye !== null) return this.#end();
    if (failed) {
      const fault = fatalFault(code);
      const why = `its responses fail (${code ?? 'unspecified error'})`;
      if (fault !== null) return this.#options.owner.giveUp(fault);
      if (this.#failedResponses === MAX_FAILED_RESPONSES) {
        return this.#options.owner.giveUp(broken('agent_error', false, why));
      }
      this.#options.owner.warn(code ?? 'response_failed');
    }
    this.#turns.done();
    // The person waits for it.
    if (failed) this.#turns.want(null);
  }

  #onError(event: ErrorEvent): void {
    const isRefusal = this.#turns.refused(event);
    const fault = fatalFault(event.code);
    if (fault !== null) this.#options.owner.giveUp(fault);
    else if (!isRefusal && !HARMLESS.has(event.code ?? '')) this.#options.owner.warn(event.code ?? 'unspecified');
  }

  #end(): void {
    const reason = this.#goodbye?.reason ?? null;
    this.close();
    this.#options.owner.hangUp(reason);
  }

  #say(event: string): void {
    if (!this.#isOver) this.#options.owner.say(event);
  }
}
