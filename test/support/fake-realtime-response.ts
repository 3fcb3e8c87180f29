import { randomUUID } from 'node:crypto';
import type { ConversationItem, RealtimeResponse } from 'openai/resources/realtime/realtime';
import { sineTone } from '../../src/audio/index.ts';
import type { FakeRealtimeOptions } from './fake-realtime.ts';
import type { ServerSays } from './fake-realtime-session.ts';
import type { SoundFormat } from './fake-realtime-sound.ts';

/** What the model does in one response, in order. */
export type Reply = readonly ReplyPart[];
export type ReplyPart =
  | { readonly say: string; readonly ms: number; readonly hz: number }
  | { readonly call: string; readonly args: unknown; readonly callId?: string }
  /** The response fails with this code. */
  | { readonly fail: string };

type Item = ConversationItem & { readonly id: string };
type Status = 'completed' | 'cancelled' | 'failed';

interface Owner {
  readonly format: SoundFormat;
  say(event: ServerSays): void;
  /** Keeps an item, new or changed; returns the item that it comes after. */
  keep(item: Item): string | null;
  spoke(itemId: string, ms: number): void;
  done(): void;
}

/** A response that is being spoken: faster than real time, in deltas, and it can be broken off at any of them. */
export class FakeRealtimeResponse {
  readonly id = `resp_${randomUUID()}`;
  readonly #parts: readonly ReplyPart[];
  readonly #deltaMs: number;
  readonly #speed: number;
  readonly #stale: number;
  readonly #owner: Owner;
  readonly #output: Item[] = [];
  #timer: NodeJS.Timeout | undefined;
  #speech: {
    readonly item: Item;
    readonly part: { say: string; ms: number };
    readonly pcm: Int16Array;
    at: number;
  } | null = null;

  constructor(parts: Reply, { deltaMs = 100, speed = 20, staleDeltas = 2 }: FakeRealtimeOptions, owner: Owner) {
    this.#parts = parts;
    this.#deltaMs = deltaMs;
    this.#speed = speed;
    this.#stale = staleDeltas;
    this.#owner = owner;
  }

  start(): void {
    this.#owner.say({ type: 'response.created', response: this.#state('in_progress') });
    this.#next(0);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  cancel(reason: 'turn_detected' | 'client_cancelled'): void {
    this.stop();
    // What was on the way when it was broken off comes still.
    for (let i = 0; i < this.#stale && this.#speech !== null; i += 1) this.#delta();
    this.#endSpeech('incomplete');
    this.#finish('cancelled', { type: 'cancelled', reason });
  }

  #next(index: number): void {
    const part = this.#parts[index];
    if (part === undefined) return this.#finish('completed', { type: 'completed' });
    if ('fail' in part) {
      return this.#finish('failed', { type: 'failed', error: { type: 'server_error', code: part.fail } });
    }
    if ('call' in part) {
      this.#call(part.call, part.args, part.callId ?? `call_${randomUUID()}`, index);
      return this.#next(index + 1);
    }
    this.#beginSpeech(part, index);
    const step = () => {
      if (this.#delta()) {
        this.#timer = setTimeout(step, this.#deltaMs / this.#speed);
      } else {
        this.#endSpeech('completed');
        this.#next(index + 1);
      }
    };
    this.#timer = setTimeout(step, 0);
  }

  #beginSpeech(part: { say: string; ms: number; hz: number }, index: number): void {
    const id = `item_${randomUUID()}`;
    const item: Item = { id, type: 'message', role: 'assistant', status: 'in_progress', content: [] };
    this.#speech = { item, part, pcm: sineTone(this.#owner.format.rate, part.hz, part.ms), at: 0 };
    this.#owner.say({ type: 'response.output_item.added', response_id: this.id, output_index: index, item });
    this.#owner.say({ type: 'conversation.item.added', item, previous_item_id: this.#owner.keep(item) });
    this.#owner.say({
      type: 'response.content_part.added',
      ...this.#place(id),
      part: { type: 'audio', transcript: '' },
    });
  }

  /** False: there is no more. */
  #delta(): boolean {
    const speech = this.#speech;
    if (speech === null || speech.at >= speech.pcm.length) return false;
    const { format } = this.#owner;
    const pcm = speech.pcm.subarray(speech.at, speech.at + (format.rate / 1000) * this.#deltaMs);
    speech.at += pcm.length;
    this.#owner.spoke(speech.item.id, (pcm.length * 1000) / format.rate);
    this.#owner.say({
      type: 'response.output_audio.delta',
      ...this.#place(speech.item.id),
      delta: format.encode(pcm).toString('base64'),
    });
    this.#owner.say({ type: 'response.output_audio_transcript.delta', ...this.#place(speech.item.id), delta: '.' });
    return true;
  }

  #endSpeech(status: 'completed' | 'incomplete'): void {
    const speech = this.#speech;
    if (speech === null) return;
    this.#speech = null;
    const transcript = speech.part.say;
    const place = this.#place(speech.item.id);
    const item: Item = {
      id: speech.item.id,
      type: 'message',
      role: 'assistant',
      status,
      content: [{ type: 'output_audio', transcript }],
    };
    this.#owner.say({ type: 'response.output_audio.done', ...place });
    this.#owner.say({ type: 'response.output_audio_transcript.done', ...place, transcript });
    this.#owner.say({ type: 'response.content_part.done', ...place, part: { type: 'audio', transcript } });
    this.#endItem(item, place.output_index);
  }

  #call(name: string, args: unknown, callId: string, index: number): void {
    const id = `item_${randomUUID()}`;
    const text = typeof args === 'string' ? args : JSON.stringify(args);
    const call = { id, type: 'function_call' as const, name, call_id: callId };
    const begun: Item = { ...call, status: 'in_progress', arguments: '' };
    const place = { response_id: this.id, item_id: id, output_index: index, call_id: callId };
    this.#owner.say({ type: 'response.output_item.added', response_id: this.id, output_index: index, item: begun });
    this.#owner.say({ type: 'conversation.item.added', item: begun, previous_item_id: this.#owner.keep(begun) });
    this.#owner.say({ type: 'response.function_call_arguments.delta', ...place, delta: text });
    this.#owner.say({ type: 'response.function_call_arguments.done', ...place, name, arguments: text });
    this.#endItem({ ...call, status: 'completed', arguments: text }, index);
  }

  #endItem(item: Item, index: number): void {
    this.#output.push(item);
    const previous = this.#owner.keep(item);
    this.#owner.say({ type: 'conversation.item.done', item, previous_item_id: previous });
    this.#owner.say({ type: 'response.output_item.done', response_id: this.id, output_index: index, item });
  }

  #finish(status: Status, details: NonNullable<RealtimeResponse['status_details']>): void {
    this.#owner.done();
    this.#owner.say({
      type: 'response.done',
      response: {
        ...this.#state(status),
        status_details: details,
        usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
      },
    });
  }

  #place(itemId: string) {
    const index = this.#output.length;
    return { response_id: this.id, item_id: itemId, output_index: index, content_index: 0 };
  }

  #state(status: NonNullable<RealtimeResponse['status']>): RealtimeResponse {
    return {
      object: 'realtime.response',
      id: this.id,
      status,
      output: [...this.#output],
      output_modalities: ['audio'],
    };
  }
}
