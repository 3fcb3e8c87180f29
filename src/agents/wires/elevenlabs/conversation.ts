import type { WireListener } from '../../agent.ts';
import type { JsonObject } from '../../json.ts';
import type { ToolBox, ToolOutcome } from '../../tools/tools.ts';
import { AgentWords } from './agent-words.ts';
import { type AudioFormat, audioDecoder, parseAudioFormat, printableFormat } from './audio-format.ts';
import { type AgentEvent, parseEvent } from './parse-event.ts';

/** What a conversation needs of the wire: everything that changes the life of the wire is decided there. */
export interface ConversationOwner {
  say(message: object): void;
  /** The agent has named its formats: it speaks and listens from now on. */
  begun(callerFormat: AudioFormat): void;
  hangUp(reason: string | null): void;
  /** The agent ended the conversation, and will close. */
  ending(): void;
  broken(detail: string): void;
}

type Decode = ReturnType<typeof audioDecoder>;
type Talk = Exclude<AgentEvent, { kind: 'metadata' | 'ping' | 'error' | 'ignored' | 'refused' }>;

/** Messages an agent may send that cannot be read; the next one ends the conversation. */
const MAX_REFUSED = 100;
/** Tool calls at once. */
const MAX_TOOLS_RUNNING = 8;
/** Errors of the service that go to the timeline of one call. */
const MAX_ERRORS_TOLD = 100;

/** Reads what the service sends over one socket, and answers what is not the wire's own affair. */
export class Conversation {
  readonly #rate: number;
  readonly #listener: WireListener;
  readonly #tools: ToolBox;
  readonly #owner: ConversationOwner;
  readonly #words: AgentWords;
  #decode: Decode | null = null;
  /** What was made for this event or an earlier one was interrupted. */
  #interruptedId = Number.NEGATIVE_INFINITY;
  /** The agent hung up, or the call is over. */
  #isOver = false;
  #toolsRunning = 0;
  #refused = 0;
  #errors = 0;
  #errorType: string | null = null;

  /** `rate`: of the sound that the listener gets, Hz. */
  constructor(rate: number, listener: WireListener, tools: ToolBox, owner: ConversationOwner) {
    this.#rate = rate;
    this.#listener = listener;
    this.#tools = tools;
    this.#owner = owner;
    this.#words = new AgentWords((transcript) => listener.onTranscript(transcript));
  }

  /** What the service called its last error. */
  get errorType(): string | null {
    return this.#errorType;
  }

  hear(bytes: Buffer): void {
    this.#take(parseEvent(bytes));
  }

  refuse(): void {
    this.#refused += 1;
    if (this.#refused > MAX_REFUSED) this.#owner.broken(`more than ${MAX_REFUSED} messages were not valid`);
  }

  /** What was said last stands. */
  settle(): void {
    this.#words.settle();
  }

  /** Only words are of interest from now on. */
  close(): void {
    this.#isOver = true;
  }

  #take(event: AgentEvent): void {
    switch (event.kind) {
      case 'metadata':
        this.#begin(event.agentFormat, event.callerFormat);
        return;
      case 'ping':
        // At once, as the vendor's client does: `ping_ms` is the delay that was measured, not one to be waited.
        this.#owner.say({ type: 'pong', event_id: event.eventId });
        return;
      case 'error':
        this.#onError(event.type, event.message);
        return;
      case 'ignored':
        return;
      case 'refused':
        this.refuse();
        return;
      default:
        if (this.#decode === null) this.refuse();
        else this.#converse(event, this.#decode);
    }
  }

  /** What has a meaning only once the conversation has begun. */
  #converse(event: Talk, decode: Decode): void {
    switch (event.kind) {
      case 'audio':
        this.#play(event.eventId, event.base64, decode);
        return;
      case 'interruption':
        this.#interruptedId = Math.max(this.#interruptedId, event.eventId);
        if (!this.#isOver) this.#listener.onClear();
        return;
      case 'user said':
        if (event.final) this.#words.settle();
        if (event.text.trim() !== '') {
          this.#listener.onTranscript({ party: 'user', text: event.text, final: event.final });
        }
        return;
      case 'agent said':
        this.#words.said(event.eventId, event.text);
        return;
      case 'agent was cut':
        this.#words.wasCut(event.eventId, event.text);
        return;
      case 'tool call':
        void this.#run(event.id, event.name, event.args);
        return;
      case 'ended':
        this.#owner.ending();
        return;
      default:
        event satisfies never;
    }
  }

  #begin(agentFormat: string, callerFormat: string): void {
    if (this.#decode !== null) return this.refuse();
    const agent = parseAudioFormat(agentFormat);
    const caller = parseAudioFormat(callerFormat);
    if (agent === null || caller === null) {
      const unknown = printableFormat(agent === null ? agentFormat : callerFormat);
      return this.#owner.broken(`the agent wants the audio format ${unknown}, which is not known`);
    }
    this.#decode = audioDecoder(agent, this.#rate);
    this.#owner.begun(caller);
  }

  #play(eventId: number, base64: string, decode: Decode): void {
    if (eventId <= this.#interruptedId) return;
    const pcm = decode(base64);
    if (pcm === null) this.refuse();
    else if (pcm.length > 0 && !this.#isOver) this.#listener.onAudio(pcm, `event-${eventId}`);
  }

  async #run(id: string, name: string, args: JsonObject): Promise<void> {
    if (this.#toolsRunning === MAX_TOOLS_RUNNING) {
      return this.#answer(id, `${MAX_TOOLS_RUNNING} tools are running already.`, true);
    }
    this.#toolsRunning += 1;
    const outcome = await this.#tools.run(name, args);
    this.#toolsRunning -= 1;
    this.#answer(id, outcome.output, outcome.type === 'answer' && outcome.failed);
    this.#act(outcome);
  }

  #answer(id: string, result: string, failed: boolean): void {
    this.#owner.say({ type: 'client_tool_result', tool_call_id: id, result, is_error: failed });
  }

  #act(outcome: ToolOutcome): void {
    if (this.#isOver) return;
    if (outcome.type === 'hang_up') this.#owner.hangUp(outcome.reason);
    else if (outcome.type === 'dtmf') this.#listener.onDtmf(outcome.digits);
  }

  #onError(type: string, message: string): void {
    this.#errorType = type;
    this.#errors += 1;
    if (this.#errors <= MAX_ERRORS_TOLD) this.#listener.onMessage({ error: { code: type, message } });
    // The agent was told how long a conversation may be: this one is over.
    if (type === 'max_duration_exceeded') this.#owner.hangUp(type);
  }
}
