import type { SampleRate } from '../../../call/index.ts';
import type { BridgeMessage } from './bridge-messages.ts';
import { FRAME_MS, MAX_UNREAD_AUDIO_MS, RESUME_UNREAD_AUDIO_MS, STALLED_AFTER_MS } from './limits.ts';
import { FrameRing } from './pcm.ts';

/** What caller sound needs of a socket (AgentSocket has it). */
export interface AudioOutlet {
  /** Bytes that the network did not take yet. */
  readonly unreadBytes: number;
  sendControl(message: BridgeMessage): void;
  /** `bytes` stay as they are until the network took them. */
  sendAudio(bytes: Buffer): void;
}

/** Bytes of a masked websocket header on a frame of 126 to 65,535 bytes. */
const HEADER_BYTES = 8;

/**
 * Caller sound on its way to the agent. When the agent does not read, frames are dropped and counted, newest first:
 * what waits in the socket cannot be taken back. Before sound flows again, a `gap` says how much is missing.
 */
export class CallerAudio {
  readonly #ring: FrameRing;
  readonly #bytesPerMs: number;
  #droppedMs = 0;
  /** Dropped since the last frame that was sent on the present connection. */
  #gapMs = 0;

  constructor(sampleRate: SampleRate) {
    const samplesPerFrame = (sampleRate * FRAME_MS) / 1000;
    this.#bytesPerMs = (samplesPerFrame * 2 + HEADER_BYTES) / FRAME_MS;
    // More frames than may wait in the socket, so that none is overwritten while it waits.
    this.#ring = new FrameRing(MAX_UNREAD_AUDIO_MS / FRAME_MS + 4, samplesPerFrame);
  }

  get droppedMs(): number {
    return this.#droppedMs;
  }

  /** Sends or drops one frame. False: nothing could be sent for so long that the agent counts as stalled. */
  send(socket: AudioOutlet, pcm: Int16Array): boolean {
    const unreadMs = socket.unreadBytes / this.#bytesPerMs;
    if (unreadMs > (this.#gapMs > 0 ? RESUME_UNREAD_AUDIO_MS : MAX_UNREAD_AUDIO_MS)) {
      this.#droppedMs += FRAME_MS;
      this.#gapMs += FRAME_MS;
      return this.#gapMs < STALLED_AFTER_MS;
    }
    if (this.#gapMs > 0) socket.sendControl({ type: 'gap', dropped_ms: this.#gapMs });
    this.#gapMs = 0;
    socket.sendAudio(this.#ring.write(pcm));
    return true;
  }

  /** There is no connection to send this frame on. */
  drop(): void {
    this.#droppedMs += FRAME_MS;
  }

  /** A new connection: its agent heard nothing, so nothing is missing. */
  restart(): void {
    this.#gapMs = 0;
  }
}
