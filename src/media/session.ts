import type { BridgedAgent } from '../agents/index.ts';
import { FRAME_MS } from '../audio/index.ts';
import type { AgentInput, AgentInstruction, CallIdentity, CallQuality, MediaInput, SampleRate } from '../call/index.ts';
import { LegError } from '../webrtc/index.ts';
import { AgentSide } from './agent-side.ts';
import { PhoneSide } from './phone-side.ts';
import type { MediaCommand } from './protocol.ts';
import { measureQuality } from './quality.ts';
import type { SessionOptions } from './session-options.ts';
import { closeSpare, SoundPath } from './sound-path.ts';

/** Rate of prompts when no agent has set one, Hz. */
const PROMPT_RATE: SampleRate = 16_000;
/** Live levels and quality are told once in so many frames. */
const LEVEL_FRAMES = 1_000 / FRAME_MS;

/** A prompt that is played over the agent. */
type Announcement = Pick<Extract<MediaCommand, { type: 'announce' }>, 'id' | 'prompt' | 'interrupt'>;

/**
 * One call in its media thread, from first to last: joins the phone with the agent. The session owns pacing: 50 times a
 * second it takes one frame from the jitter buffer to the agent and one from the playout queue to the phone.
 */
export class MediaSession {
  readonly #options: SessionOptions;
  readonly #sound = new SoundPath();
  readonly #phone: PhoneSide;
  readonly #agent: AgentSide;
  #removeTick: (() => void) | null = null;
  #answered = false;
  #closing: Promise<void> | null = null;
  #frames = 0;
  /** Of the caller's sound, since the person was put on the line. */
  #mediaTimeMs = 0;
  /** No agent will be heard any more: a prompt is played, or will be. */
  #prompting = false;
  /** What plays. */
  #prompt: string | null = null;
  /** Of what plays over the agent. */
  #announced = '';

  constructor(options: SessionOptions) {
    this.#options = options;
    const { key, identity, network, firstMediaTimeoutMs, mediaGapTimeoutMs, door, allowLinkLocalAgents, report } =
      options;
    this.#phone = new PhoneSide({
      network,
      firstMediaTimeoutMs,
      mediaGapTimeoutMs,
      report: (input) => this.#input(input),
      fail: (error) => this.#fail(error),
      onAudio: (payload, sequence, timestamp, arrivalMs) =>
        this.#sound.hearing.jitter.push(payload, sequence, timestamp, arrivalMs),
      onDtmf: (digit, durationMs) => this.#agent.callerDtmf(digit, durationMs),
      // The terminate webhook says so too, a little later, and it alone is believed (meta-calling.md §3.6).
      onBye: () => this.#log('debug', 'the phone said goodbye over RTCP', {}),
    });
    this.#agent = new AgentSide({
      key,
      identity,
      report,
      services: {
        allowLinkLocal: allowLinkLocalAgents,
        door,
        warn: (message, fields) => this.#log('warn', message, fields),
      },
      sound: this.#sound,
      pulling: () => this.#phone.ungated,
      sendDtmf: (digits) => this.#phone.sendDtmf(digits),
      input: (input) => this.#input(input),
      warn: (message) => this.#log('warn', message, {}),
    });
  }

  /** Opens the leg that answers `offer`. */
  open(offer: string): Promise<void> {
    return this.#phone.open(offer);
  }

  /** Opens the leg of a dial. With `hearEarly` the phone's first sound is reported even before `ungate`. */
  offer(hearEarly: boolean): Promise<void> {
    return this.#phone.offer(hearEarly);
  }

  /** The answer to our offer. Only the first that can be used counts. */
  answer(sdp: string): Promise<void> {
    return this.#phone.answer(sdp);
  }

  /** Who is on the phone, for the agents that are dialled from now on. */
  identify(identity: CallIdentity): void {
    this.#agent.identify(identity);
  }

  /** Accept succeeded: from now on a packet every 20 ms. */
  ungate(): void {
    if (this.#phone.ungated || this.#closing !== null) return;
    this.#phone.ungate();
    this.#removeTick = this.#options.clock.add((now) => this.#tick(now));
  }

  /** Lets go of the agent before. `seat` comes back with everything that is reported of this one. */
  async connectAgent(seat: number, target: BridgedAgent, reconnectAttempts: number): Promise<void> {
    if (this.#closing !== null) return;
    try {
      await this.#agent.connect(seat, target, reconnectAttempts);
    } catch (error) {
      this.#fail(error);
    }
  }

  startAgent(): void {
    this.#answered = true;
    this.#agent.start();
  }

  instructAgent(instruction: AgentInstruction): void {
    this.#agent.instruct(instruction);
  }

  /** Dials another agent beside the one that has the call, for `switchAgent` or `dropAgent`. */
  async prepareAgent(seat: number, target: BridgedAgent, reconnectAttempts: number): Promise<void> {
    if (this.#closing !== null) return;
    try {
      await this.#agent.prepare(seat, target, reconnectAttempts);
    } catch (error) {
      // The call has an agent, and keeps it.
      this.#log('error', 'an agent could not be prepared', { reason: reasonOf(error) });
      this.#input({ type: 'agent.failed', seat, code: 'agent_error', detail: 'no codecs' });
    }
  }

  switchAgent(seat: number): void {
    this.#agent.switchTo(seat);
  }

  dropAgent(seat: number): void {
    this.#agent.drop(seat);
  }

  closeAgent(reason: string): Promise<void> {
    return this.#agent.close(reason);
  }

  async play(prompt: string): Promise<void> {
    this.#prompting = true;
    const { speaking } = this.#sound;
    speaking.announcing.stop();
    try {
      // Now, not when the prompt is read: the caller must hear nothing of what the agent left.
      speaking.playout.clear();
      if (!speaking.hasEncoder) await this.#preparePrompt();
      const pcm = await this.#options.prompts.load(prompt, speaking.rate);
      if (this.#closing !== null) return;
      speaking.playout.clear();
      speaking.playout.enqueue(pcm, null);
      speaking.playout.drain();
      this.#prompt = prompt;
    } catch (error) {
      this.#log('error', 'a prompt could not be loaded', { reason: reasonOf(error) });
      this.#input({ type: 'media.prompt_done', prompt, played: false });
    }
  }

  /** Plays a prompt over the agent. Its sound stands still meanwhile, or, with `interrupt`, what is queued of it is gone. */
  async announce({ id, prompt, interrupt }: Announcement): Promise<void> {
    const { speaking } = this.#sound;
    try {
      if (!speaking.hasEncoder) await this.#preparePrompt();
      const { rate } = speaking;
      const pcm = await this.#options.prompts.load(prompt, rate);
      if (this.#closing !== null || this.#prompting) return;
      if (interrupt) this.#agent.interrupt();
      speaking.announcing.begin(pcm, rate);
      this.#announced = id;
    } catch (error) {
      this.#log('error', 'a prompt could not be loaded', { reason: reasonOf(error) });
      this.#input({ type: 'media.announced', id, played: false });
    }
  }

  drain(): void {
    const { speaking } = this.#sound;
    if (speaking.hasEncoder) speaking.playout.drain();
    else this.#input({ type: 'media.drained' });
  }

  /**
   * Lets go of everything: agent (told why), leg, codecs, clock. The last report is media.closed. Idempotent; resolves when
   * all is gone.
   */
  close(reason: string): Promise<void> {
    this.#closing ??= this.#close(reason);
    return this.#closing;
  }

  quality(): CallQuality | null {
    const leg = this.#phone.stats();
    return leg === null ? null : measureQuality(leg, this.#sound, this.#agent.callerAudioDroppedMs);
  }

  #tick(now: number): void {
    try {
      this.#fromCaller(now);
      this.#toCaller();
      const silentMs = this.#phone.silentMs(now);
      if (silentMs !== null) this.#input({ type: 'media.silent', silentMs });
      this.#frames += 1;
      if (this.#frames % LEVEL_FRAMES === 0) this.#tellLevels();
    } catch (error) {
      // One broken call must not take the others of this thread with it.
      this.#removeTick?.();
      this.#fail(error);
    }
  }

  #fromCaller(now: number): void {
    const pcm = this.#sound.hearing.pull(now);
    if (!this.#answered || pcm === null) return;
    this.#agent.callerAudio(pcm, this.#mediaTimeMs);
    this.#mediaTimeMs += FRAME_MS;
  }

  #toCaller(): void {
    const presence = this.#prompting ? 'none' : this.#agent.takePresence();
    const { packet, marker, playout, announced } = this.#sound.speaking.pull(this.#options.complexity(), presence);
    this.#phone.send(packet, marker);
    if (playout.talkspurt && this.#prompt === null) this.#agent.spoke();
    if (announced) this.#input({ type: 'media.announced', id: this.#announced, played: true });
    this.#agent.marked(playout.marks);
    if (playout.drained) this.#onDrained();
  }

  #onDrained(): void {
    const prompt = this.#prompt;
    this.#prompt = null;
    if (prompt === null) this.#input({ type: 'media.drained' });
    else this.#input({ type: 'media.prompt_done', prompt, played: true });
  }

  async #preparePrompt(): Promise<void> {
    const codecs = await this.#sound.prepare({ callerRate: PROMPT_RATE, agentRate: PROMPT_RATE });
    if (this.#closing === null) this.#sound.use(codecs);
    else closeSpare(codecs);
  }

  async #close(reason: string): Promise<void> {
    this.#removeTick?.();
    const quality = this.quality();
    await Promise.allSettled([this.#agent.close(reason), this.#phone.close()]);
    this.#sound.close();
    const { key, report, onClosed } = this.#options;
    report({ type: 'input', key, at: Date.now(), input: { type: 'media.closed', quality } });
    onClosed();
  }

  #fail(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    const code = error instanceof LegError ? error.code : 'internal';
    if (code === 'internal') this.#log('error', 'a session failed', { reason: detail });
    this.#input({ type: 'media.failed', code, detail });
  }

  #tellLevels(): void {
    const quality = this.quality();
    if (quality === null) return;
    const { hearing, speaking } = this.#sound;
    this.#sound.expectLoss(quality);
    const callerDb = hearing.takeLevel();
    const agentDb = speaking.takeLevel();
    this.#options.report({ type: 'levels', key: this.#options.key, at: Date.now(), callerDb, agentDb, quality });
  }

  #input(input: MediaInput | AgentInput): void {
    if (this.#closing !== null) return;
    this.#options.report({ type: 'input', key: this.#options.key, at: Date.now(), input });
  }

  #log(level: 'debug' | 'warn' | 'error', message: string, fields: Readonly<Record<string, string | number>>): void {
    this.#options.report({ type: 'log', level, message, fields: { call: this.#options.key, ...fields } });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}
