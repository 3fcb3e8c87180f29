import { type JsonObject, objectOf, parseObject } from '../../json.ts';

/** What a service says, as far as we have a use for it. Beta and GA spellings are one. */
export type ServerEvent =
  /** `session.updated` */
  | { readonly kind: 'configured' }
  | { readonly kind: 'response-created'; readonly responseId: string | null }
  | {
      readonly kind: 'response-done';
      readonly failed: boolean;
      /** Of the failure, as ErrorEvent has it. */
      readonly code: string | null;
    }
  | AudioEvent
  | { readonly kind: 'audio-done'; readonly itemId: string }
  | { readonly kind: 'speech-started' }
  | { readonly kind: 'transcript'; readonly party: 'user' | 'agent'; readonly text: string }
  /** A model is about to call a tool: `name` is not always told again. */
  | {
      readonly kind: 'call-named';
      readonly itemId: string | null;
      readonly callId: string | null;
      readonly name: string;
    }
  | ToolCallEvent
  | ErrorEvent
  /** Nothing that we need, or something that lacks what we need of it. */
  | { readonly kind: 'unused' }
  | { readonly kind: 'malformed' };

export interface AudioEvent {
  readonly kind: 'audio';
  readonly itemId: string | null;
  readonly responseId: string | null;
  readonly contentIndex: number;
  /** s16le, whole samples. */
  readonly bytes: Buffer;
}

export interface ToolCallEvent {
  readonly kind: 'call';
  readonly itemId: string | null;
  readonly callId: string;
  readonly name: string | null;
  /** JSON text, unread. */
  readonly args: string;
}

export interface ErrorEvent {
  readonly kind: 'error';
  /** One word, or null; a word of the service's own that is no word is null too. */
  readonly code: string | null;
  /** `event_id` of what we said. */
  readonly about: string | null;
}

const MALFORMED: ServerEvent = { kind: 'malformed' };
const UNUSED: ServerEvent = { kind: 'unused' };
/** Ids and names, characters. */
const MAX_WORD = 256;
/** A transcript, characters. */
const MAX_TEXT = 10_000;

/** Reads one event (UTF-8 JSON). Takes anything, never throws. */
export function parseServerEvent(bytes: Buffer): ServerEvent {
  const event = parseObject(bytes);
  const type = event?.['type'];
  if (event === null || typeof type !== 'string') return MALFORMED;
  return Object.hasOwn(READERS, type) ? READERS[type]!(event) : UNUSED;
}

const audio = (event: JsonObject): ServerEvent => {
  const delta = event['delta'];
  if (typeof delta !== 'string') return MALFORMED;
  const bytes = Buffer.from(delta, 'base64');
  if (bytes.length % 2 !== 0) return MALFORMED;
  const index = event['content_index'];
  return {
    kind: 'audio',
    itemId: word(event['item_id']),
    responseId: word(event['response_id']),
    contentIndex: Number.isSafeInteger(index) ? (index as number) : 0,
    bytes,
  };
};

const audioDone = (event: JsonObject): ServerEvent => {
  const itemId = word(event['item_id']);
  return itemId === null ? UNUSED : { kind: 'audio-done', itemId };
};

const said =
  (party: 'user' | 'agent') =>
  (event: JsonObject): ServerEvent => {
    const text = event['transcript'];
    return typeof text === 'string' ? { kind: 'transcript', party, text: text.trim().slice(0, MAX_TEXT) } : UNUSED;
  };

const itemAdded = (event: JsonObject): ServerEvent => {
  const item = objectOf(event['item']);
  const name = word(item['name']);
  if (item['type'] !== 'function_call' || name === null) return UNUSED;
  return { kind: 'call-named', itemId: word(item['id']), callId: word(item['call_id']), name };
};

const itemDone = (event: JsonObject): ServerEvent => {
  const item = objectOf(event['item']);
  // A call that was broken off has half its arguments.
  if (item['type'] !== 'function_call' || item['status'] === 'incomplete') return UNUSED;
  return call(word(item['id']), item['call_id'], item['name'], item['arguments']);
};

const responseCreated = (event: JsonObject): ServerEvent => ({
  kind: 'response-created',
  responseId: word(objectOf(event['response'])['id']),
});

const responseDone = (event: JsonObject): ServerEvent => {
  const response = objectOf(event['response']);
  const error = objectOf(objectOf(response['status_details'])['error']);
  const failed = response['status'] === 'failed';
  return {
    kind: 'response-done',
    failed,
    code: failed ? (codeWord(error['code']) ?? codeWord(error['type'])) : null,
  };
};

const error = (event: JsonObject): ServerEvent => {
  const fault = objectOf(event['error']);
  return {
    kind: 'error',
    code: codeWord(fault['code']) ?? codeWord(fault['type']),
    about: word(fault['event_id']),
  };
};

function call(itemId: string | null, callId: unknown, name: unknown, args: unknown): ServerEvent {
  const id = word(callId);
  if (id === null || typeof args !== 'string') return UNUSED;
  return { kind: 'call', itemId, callId: id, name: word(name), args };
}

const READERS: Readonly<Record<string, (event: JsonObject) => ServerEvent>> = {
  'session.updated': () => ({ kind: 'configured' }),
  'response.created': responseCreated,
  'response.done': responseDone,
  'response.output_audio.delta': audio,
  'response.audio.delta': audio,
  'response.output_audio.done': audioDone,
  'response.audio.done': audioDone,
  'response.output_audio_transcript.done': said('agent'),
  'response.audio_transcript.done': said('agent'),
  'conversation.item.input_audio_transcription.completed': said('user'),
  'input_audio_buffer.speech_started': () => ({ kind: 'speech-started' }),
  'response.output_item.added': itemAdded,
  'response.output_item.done': itemDone,
  'response.function_call_arguments.done': (event) =>
    call(word(event['item_id']), event['call_id'], event['name'], event['arguments']),
  error,
};

function word(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_WORD ? value : null;
}

/** Only what can stand in a log. */
function codeWord(value: unknown): string | null {
  return typeof value === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(value) ? value : null;
}
