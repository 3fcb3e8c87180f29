import {
  AgentLine,
  type AgentListener,
  type BridgedAgent,
  type CallContext,
  ratesOf,
  type WireServices,
} from '../agents/index.ts';
import { FRAME_MS, samplesToMs } from '../audio/index.ts';
import type { AgentFailure, AgentInput, AgentInstruction, CallIdentity } from '../call/index.ts';
import type { AgentPresence } from './comfort-watch.ts';
import { requestClear, requestMark } from './playout-requests.ts';
import type { MediaReport } from './protocol.ts';
import { decodeAgentFile } from './sound-file.ts';
import { closeSpare, type SoundPath, type SpareCodecs } from './sound-path.ts';
import { TranscriptSoFar } from './transcript-so-far.ts';

export interface AgentSideOptions {
  readonly key: string;
  /** Until `identify` says otherwise. */
  readonly identity: CallIdentity;
  readonly services: WireServices;
  readonly sound: SoundPath;
  /** Frames leave for the phone. */
  readonly pulling: () => boolean;
  readonly sendDtmf: (digits: string) => boolean;
  readonly report: (report: MediaReport) => void;
  readonly input: (input: AgentInput) => void;
  readonly warn: (message: string) => void;
}

/** One agent of the call's chain, from the moment it is sought. */
interface Seat {
  readonly number: number;
  readonly target: BridgedAgent;
  /** Who was lost before. */
  readonly previous: CallContext['previousAgent'];
  /** Null while codecs are made, and when it is over. */
  line: AgentLine | null;
  /** For its rates, until it is ready. */
  codecs: SpareCodecs | null;
  ready: boolean;
  failed: boolean;
}

/**
 * The agents of one call, one after the other. What an agent queued goes on playing while the next one is dialled; when
 * that one is ready the queue is its own, at its rates.
 */
export class AgentSide {
  readonly #options: AgentSideOptions;
  readonly #transcript = new TranscriptSoFar();
  #identity: CallIdentity;
  #seat: Seat | null = null;
  /** Whose sound is in the queue. */
  #speaker: Seat | null = null;
  #previous: CallContext['previousAgent'] = null;
  #started = false;
  /** Somebody had to be sought since the last frame, with the person on the line. */
  #sought = false;
  #spoke = false;
  #alarmed = false;
  /** Files play in the order in which they came; those before a clear do not play after it. */
  #files: Promise<unknown> = Promise.resolve();
  #clears = 0;
  #gone: Promise<unknown> = Promise.resolve();
  #droppedMs = 0;

  constructor(options: AgentSideOptions) {
    this.#options = options;
    this.#identity = options.identity;
  }

  /** What agents that are dialled from now on are told of the call. */
  identify(identity: CallIdentity): void {
    this.#identity = identity;
  }

  /** Asked once a frame. An agent that was lost and one that came, all since the last frame, count as a search too. */
  takePresence(): AgentPresence {
    const sought = this.#sought;
    this.#sought = false;
    if (!this.#started || this.#seat === null) return 'none';
    return this.#seat.ready && !sought ? 'there' : 'sought';
  }

  /** Of all agents of the call, milliseconds. */
  get callerAudioDroppedMs(): number {
    return this.#droppedMs + (this.#seat?.line?.callerAudioDroppedMs ?? 0);
  }

  /** Lets go of the agent before and dials this one. Rejects if its codecs cannot be made. */
  async connect(number: number, target: BridgedAgent, reconnectAttempts: number): Promise<void> {
    this.#letGo('agent_unavailable');
    const seat: Seat = {
      number,
      target,
      previous: this.#previous,
      line: null,
      codecs: null,
      ready: false,
      failed: false,
    };
    this.#seat = seat;
    this.#sought = this.#started;
    const { sound, services } = this.#options;
    const codecs = await sound.prepare(ratesOf(target));
    // Codecs take a moment to load, and meanwhile the agent may be let go.
    if (this.#seat !== seat) return closeSpare(codecs);
    // Where nothing can sound yet, the comfort tone shall.
    if (sound.speaking.hasEncoder) seat.codecs = codecs;
    else sound.use(codecs);
    seat.line = new AgentLine({
      target,
      reconnectAttempts,
      services,
      context: (attempt) => this.#contextOf(seat, attempt),
      listener: this.#listenerOf(seat),
    });
    seat.line.connect();
  }

  /** The person is on the line. */
  start(): void {
    this.#started = true;
    this.#seat?.line?.start();
  }

  /** One frame since the person is on the line; `pcm` at the rate of the agent that is ready. */
  callerAudio(pcm: Int16Array, mediaTimeMs: number): void {
    if (this.#seat === null) return;
    if (this.#seat.line === null) this.#droppedMs += FRAME_MS;
    else this.#seat.line.callerAudio(pcm, mediaTimeMs);
  }

  callerDtmf(digit: string, durationMs: number): void {
    if (this.#started) this.#seat?.line?.callerDtmf(digit, durationMs);
  }

  instruct(instruction: AgentInstruction): void {
    this.#seat?.line?.instruct(instruction);
  }

  /** The sound before these marks is on its way to the phone. */
  marked(names: readonly string[]): void {
    for (const name of names) this.#speaker?.line?.marked(name, false);
  }

  /** The first packet of a talkspurt is on its way to the phone. */
  spoke(): void {
    if (this.#spoke || this.#speaker === null) return;
    this.#spoke = true;
    this.#options.input({ type: 'agent.spoke', seat: this.#speaker.number });
  }

  /** Lets go of the agent, which is told why. Resolves when all agents that the call ever had are gone. */
  async close(reason: string): Promise<void> {
    this.#letGo(reason);
    await this.#gone;
  }

  #letGo(reason: string): void {
    const seat = this.#seat;
    this.#seat = null;
    if (seat === null) return;
    const line = seat.line;
    if (!seat.failed) this.#giveUp(seat, 'not_ready');
    if (line !== null) this.#gone = Promise.allSettled([this.#gone, line.callEnded(reason)]);
  }

  /** The agent has no line any more; `failure` is what the next one is told of it. */
  #giveUp(seat: Seat, failure: AgentFailure): void {
    this.#previous = { name: seat.target.name, failure };
    this.#droppedMs += seat.line?.callerAudioDroppedMs ?? 0;
    if (seat.codecs !== null) closeSpare(seat.codecs);
    seat.codecs = null;
    seat.line = null;
    seat.ready = false;
    seat.failed = true;
  }

  #contextOf({ previous }: Seat, attempt: number): CallContext {
    const identity = this.#identity;
    return { identity, recording: false, attempt, previousAgent: previous, transcript: this.#transcript.lines() };
  }

  /** All that the agent before left is gone with its first word: nobody is told of it any more. */
  #takeOver(seat: Seat): void {
    const { sound } = this.#options;
    sound.speaking.playout.clear();
    if (seat.codecs !== null) sound.use(seat.codecs);
    seat.codecs = null;
    this.#speaker = seat;
    this.#spoke = false;
    this.#clears += 1;
  }

  #enqueue(pcm: Int16Array, itemId: string | null): void {
    const { playout } = this.#options.sound.speaking;
    const refusedMs = playout.enqueue(pcm, itemId);
    if (refusedMs === 0 || playout.draining || this.#alarmed) return;
    this.#alarmed = true;
    this.#options.warn('an agent is ten minutes of sound ahead; more of it is dropped');
  }

  #playFile(seat: Seat, bytes: Uint8Array): Promise<number> {
    const { rate } = this.#options.sound.speaking;
    const clears = this.#clears;
    const playing = this.#files.then(async () => {
      const pcm = await decodeAgentFile(bytes, rate);
      if (this.#clears === clears && seat.line !== null) this.#enqueue(pcm, null);
      return samplesToMs(pcm.length, rate);
    });
    this.#files = playing.catch(() => {});
    return playing;
  }

  #listenerOf(seat: Seat): AgentListener {
    const { key, sound, services, report, input, sendDtmf, warn, pulling } = this.#options;
    const agent = seat.target.name;
    return {
      onReady: (connectMs) => {
        if (this.#speaker !== seat) this.#takeOver(seat);
        seat.ready = true;
        input({ type: 'agent.ready', seat: seat.number, connectMs });
        if (this.#started) seat.line?.start();
      },
      onAudio: (pcm, itemId) => this.#enqueue(pcm, itemId),
      onFile: (bytes) => this.#playFile(seat, bytes),
      onClear: () => {
        this.#clears += 1;
        if (seat.line !== null) requestClear(seat.line, sound.speaking.playout);
      },
      onMark: (name) => {
        if (seat.line !== null) requestMark(seat.line, sound.speaking.playout, pulling(), name);
      },
      onDtmf: (digits) => {
        if (!sendDtmf(digits)) warn('keys towards the phone were refused');
      },
      onMessage: (data) => report({ type: 'agent.message', key, at: Date.now(), agent, text: textOf(data) }),
      onTranscript: (transcript) => {
        if (transcript.final) this.#transcript.add(transcript);
        report({ type: 'agent.transcript', key, at: Date.now(), agent, ...transcript });
      },
      onHangup: (drain, reason) => input({ type: 'agent.hangup', seat: seat.number, drain, reason }),
      onReconnecting: (attempt, code) => {
        seat.ready = false;
        this.#sought = this.#started;
        input({ type: 'agent.reconnecting', seat: seat.number, attempt, code });
      },
      onFailed: (code, detail) => {
        this.#giveUp(seat, code);
        // The timeline holds the code alone; who set the agent up needs the words, such as what of a document was not understood.
        services.warn('an agent failed', { agent: seat.target.id, code, detail });
        input({ type: 'agent.failed', seat: seat.number, code, detail });
      },
    };
  }
}

/** Characters of a message that are kept for the timeline. */
const MESSAGE_LENGTH = 2_000;

/** As JSON. What an agent nested so deep that it cannot be written must not end the thread. */
function textOf(data: unknown): string {
  try {
    return (JSON.stringify(data) ?? '').slice(0, MESSAGE_LENGTH + 1);
  } catch {
    return '"too deep to be written"';
  }
}
