import { decodeUlaw, encodeUlaw } from '../../../audio/index.ts';
import type { WireListener } from '../../agent.ts';
import { CallerQueue } from '../../net/caller-queue.ts';
import { broken, type SocketEnd, STALLED } from '../../net/socket-end.ts';
import { WireSocket } from '../../net/wire-socket.ts';
import { parseStreamMessage } from './parse-stream-message.ts';
import type { PendingMarks } from './pending-marks.ts';
import { newStreamSid } from './sids.ts';

export interface StreamRequest {
  /** ws:// or wss:// */
  readonly url: string;
  readonly accountSid: string;
  readonly callSid: string;
  readonly customParameters: Readonly<Record<string, string>>;
  readonly allowLinkLocal: boolean;
}

/** What a stream tells of its own life. `onEnd` comes once, and not after `close` or `cut`. */
export interface StreamOwner {
  onOpen(): void;
  onEnd(end: SocketEnd): void;
}

export type StreamListener = Pick<WireListener, 'onAudio' | 'onClear' | 'onMark' | 'onMessage'>;

const SAMPLES_PER_FRAME = 160;
/** A `media` message with its websocket header. */
const BYTES_PER_FRAME = 380;
/** Messages an agent may send that cannot be read; the next one ends the stream. */
const MAX_REFUSED = 100;
/** Messages of the agent's own making that go to the timeline of one call. */
const MAX_APP_MESSAGES = 1_000;
/** Sound is handed on in pieces of this many samples at most, however much comes at once. */
const PIECE_SAMPLES = 8_000;

/** One Twilio Media Stream: a socket to the agent on which we are Twilio. Dials when it is built; never throws. */
export class MediaStream {
  readonly #request: StreamRequest;
  readonly #listener: StreamListener;
  readonly #marks: PendingMarks;
  readonly #owner: StreamOwner;
  readonly #socket: WireSocket;
  readonly #queue: CallerQueue;
  readonly #sid = newStreamSid();
  readonly #frame = Buffer.alloc(SAMPLES_PER_FRAME);
  readonly #piece = new Int16Array(PIECE_SAMPLES);
  #open = false;
  #begun = false;
  #over = false;
  /** Media time of the call at the stream's first frame. */
  #beganAtMs: number | null = null;
  #sequence = 0;
  #chunk = 0;
  #refused = 0;
  #appMessages = 0;

  constructor(request: StreamRequest, listener: StreamListener, marks: PendingMarks, owner: StreamOwner) {
    this.#request = request;
    this.#listener = listener;
    this.#marks = marks;
    this.#owner = owner;
    this.#socket = WireSocket.dial(
      { url: request.url, allowLinkLocal: request.allowLinkLocal },
      {
        onOpen: () => this.#onOpen(),
        onText: (bytes) => this.#onText(bytes),
        onBinary: () => this.#refuse(),
        onEnd: (end) => this.#end(end),
      },
    );
    this.#queue = new CallerQueue(this.#socket, SAMPLES_PER_FRAME, BYTES_PER_FRAME, (pcm, mediaTimeMs) =>
      this.#sendMedia(pcm, mediaTimeMs),
    );
  }

  /** Caller sound thrown away because the agent did not read, milliseconds. */
  get droppedMs(): number {
    return this.#queue.droppedMs;
  }

  /** Resolves when the socket is gone. */
  get closed(): Promise<void> {
    return this.#socket.closed;
  }

  /** The person is on the line: Twilio's stream begins, now or as soon as the socket is open. May be called again. */
  begin(): void {
    if (this.#begun || this.#over || !this.#open) return;
    this.#begun = true;
    const { accountSid, callSid, customParameters } = this.#request;
    this.#socket.sendJson({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    this.#send('start', {
      streamSid: this.#sid,
      accountSid,
      callSid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters,
    });
  }

  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    if (!this.#begun || this.#over) return;
    this.#beganAtMs ??= mediaTimeMs;
    if (this.#queue.push(pcm, mediaTimeMs)) return;
    this.#socket.cut();
    this.#end(STALLED);
  }

  callerDtmf(digit: string): void {
    this.#send('dtmf', { track: 'inbound_track', digit });
  }

  /** Ends the stream as Twilio does: `stop`, then the socket. */
  close(): void {
    if (this.#over) return;
    const { accountSid, callSid } = this.#request;
    this.#send('stop', { accountSid, callSid });
    this.#over = true;
    this.#socket.close(1000, '');
  }

  /** Ends the stream without a word. */
  cut(): void {
    this.#over = true;
    this.#socket.cut();
  }

  #onOpen(): void {
    this.#open = true;
    this.#socket.watch();
    this.#owner.onOpen();
  }

  #onText(bytes: Buffer): void {
    const message = parseStreamMessage(bytes);
    switch (message.kind) {
      case 'media':
        this.#onMedia(message.ulaw);
        return;
      case 'mark':
        this.#marks.add(message.name, () => this.#send('mark', { name: message.name }));
        this.#listener.onMark(message.name);
        return;
      case 'clear':
        this.#listener.onClear();
        return;
      case 'app':
        this.#appMessages += 1;
        if (this.#appMessages <= MAX_APP_MESSAGES) this.#listener.onMessage(message.data);
        return;
      case 'refused':
        this.#refuse();
        return;
      default:
        message satisfies never;
    }
  }

  #onMedia(ulaw: Uint8Array): void {
    for (let at = 0; at < ulaw.length && !this.#over; at += PIECE_SAMPLES) {
      const piece = ulaw.subarray(at, at + PIECE_SAMPLES);
      decodeUlaw(piece, this.#piece);
      this.#listener.onAudio(this.#piece.subarray(0, piece.length), null);
    }
  }

  #refuse(): void {
    this.#refused += 1;
    if (this.#refused <= MAX_REFUSED) return;
    this.#socket.close(1008, 'too many messages were not valid');
    this.#end(broken('protocol_error', false, `more than ${MAX_REFUSED} messages were not valid`));
  }

  /** Written by hand: it is the one message that is sent 50 times a second. */
  #sendMedia(pcm: Int16Array, mediaTimeMs: number): void {
    encodeUlaw(pcm, this.#frame);
    this.#sequence += 1;
    this.#chunk += 1;
    const timestamp = Math.round(mediaTimeMs - (this.#beganAtMs ?? mediaTimeMs));
    this.#socket.sendText(
      `{"event":"media","sequenceNumber":"${this.#sequence}","streamSid":"${this.#sid}","media":{"track":"inbound",` +
        `"chunk":"${this.#chunk}","timestamp":"${timestamp}","payload":"${this.#frame.toString('base64')}"}}`,
    );
  }

  #send(event: 'start' | 'dtmf' | 'mark' | 'stop', body: object): void {
    if (!this.#begun || this.#over) return;
    this.#sequence += 1;
    const sequenceNumber = String(this.#sequence);
    this.#socket.sendJson({ event, sequenceNumber, streamSid: this.#sid, [event]: body });
  }

  #end(end: SocketEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.onEnd(end);
  }
}
