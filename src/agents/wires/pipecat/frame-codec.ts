import protobuf from 'protobufjs/light.js';

/** Sound as a bot sends it: signed 16-bit little endian, interleaved; or a WAV file of it. */
export interface BotAudio {
  readonly kind: 'audio';
  /** Lies in the memory of the message. */
  readonly bytes: Uint8Array;
  /** Hz; 0 if the bot did not say. */
  readonly sampleRate: number;
  /** 0 if the bot did not say. */
  readonly channels: number;
}

/** A websocket message of a bot. */
export type BotFrame =
  | BotAudio
  | { readonly kind: 'message'; readonly data: string }
  | { readonly kind: 'interruption' }
  /** Text and transcription frames, and what later versions may add. */
  | { readonly kind: 'other' };

interface AudioFields {
  id?: number;
  name?: string;
  audio?: Uint8Array;
  sample_rate?: number;
  num_channels?: number;
}

interface FrameFields {
  readonly audio?: AudioFields | null;
  readonly message?: { readonly data?: string } | null;
  readonly interruption?: object | null;
}

const IDENTITY = { id: { type: 'uint64', id: 1 }, name: { type: 'string', id: 2 } };

/** frames.proto of Pipecat; field numbers are the protocol. */
const schema = protobuf.Root.fromJSON({
  nested: {
    Frame: {
      oneofs: { frame: { oneof: ['text', 'audio', 'transcription', 'message', 'interruption'] } },
      fields: {
        text: { type: 'TextFrame', id: 1 },
        audio: { type: 'AudioRawFrame', id: 2 },
        transcription: { type: 'TranscriptionFrame', id: 3 },
        message: { type: 'MessageFrame', id: 4 },
        interruption: { type: 'InterruptionFrame', id: 5 },
      },
    },
    TextFrame: { fields: { ...IDENTITY, text: { type: 'string', id: 3 } } },
    AudioRawFrame: {
      fields: {
        ...IDENTITY,
        audio: { type: 'bytes', id: 3 },
        sample_rate: { type: 'uint32', id: 4 },
        num_channels: { type: 'uint32', id: 5 },
        pts: { type: 'uint64', id: 6 },
      },
    },
    TranscriptionFrame: {
      fields: {
        ...IDENTITY,
        text: { type: 'string', id: 3 },
        user_id: { type: 'string', id: 4 },
        timestamp: { type: 'string', id: 5 },
      },
    },
    MessageFrame: { fields: { data: { type: 'string', id: 1 } } },
    InterruptionFrame: { fields: IDENTITY },
  },
});
const frameType = schema.lookupType('Frame');

/** Null if the bytes are no frame of Pipecat. Never throws. */
export function decodeFrame(bytes: Uint8Array): BotFrame | null {
  let frame: FrameFields;
  try {
    frame = frameType.decode(bytes) as FrameFields;
  } catch {
    return null;
  }
  const { audio, message } = frame;
  if (audio) {
    return {
      kind: 'audio',
      // The library's default for a field that was not sent is an empty array.
      bytes: audio.audio instanceof Uint8Array ? audio.audio : NOTHING,
      sampleRate: audio.sample_rate ?? 0,
      channels: audio.num_channels ?? 0,
    };
  }
  if (message) return { kind: 'message', data: message.data ?? '' };
  return { kind: frame.interruption ? 'interruption' : 'other' };
}

const NOTHING = new Uint8Array(0);

/** A message, as JSON text within a frame: an application's own or RTVI's. */
export function encodeMessage(message: unknown): Uint8Array {
  return frameType.encode({ message: { data: JSON.stringify(message) } }).finish();
}

/** Encodes the caller's sound. Only the bytes of each frame are made anew, because the socket may hold on to them. */
export class AudioEncoder {
  readonly #audio: Required<AudioFields>;
  readonly #frame: FrameFields;

  /** `sampleRate` in Hz, mono. */
  constructor(sampleRate: number) {
    this.#audio = { id: 0, name: 'audio', audio: NOTHING, sample_rate: sampleRate, num_channels: 1 };
    this.#frame = { audio: this.#audio };
  }

  /** `pcm` is copied. */
  encode(pcm: Int16Array): Uint8Array {
    this.#audio.id += 1;
    this.#audio.audio = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    return frameType.encode(this.#frame).finish();
  }
}
