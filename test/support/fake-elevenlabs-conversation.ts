import type { Buffer as NodeBuffer } from 'node:buffer';
import { once } from 'node:events';
import type { WebSocket } from 'ws';
import { decodeUlaw, encodeUlaw, levelDb, resample, sineTone } from '../../src/audio/index.ts';
import type { FakeElevenLabsOptions } from './fake-elevenlabs.ts';
import { Mailbox } from './mailbox.ts';

export type ClientMessage = Readonly<Record<string, unknown>> & { readonly type?: string };

export interface ToolResult {
  readonly result: string;
  readonly is_error: boolean;
}

/** Louder is speech, dBFS; it begins and ends after so much of either, milliseconds. */
const SPEECH_DB = -40;
const SPEECH_BEGINS_MS = 60;
const SPEECH_ENDS_MS = 400;
/** Sound goes out in pieces of this length, all at once. */
const PIECE_MS = 250;

/** One conversation with the fake service. */
export class FakeConversation {
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Everything the client sent, in order, without its sound. */
  readonly messages: ClientMessage[] = [];
  /** The client's sound as it came, decoded, at `callerRate`. */
  readonly heard: Int16Array[] = [];
  /** Milliseconds from each ping to its pong. */
  readonly pongs: number[] = [];
  readonly callerRate: number;
  readonly #socket: WebSocket;
  readonly #options: FakeElevenLabsOptions;
  readonly #mail = new Mailbox<ClientMessage>();
  readonly #tools = new Map<string, (result: ToolResult) => void>();
  readonly #pinged = new Map<number, number>();
  #pings: NodeJS.Timeout | undefined;
  #begun = false;
  #eventId = 0;
  /** What it says right now, and until when, by its own guess: nobody tells it what was played. */
  #speaking: { readonly text: string; readonly eventId: number; readonly from: number; readonly until: number } | null =
    null;
  #speech: Int16Array[] = [];
  #loudMs = 0;
  #quietMs = 0;
  #isSpeech = false;

  constructor(socket: WebSocket, options: FakeElevenLabsOptions) {
    this.#socket = socket;
    this.#options = options;
    this.callerRate = rateOf(options.callerFormat);
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        clearInterval(this.#pings);
        resolve({ code, reason: reason.toString() });
      });
    });
    socket.on('error', () => {});
    socket.on('message', (data: NodeBuffer, isBinary) => this.#onMessage(data, isBinary));
    if (!options.waits) this.#begin();
  }

  /** What the client began with; null before it did. */
  get initiation(): ClientMessage | null {
    return this.messages.find(({ type }) => type === 'conversation_initiation_client_data') ?? null;
  }

  get variables(): Readonly<Record<string, unknown>> {
    return (this.initiation?.['dynamic_variables'] ?? {}) as Readonly<Record<string, unknown>>;
  }

  /** Milliseconds of sound that came. */
  get heardMs(): number {
    return this.heard.reduce((ms, { length }) => ms + (length * 1000) / this.callerRate, 0);
  }

  /** The next message of this type; others that came before it are passed over. */
  async hear(type: string): Promise<ClientMessage> {
    for (;;) {
      const message = await this.#mail.next();
      if (message.type === type) return message;
    }
  }

  /** Resolves when everything the client sent before was heard: a ping that comes back. */
  async settle(): Promise<void> {
    const id = this.#ping();
    for (;;) if ((await this.hear('pong'))['event_id'] === id) return;
  }

  /** The same, before the conversation has begun: a ping of the websocket. */
  async roundTrip(): Promise<void> {
    this.#socket.ping();
    await once(this.#socket, 'pong');
  }

  /** Says something: words, and all of the sound at once. Returns the ids of its sound. */
  say(text: string, pcm: Int16Array, rate: number): number[] {
    const { agentFormat } = this.#options;
    const own = resample(pcm, rate, rateOf(agentFormat));
    const piece = (rateOf(agentFormat) * PIECE_MS) / 1000;
    const ids: number[] = [];
    this.#eventId += 1;
    const eventId = this.#eventId;
    this.send({ type: 'agent_response', agent_response_event: { agent_response: text, event_id: eventId } });
    for (let at = 0; at < own.length; at += piece) ids.push(this.sound(own.subarray(at, at + piece)));
    const now = performance.now();
    const from = Math.max(now, this.#speaking?.until ?? 0);
    this.#speaking = { text, eventId, from, until: from + (own.length * 1000) / rateOf(agentFormat) };
    return ids;
  }

  /** One piece of sound at the agent's own rate. Returns its id. */
  sound(pcm: Int16Array): number {
    this.#eventId += 1;
    const audio_base_64 = encode(pcm, this.#options.agentFormat).toString('base64');
    this.send({ type: 'audio', audio_event: { audio_base_64, event_id: this.#eventId } });
    return this.#eventId;
  }

  /** The person spoke over it. */
  interrupt(): void {
    this.send({ type: 'interruption', interruption_event: { event_id: this.#eventId } });
    const speaking = this.#speaking;
    this.#speaking = null;
    if (speaking === null) return;
    const { text, eventId, from, until } = speaking;
    const said = Math.max(0, Math.min(1, (performance.now() - from) / (until - from)));
    this.send({
      type: 'agent_response_correction',
      agent_response_correction_event: {
        original_agent_response: text,
        corrected_agent_response: text.slice(0, Math.ceil(said * text.length)),
        event_id: eventId,
      },
    });
  }

  userSaid(text: string): void {
    this.#eventId += 1;
    this.send({
      type: 'user_transcript',
      user_transcription_event: { user_transcript: text, event_id: this.#eventId },
    });
  }

  callTool(name: string, parameters: Readonly<Record<string, unknown>>): Promise<ToolResult> {
    this.#eventId += 1;
    const id = `tool_${this.#eventId}`;
    this.send({
      type: 'client_tool_call',
      client_tool_call: { tool_name: name, tool_call_id: id, parameters, event_id: this.#eventId },
    });
    return new Promise((resolve) => this.#tools.set(id, resolve));
  }

  /** The service's own tool: the client may hang up, and the service closes. */
  endCall(closes = true): void {
    const response = {
      tool_name: 'end_call',
      tool_call_id: 'end',
      tool_type: 'system',
      is_error: false,
      is_called: true,
    };
    this.send({ type: 'agent_tool_response', agent_tool_response: { ...response, event_id: this.#eventId } });
    if (closes) this.close(1000, 'Call ended by the agent');
  }

  /** An error as the service tells it, and the close that follows. */
  fail(code: 1000 | 1002 | 1008 | 1011, errorType: string, message: string): void {
    this.send({ type: 'error', error_event: { code, error_type: errorType, message } });
    this.close(code, message);
  }

  send(message: object): void {
    this.text(JSON.stringify(message));
  }

  text(text: string): void {
    this.#socket.send(text);
  }

  binary(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  /** Gone without a close frame. */
  drop(): void {
    this.#socket.terminate();
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readAgain(): void {
    this.#socket.resume();
  }

  #onMessage(data: NodeBuffer, isBinary: boolean): void {
    const message = isBinary ? null : (JSON.parse(data.toString()) as ClientMessage);
    const chunk = message?.['user_audio_chunk'];
    if (message === null || (!this.#begun && message.type !== 'conversation_initiation_client_data')) {
      this.fail(1008, 'invalid_message', 'Invalid message received');
    } else if (typeof chunk === 'string') {
      this.#listen(decode(Buffer.from(chunk, 'base64'), this.#options.callerFormat));
    } else {
      this.messages.push(message);
      this.#mail.push(message);
      this.#act(message);
    }
  }

  #act(message: ClientMessage): void {
    switch (message.type) {
      case 'conversation_initiation_client_data':
        if (!this.#begun) this.#begin();
        return;
      case 'pong':
        this.#onPong(Number(message['event_id']));
        return;
      case 'client_tool_result':
        this.#tools.get(String(message['tool_call_id']))?.(message as unknown as ToolResult);
        return;
      case 'user_message':
        this.#answerTo(String(message['text']));
        return;
      case 'contextual_update':
      case 'user_activity':
      case 'feedback':
        return;
      default:
        this.fail(1008, 'invalid_message', 'Invalid message received');
    }
  }

  #begin(): void {
    const { waits, silent, variables, agentFormat, callerFormat, greeting, pingEveryMs } = this.#options;
    if (silent) return;
    const missing = waits ? variables.filter((name) => !Object.hasOwn(this.variables, name)) : [];
    if (missing.length > 0) {
      return this.fail(1008, 'missing_dynamic_variable', `Missing required dynamic variables: ${missing.join(', ')}`);
    }
    const wrong = Object.entries(this.variables).filter(
      ([name, value]) => name.startsWith('system__') || !['string', 'number', 'boolean'].includes(typeof value),
    );
    if (wrong.length > 0) return this.fail(1008, 'value_error', 'Invalid dynamic variables');
    this.#begun = true;
    this.send({
      type: 'conversation_initiation_metadata',
      conversation_initiation_metadata_event: {
        conversation_id: 'conv_fake',
        agent_output_audio_format: agentFormat,
        user_input_audio_format: callerFormat,
      },
    });
    this.#pings = setInterval(() => this.#ping(), pingEveryMs);
    if (greeting !== null) this.say(greeting.text, sineTone(48_000, greeting.hz, greeting.ms), 48_000);
  }

  #ping(): number {
    this.#eventId += 1;
    this.#pinged.set(this.#eventId, performance.now());
    const ping_ms = this.pongs.at(-1) ?? null;
    this.send({ type: 'ping', ping_event: { event_id: this.#eventId, ping_ms } });
    return this.#eventId;
  }

  #onPong(eventId: number): void {
    const sentAt = this.#pinged.get(eventId);
    if (sentAt === undefined) return this.fail(1008, 'invalid_message', 'A pong without a ping');
    this.pongs.push(Math.round(performance.now() - sentAt));
  }

  #answerTo(text: string): void {
    this.say(`You wrote: ${text}`, sineTone(16_000, 660, 300), 16_000);
  }

  /** Finds where speech begins and ends by its level, and says it again. */
  #listen(pcm: Int16Array): void {
    this.heard.push(pcm);
    const ms = (pcm.length * 1000) / this.callerRate;
    const loud = levelDb(pcm) > SPEECH_DB;
    this.#loudMs = loud ? this.#loudMs + ms : 0;
    this.#quietMs = loud ? 0 : this.#quietMs + ms;
    if (loud || this.#isSpeech) this.#speech.push(pcm);
    else this.#speech = [];
    if (!this.#isSpeech && this.#loudMs >= SPEECH_BEGINS_MS) {
      this.#isSpeech = true;
      if (performance.now() < (this.#speaking?.until ?? 0)) this.interrupt();
    }
    if (this.#isSpeech && this.#quietMs >= SPEECH_ENDS_MS) this.#repeat();
  }

  #repeat(): void {
    const speech = joined(this.#speech);
    this.#isSpeech = false;
    this.#speech = [];
    const ms = Math.round((speech.length * 1000) / this.callerRate);
    this.userSaid(`(${ms} ms of speech)`);
    this.say(`You said ${ms} ms.`, speech, this.callerRate);
  }
}

function joined(pieces: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function rateOf(format: string): number {
  return Number(format.split('_')[1]);
}

function encode(pcm: Int16Array, format: string): Buffer {
  if (format.startsWith('pcm')) return Buffer.from(pcm.slice().buffer);
  const bytes = Buffer.alloc(pcm.length);
  encodeUlaw(pcm, bytes);
  return bytes;
}

function decode(bytes: Buffer, format: string): Int16Array {
  if (format.startsWith('pcm')) return new Int16Array(new Uint8Array(bytes).buffer);
  const pcm = new Int16Array(bytes.length);
  decodeUlaw(bytes, pcm);
  return pcm;
}
