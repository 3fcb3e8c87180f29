import { randomUUID } from 'node:crypto';
import type {
  ConversationItem,
  RealtimeServerEvent,
  RealtimeSessionCreateRequest,
} from 'openai/resources/realtime/realtime';
import type { ClientEvent, FakeRealtimeOptions } from './fake-realtime.ts';
import { FakeRealtimeResponse, type Reply } from './fake-realtime-response.ts';
import { itemFault, sessionFault, turnDetectionOf, wantsTranscription } from './fake-realtime-rules.ts';
import { soundFormat } from './fake-realtime-sound.ts';
import { EnergyVad } from './fake-realtime-vad.ts';

export type { Reply } from './fake-realtime-response.ts';

type WithoutId<T> = T extends { event_id: string } ? Omit<T, 'event_id'> : never;
/** Typed by the vendor's own package, so that the fake cannot drift from it unseen. */
export type ServerSays = WithoutId<RealtimeServerEvent>;

type Item = ConversationItem & { readonly id: string };

interface ErrorDetails {
  readonly about?: string | null;
  readonly param?: string | null;
}

/** One session of the fake service: the conversation, who speaks, and what is refused. */
export class FakeRealtimeSession {
  readonly id = `sess_${randomUUID()}`;
  readonly items = new Map<string, Item>();
  /** Audio of each assistant item that was made so far, milliseconds; less after a truncation. */
  readonly audioMs = new Map<string, number>();
  /** What the service answered with an error, by its code. */
  readonly faults: string[] = [];
  config: Record<string, unknown> = {};
  readonly #send: (event: object) => void;
  readonly #options: FakeRealtimeOptions;
  readonly #vad = new EnergyVad();
  readonly #heard: Buffer[] = [];
  readonly #replies: Reply[];
  #count = 0;
  #lastItem: string | null = null;
  readonly #previous = new Map<string, string | null>();
  /** Of the user's item that is being spoken. */
  #lastSpeech: string | null = null;
  #response: FakeRealtimeResponse | null = null;

  constructor(send: (event: object) => void, options: FakeRealtimeOptions) {
    this.#send = send;
    this.#options = options;
    this.#replies = [...(options.replies ?? [])];
  }

  /** All sound that came in, as it was written: s16le at 24 kHz, or µ-law at 8 kHz if the session says so. */
  get heard(): Buffer {
    return Buffer.concat(this.#heard);
  }

  get isSpeaking(): boolean {
    return this.#response !== null;
  }

  open(): void {
    if (this.#options.service === 'grok') this.say({ type: 'conversation.created', conversation: { id: 'conv_1' } });
    this.say({ type: 'session.created', session: this.#session });
  }

  close(): void {
    this.#response?.stop();
    this.#response = null;
  }

  say(event: ServerSays): void {
    const spelled = this.#options.beta === true ? inBeta(event) : event;
    if (spelled !== null) this.#send({ event_id: `event_${randomUUID()}`, ...spelled });
  }

  fail(code: string | null, message: string, { about = null, param = null }: ErrorDetails = {}): void {
    this.faults.push(code ?? message);
    const error = { type: 'invalid_request_error', code, message, param, event_id: about };
    this.say({ type: 'error', error });
  }

  take(event: ClientEvent): void {
    const about = typeof event['event_id'] === 'string' ? event['event_id'] : null;
    switch (event.type) {
      case 'session.update':
        return this.#update(event['session'], about);
      case 'input_audio_buffer.append':
        return this.#append(event['audio'], about);
      case 'input_audio_buffer.commit':
        return this.#commit();
      case 'conversation.item.create':
        return this.#create(event['item'], about);
      case 'conversation.item.retrieve':
        return this.#withItem(event, about, (item) => this.say({ type: 'conversation.item.retrieved', item }));
      case 'conversation.item.delete':
        return this.#withItem(event, about, ({ id }) => {
          this.items.delete(id);
          this.say({ type: 'conversation.item.deleted', item_id: id });
        });
      case 'conversation.item.truncate':
        if (this.#options.service === 'inworld') break;
        return this.#truncate(event, about);
      case 'response.create':
        return this.#respond(about);
      case 'response.cancel':
        if (this.#response !== null) return this.#response.cancel('client_cancelled');
        return this.fail('response_cancel_not_active', 'Cancellation failed: no active response found', { about });
    }
    this.fail('invalid_value', `Invalid value: '${event.type}'.`, { about, param: 'type' });
  }

  /** The model speaks of its own accord. */
  respond(reply: Reply): void {
    this.#replies.unshift(reply);
    this.#respond(null);
  }

  #update(session: unknown, about: string | null): void {
    const fault = sessionFault(session, this.#options);
    if (fault !== null) return this.fail(fault.code, fault.message, { about, param: fault.param });
    this.config = { ...this.config, ...(session as object) };
    if (this.#options.silentUpdates !== true) this.say({ type: 'session.updated', session: this.#session });
  }

  #append(audio: unknown, about: string | null): void {
    if (typeof audio !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(audio)) {
      return this.fail('invalid_value', "Invalid 'audio'. Expected base64-encoded audio bytes.", {
        about,
        param: 'audio',
      });
    }
    const bytes = Buffer.from(audio, 'base64');
    this.#heard.push(bytes);
    const turns = turnDetectionOf(this.config);
    if (turns === null) return;
    for (const finding of this.#vad.push(soundFormat(this.config, 'input').decode(bytes), turns)) {
      const item_id = finding.type === 'started' ? this.#newId('item') : (this.#lastSpeech ?? this.#newId('item'));
      if (finding.type === 'started') {
        this.#lastSpeech = item_id;
        this.say({ type: 'input_audio_buffer.speech_started', item_id, audio_start_ms: finding.audioStartMs });
        if (turns.interruptResponse) this.#response?.cancel('turn_detected');
      } else {
        this.say({ type: 'input_audio_buffer.speech_stopped', item_id, audio_end_ms: finding.audioEndMs });
        this.#commit(item_id);
        if (turns.createResponse && this.#response === null) this.#respond(null);
      }
    }
  }

  #commit(id = this.#newId('item')): void {
    this.say({ type: 'input_audio_buffer.committed', item_id: id, previous_item_id: this.#lastItem });
    const transcript = `Words ${this.items.size + 1}.`;
    // The service says null until it has one, against its own types; the client insists on it.
    const content = [{ type: 'input_audio', transcript: null }] as unknown as [{ readonly type: 'input_audio' }];
    this.#add({ id, type: 'message', role: 'user', status: 'completed', content });
    if (!wantsTranscription(this.config)) return;
    this.say({
      type: 'conversation.item.input_audio_transcription.completed',
      item_id: id,
      content_index: 0,
      transcript,
      usage: { type: 'duration', seconds: 1 },
    });
  }

  #create(given: unknown, about: string | null): void {
    const item = given as Item;
    const fault = itemFault(item, this.items, this.#options);
    if (fault !== null) return this.fail(fault, `Invalid item: ${fault}`, { about, param: 'item' });
    this.#add({ ...item, id: item.id ?? this.#newId('item') });
  }

  #add(item: Item): void {
    const previous_item_id = this.#keep(item);
    this.say({ type: 'conversation.item.added', item, previous_item_id });
    this.say({ type: 'conversation.item.done', item, previous_item_id });
  }

  /** New or changed; returns the item it comes after. */
  #keep(item: Item): string | null {
    if (!this.items.has(item.id)) {
      this.#previous.set(item.id, this.#lastItem);
      this.#lastItem = item.id;
    }
    this.items.set(item.id, item);
    return this.#previous.get(item.id) ?? null;
  }

  #truncate(event: ClientEvent, about: string | null): void {
    const { content_index: index, audio_end_ms: end } = event;
    this.#withItem(event, about, (item) => {
      if (item.type !== 'message' || item.role !== 'assistant') {
        return this.fail('invalid_value', 'Only model output audio messages can be truncated', { about });
      }
      if (index !== 0 || !Number.isInteger(end) || (end as number) < 0) {
        return this.fail('invalid_value', 'Invalid content_index or audio_end_ms', { about });
      }
      const audioMs = this.audioMs.get(item.id) ?? 0;
      if ((end as number) > audioMs) {
        const message = `Audio content of ${audioMs}ms is already shorter than ${end}ms`;
        return this.fail('invalid_value', message, { about, param: 'audio_end_ms' });
      }
      this.audioMs.set(item.id, end as number);
      this.say({
        type: 'conversation.item.truncated',
        item_id: item.id,
        content_index: 0,
        audio_end_ms: end as number,
      });
    });
  }

  #withItem(event: ClientEvent, about: string | null, use: (item: Item) => void): void {
    const item = this.items.get(String(event['item_id']));
    if (item !== undefined) return use(item);
    const message = `Item with item_id not found: ${String(event['item_id'])}`;
    this.fail('item_not_found', message, { about, param: 'item_id' });
  }

  #respond(about: string | null): void {
    if (this.#response !== null) {
      const message = `Conversation already has an active response in progress: ${this.#response.id}.`;
      return this.fail('conversation_already_has_active_response', message, { about });
    }
    this.#count += 1;
    const reply = this.#replies.shift() ?? [
      { say: `Reply ${this.#count}.`, ms: 1_000, hz: 400 + 100 * (this.#count % 10) },
    ];
    this.#response = new FakeRealtimeResponse(reply, this.#options, {
      format: soundFormat(this.config, 'output'),
      say: (event) => this.say(event),
      keep: (item) => this.#keep(item),
      spoke: (itemId, ms) => this.audioMs.set(itemId, (this.audioMs.get(itemId) ?? 0) + ms),
      done: () => {
        this.#response = null;
      },
    });
    this.#response.start();
  }

  #newId(kind: string): string {
    return `${kind}_${randomUUID()}`;
  }

  get #session(): RealtimeSessionCreateRequest & { readonly id: string } {
    return { ...(this.config as object), type: 'realtime', id: this.id };
  }
}

const BETA_NAMES: Readonly<Record<string, string | null>> = {
  'response.output_audio.delta': 'response.audio.delta',
  'response.output_audio.done': 'response.audio.done',
  'response.output_audio_transcript.delta': 'response.audio_transcript.delta',
  'response.output_audio_transcript.done': 'response.audio_transcript.done',
  'conversation.item.added': 'conversation.item.created',
  // The beta had no word for it.
  'conversation.item.done': null,
};

function inBeta(event: ServerSays): object | null {
  const name = Object.hasOwn(BETA_NAMES, event.type) ? BETA_NAMES[event.type]! : event.type;
  return name === null ? null : { ...event, type: name };
}
