import {
  AgentLine,
  type AgentListener,
  type BridgedAgent,
  type CallContext,
  ratesOf,
  type WireServices,
} from '../agents/index.ts';
import { FRAME_MS, PlayoutQueue } from '../audio/index.ts';
import type { AgentFailure, AgentInput, AgentInstruction, CallIdentity } from '../call/index.ts';
import { AgentSeat } from './agent-seat.ts';
import { AgentSound, type AgentSoundOptions } from './agent-sound.ts';
import type { AgentPresence } from './comfort-watch.ts';
import type { MediaReport } from './protocol.ts';
import { closeSpare } from './sound-path.ts';
import { TranscriptSoFar } from './transcript-so-far.ts';

export interface AgentSideOptions extends AgentSoundOptions {
  readonly key: string;
  /** Until `identify` says otherwise. */
  readonly identity: CallIdentity;
  readonly services: WireServices;
  readonly sendDtmf: (digits: string) => boolean;
  readonly report: (report: MediaReport) => void;
  readonly input: (input: AgentInput) => void;
}

/**
 * The agents of one call, one after the other. What an agent queued goes on playing while the next one is dialled; when
 * that one is ready the queue is its own, at its rates. One that is to take a call over from another is sought beside it,
 * and is ready with whatever it has said when it is given the call.
 */
export class AgentSide {
  readonly #options: AgentSideOptions;
  readonly #sound: AgentSound;
  readonly #transcript = new TranscriptSoFar();
  #identity: CallIdentity;
  #seat: AgentSeat | null = null;
  /** Is to take over. */
  #next: AgentSeat | null = null;
  #previous: CallContext['previousAgent'] = null;
  #started = false;
  /** Somebody had to be sought since the last frame, with the person on the line. */
  #sought = false;
  #spoke = false;
  #gone: Promise<unknown> = Promise.resolve();
  #droppedMs = 0;

  constructor(options: AgentSideOptions) {
    this.#options = options;
    this.#sound = new AgentSound(options);
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
    const seat = new AgentSeat(number, target, this.#previous);
    this.#seat = seat;
    this.#sought = this.#started;
    const { sound } = this.#options;
    const codecs = await sound.prepare(ratesOf(target));
    // Codecs take a moment to load, and meanwhile the agent may be let go.
    if (this.#seat !== seat) return closeSpare(codecs);
    // Where nothing can sound yet, the comfort tone shall.
    if (sound.speaking.hasEncoder) seat.codecs = codecs;
    else sound.use(codecs);
    this.#dial(seat, reconnectAttempts);
  }

  /** Dials one that is to take over, beside the one that has the call. Rejects if its codecs cannot be made. */
  async prepare(number: number, target: BridgedAgent, reconnectAttempts: number): Promise<void> {
    this.#dropNext('agent_unavailable');
    const before = this.#seat;
    const previous = before === null ? this.#previous : ({ name: before.target.name, failure: 'transferred' } as const);
    const seat = new AgentSeat(number, target, previous);
    this.#next = seat;
    const rates = ratesOf(target);
    const codecs = await this.#options.sound.makeSpare(rates);
    if (this.#next !== seat && this.#seat !== seat) return closeSpare(codecs);
    seat.codecs = codecs;
    seat.early = new PlayoutQueue({ sampleRate: rates.agentRate });
    this.#dial(seat, reconnectAttempts);
  }

  /** The one that was prepared has the call, as soon as it is ready. The one before is let go. */
  switchTo(number: number): void {
    const next = this.#next;
    if (next === null || next.number !== number) return;
    this.#next = null;
    this.#letGo('transferred');
    this.#seat = next;
    this.#sought = this.#started;
    if (next.ready) this.#putOnLine(next);
  }

  /** The one that was prepared is not wanted any more. */
  drop(number: number): void {
    if (this.#next?.number === number) this.#dropNext('agent_unavailable');
  }

  /** Throws away what is queued, as if the agent that said it had cleared it; it is told. */
  interrupt(): void {
    const { speaker } = this.#sound;
    if (speaker !== null) this.#sound.clear(speaker);
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
    for (const name of names) this.#sound.speaker?.line?.marked(name, false);
  }

  /** The first packet of a talkspurt is on its way to the phone. */
  spoke(): void {
    const { speaker } = this.#sound;
    if (this.#spoke || speaker === null) return;
    this.#spoke = true;
    this.#options.input({ type: 'agent.spoke', seat: speaker.number });
  }

  /** Lets go of the agent, which is told why. Resolves when all agents that the call ever had are gone. */
  async close(reason: string): Promise<void> {
    this.#dropNext(reason);
    this.#letGo(reason);
    await this.#gone;
  }

  #dial(seat: AgentSeat, reconnectAttempts: number): void {
    seat.line = new AgentLine({
      target: seat.target,
      reconnectAttempts,
      services: this.#options.services,
      context: (attempt) => this.#contextOf(seat, attempt),
      listener: this.#listenerOf(seat),
    });
    seat.line.connect();
  }

  #letGo(reason: string): void {
    const seat = this.#seat;
    this.#seat = null;
    if (seat !== null) this.#end(seat, reason);
  }

  #dropNext(reason: string): void {
    const next = this.#next;
    if (next !== null) this.#end(next, reason);
    this.#next = null;
  }

  #end(seat: AgentSeat, reason: string): void {
    const { line } = seat;
    if (!seat.failed) this.#giveUp(seat, 'not_ready');
    if (line !== null) this.#gone = Promise.allSettled([this.#gone, line.callEnded(reason)]);
  }

  /** `failure` is what the next one is told of it, if it had the call. */
  #giveUp(seat: AgentSeat, failure: AgentFailure): void {
    if (seat !== this.#next) this.#previous = { name: seat.target.name, failure };
    this.#droppedMs += seat.leave();
  }

  #contextOf({ previous }: AgentSeat, attempt: number): CallContext {
    const identity = this.#identity;
    return { identity, recording: false, attempt, previousAgent: previous, transcript: this.#transcript.lines() };
  }

  #putOnLine(seat: AgentSeat): void {
    if (this.#sound.speaker !== seat) {
      this.#sound.takeOver(seat);
      this.#spoke = false;
    }
    if (this.#started) seat.line?.start();
  }

  #listenerOf(seat: AgentSeat): AgentListener {
    const { key, services, report, input, sendDtmf, warn } = this.#options;
    const agent = seat.target.name;
    return {
      onReady: (connectMs) => {
        seat.ready = true;
        const beside = seat === this.#next;
        input({ type: 'agent.ready', seat: seat.number, connectMs });
        if (!beside) this.#putOnLine(seat);
      },
      onAudio: (pcm, itemId) => this.#sound.enqueue(seat, pcm, itemId),
      onFile: (bytes) => this.#sound.playFile(seat, bytes),
      onClear: () => this.#sound.clear(seat),
      onMark: (name) => this.#sound.mark(seat, name),
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
        if (seat === this.#seat) this.#sought = this.#started;
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
