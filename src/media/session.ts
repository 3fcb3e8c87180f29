import { type AgentListener, type AgentWire, createAgentWire } from '../agents/index.ts';
import { FRAME_MS } from '../audio/index.ts';
import type { AgentInput, AgentTarget, CallQuality, MediaInput, SampleRate } from '../call/index.ts';
import { type Leg, LegError, type LegListener, OPUS_SILENCE, openAnsweringLeg } from '../webrtc/index.ts';
import { requestClear, requestMark } from './playout-requests.ts';
import { measureQuality } from './quality.ts';
import type { SessionOptions } from './session-options.ts';
import { SoundPath } from './sound-path.ts';
import { Watchdog } from './watchdog.ts';

/** Rate of prompts when no agent has set one, Hz. */
const PROMPT_RATE: SampleRate = 16_000;
/** Live levels and quality are told once in so many frames. */
const LEVEL_FRAMES = 1_000 / FRAME_MS;

/**
 * One call in its media thread, from first to last: joins the leg to the phone with the wire to the agent. The session
 * owns pacing: 50 times a second it takes one frame from the jitter buffer to the agent and one from the playout queue to
 * the phone.
 */
export class MediaSession {
  readonly #options: SessionOptions;
  readonly #watchdog: Watchdog;
  #leg: Leg | null = null;
  #opened: Promise<void> = Promise.resolve();
  #sound: SoundPath | null = null;
  /** The sound path as it is once what was asked for is done. Never rejects. */
  #soundPath: Promise<SoundPath | null> = Promise.resolve(null);
  #agent: AgentWire | null = null;
  /** Codecs take a moment to load, and meanwhile the agent may be let go. */
  #wanted: AgentTarget | null = null;
  #removeTick: (() => void) | null = null;
  #ungated = false;
  #answered = false;
  #heard = false;
  #agentSpoke = false;
  #closing: Promise<void> | null = null;
  #frames = 0;
  /** Of the caller's sound, since the agent was put on the line. */
  #mediaTimeMs = 0;
  #prompt: string | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#watchdog = new Watchdog(options.firstMediaTimeoutMs, options.mediaGapTimeoutMs);
  }

  /** Opens the leg that answers `offer`. */
  open(offer: string): Promise<void> {
    this.#opened = this.#openLeg(offer);
    return this.#opened;
  }

  /** Accept succeeded: from now on a packet every 20 ms. */
  ungate(): void {
    if (this.#ungated || this.#closing !== null) return;
    this.#ungated = true;
    this.#leg?.ungate();
    this.#watchdog.arm(performance.now());
    this.#removeTick = this.#options.clock.add((now) => this.#tick(now));
  }

  async connectAgent(target: AgentTarget): Promise<void> {
    this.#agent?.abort();
    this.#agent = null;
    this.#wanted = target;
    try {
      await this.#openSound(target.sampleRate);
      if (this.#closing !== null || this.#wanted !== target) return;
      this.#agent = createAgentWire(target, this.#options.context, this.#agentListener());
      this.#agent.connect();
    } catch (error) {
      this.#fail(error);
    }
  }

  startAgent(): void {
    this.#answered = true;
    this.#agent?.start();
  }

  async closeAgent(reason: string): Promise<void> {
    const agent = this.#agent;
    this.#agent = null;
    this.#wanted = null;
    await agent?.callEnded(reason);
  }

  async play(prompt: string): Promise<void> {
    try {
      // Now, not when the prompt is read: the caller must hear nothing of what the agent left.
      this.#sound?.playout.clear();
      const sound = await this.#openSound(this.#sound?.sampleRate ?? PROMPT_RATE);
      const pcm = await this.#options.prompts.load(prompt, sound.sampleRate);
      if (this.#closing !== null) return;
      sound.playout.clear();
      sound.playout.enqueue(pcm, null);
      sound.playout.drain();
      this.#prompt = prompt;
    } catch (error) {
      this.#log('error', 'a prompt could not be loaded', {
        reason: error instanceof Error ? error.message : 'unknown',
      });
      this.#input({ type: 'media.prompt_done', prompt, played: false });
    }
  }

  drain(): void {
    if (this.#sound === null) this.#input({ type: 'media.drained' });
    else this.#sound.playout.drain();
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
    if (this.#leg === null) return null;
    return measureQuality(this.#leg.stats(), this.#sound, this.#agent?.callerAudioDroppedMs ?? 0);
  }

  #tick(now: number): void {
    try {
      this.#fromCaller(now);
      this.#toCaller();
      const silentMs = this.#watchdog.check(now);
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
    if (this.#sound === null) return;
    const frame = this.#sound.pullCaller(now);
    if (!this.#answered) return;
    this.#agent?.callerAudio(frame.pcm, this.#mediaTimeMs, frame.concealed);
    this.#mediaTimeMs += FRAME_MS;
  }

  #toCaller(): void {
    if (this.#leg === null) return;
    if (this.#sound === null) return this.#leg.sendAudio(OPUS_SILENCE, false);
    const { packet, marker, playout } = this.#sound.pullOutgoing(this.#options.complexity());
    this.#leg.sendAudio(packet, marker);
    if (marker && !this.#agentSpoke && this.#prompt === null) {
      this.#agentSpoke = true;
      this.#input({ type: 'agent.spoke' });
    }
    for (const mark of playout.marks) this.#agent?.marked(mark, false);
    if (playout.drained) this.#onDrained();
  }

  #onDrained(): void {
    const prompt = this.#prompt;
    this.#prompt = null;
    if (prompt === null) this.#input({ type: 'media.drained' });
    else this.#input({ type: 'media.prompt_done', prompt, played: true });
  }

  async #close(reason: string): Promise<void> {
    this.#removeTick?.();
    const quality = this.quality();
    await Promise.allSettled([this.closeAgent(reason), this.#closeLeg()]);
    (await this.#soundPath)?.close();
    const { key, report, onClosed } = this.#options;
    report({ type: 'input', key, at: Date.now(), input: { type: 'media.closed', quality } });
    onClosed();
  }

  async #openLeg(offer: string): Promise<void> {
    const { network } = this.#options;
    try {
      this.#leg = await openAnsweringLeg(offer, network, this.#legListener);
      this.#input({ type: 'media.opened', sdp: this.#leg.localSdp });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A leg that is still being opened is closed when it is open: it holds sockets from the first moment. */
  async #closeLeg(): Promise<void> {
    await this.#opened;
    await this.#leg?.close();
  }

  /** One after the other: two that open at once would each take the other's place. */
  #openSound(sampleRate: SampleRate): Promise<SoundPath> {
    const opening = this.#soundPath.then(async (present) => {
      if (present?.sampleRate === sampleRate) return present;
      this.#sound = await SoundPath.open(sampleRate);
      present?.close();
      return this.#sound;
    });
    this.#soundPath = opening.catch(() => this.#sound);
    return opening;
  }

  #fail(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    const code = error instanceof LegError ? error.code : 'internal';
    if (code === 'internal') this.#log('error', 'a session failed', { reason: detail });
    this.#input({ type: 'media.failed', code, detail });
  }

  readonly #legListener: LegListener = {
    onConnected: (setupMs) => this.#input({ type: 'media.connected', setupMs }),
    onFailed: (code, detail) => this.#input({ type: 'media.failed', code, detail }),
    onAudio: (payload, sequence, timestamp, arrivalMs) => {
      // What the phone sends before the call is answered is nobody's business.
      if (!this.#ungated) return;
      this.#sound?.jitter.push(payload, sequence, timestamp, arrivalMs);
      if (this.#heard) return;
      this.#heard = true;
      this.#input({ type: 'media.heard' });
    },
    onDtmf: (digit, durationMs) => {
      if (!this.#ungated) return;
      if (this.#answered) this.#agent?.callerDtmf(digit, durationMs);
      this.#input({ type: 'media.dtmf', digit, durationMs });
    },
    onActivity: (arrivalMs) => this.#watchdog.activity(arrivalMs),
    // The terminate webhook says so too, a little later, and it alone is believed (meta-calling.md §3.6).
    onBye: () => this.#log('debug', 'the phone said goodbye over RTCP', {}),
  };

  #agentListener(): AgentListener {
    const { key, report } = this.#options;
    return {
      onReady: (connectMs) => this.#input({ type: 'agent.ready', connectMs }),
      onAudio: (pcm, itemId) => {
        this.#sound?.playout.enqueue(pcm, itemId);
      },
      onClear: () => {
        if (this.#agent !== null && this.#sound !== null) requestClear(this.#agent, this.#sound.playout);
      },
      onMark: (name) => {
        if (this.#agent !== null && this.#sound !== null) {
          requestMark(this.#agent, this.#sound.playout, this.#ungated, name);
        }
      },
      onDtmf: (digits) => {
        if (this.#leg?.sendDtmf(digits) === false) this.#log('warn', 'keys towards the phone were refused', {});
      },
      onMessage: (data) => report({ type: 'agent.message', key, at: Date.now(), data }),
      onTranscript: (transcript) => report({ type: 'agent.transcript', key, at: Date.now(), ...transcript }),
      onHangup: (drain, reason) => this.#input({ type: 'agent.hangup', drain, reason }),
      onReconnecting: (attempt, code) => this.#input({ type: 'agent.reconnecting', attempt, code }),
      onFailed: (code, detail) => this.#input({ type: 'agent.failed', code, detail }),
    };
  }

  #tellLevels(): void {
    const quality = this.quality();
    if (this.#sound === null || quality === null) return;
    this.#sound.expectLoss(quality);
    const { callerDb, agentDb } = this.#sound.takeLevels();
    this.#options.report({ type: 'levels', key: this.#options.key, at: Date.now(), callerDb, agentDb, quality });
  }

  #input(input: MediaInput | AgentInput): void {
    if (this.#closing !== null) return;
    this.#options.report({ type: 'input', key: this.#options.key, at: Date.now(), input });
  }

  #log(level: 'debug' | 'warn' | 'error', message: string, fields: Readonly<Record<string, string>>): void {
    this.#options.report({ type: 'log', level, message, fields: { call: this.#options.key, ...fields } });
  }
}
