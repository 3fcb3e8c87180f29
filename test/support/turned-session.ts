import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { levelDb } from '../../src/audio/index.ts';
import type { AgentInput, MediaInput, SampleRate } from '../../src/call/index.ts';
import { PromptLibrary } from '../../src/media/prompts.ts';
import type { MediaReport } from '../../src/media/protocol.ts';
import { MediaSession } from '../../src/media/session.ts';
import { createOpusDecoder, FrameClock, type Leg, openAnsweringLeg, openOfferingLeg } from '../../src/webrtc/index.ts';
import { identity } from './call.ts';
import { LegLog, loopback } from './leg-pair.ts';
import { wireServices } from './wire-listener.ts';

export type Told = MediaInput | AgentInput;

/** A clock that the test turns. */
class TurnedClock extends FrameClock {
  #now = performance.now();
  #tick: ((now: number) => void) | null = null;

  override add(tick: (now: number) => void): () => void {
    this.#tick = tick;
    return () => {
      this.#tick = null;
    };
  }

  get running(): boolean {
    return this.#tick !== null;
  }

  /** One frame each way, so many times. */
  turn(frames: number): void {
    for (let n = 0; n < frames; n += 1) {
      this.#now += 20;
      this.#tick?.(this.#now);
    }
  }
}

/** A media session between a real leg of a phone and whatever agents the test has; its time goes by when the test says so. */
export class TurnedSession {
  readonly session: MediaSession;
  readonly clock = new TurnedClock();
  readonly phone: LegLog;
  /** Prompts are read from here. */
  readonly folder: string;
  readonly reports: MediaReport[] = [];
  #leg: Leg | null;

  private constructor(folder: string, phone: LegLog, leg: Leg | null) {
    this.folder = folder;
    this.phone = phone;
    this.#leg = leg;
    this.session = new MediaSession({
      key: 'call',
      identity: identity(),
      firstMediaTimeoutMs: 20_000,
      mediaGapTimeoutMs: 30_000,
      network: loopback(),
      clock: this.clock,
      prompts: new PromptLibrary(folder),
      door: wireServices().door,
      allowLinkLocalAgents: false,
      complexity: () => 1,
      report: (report) => this.reports.push(report),
      onClosed: () => {},
    });
  }

  /** Of a phone that calls. */
  static async open(): Promise<TurnedSession> {
    const folder = await mkdtemp(join(tmpdir(), 'talkwire-session-'));
    const phone = new LegLog();
    return new TurnedSession(folder, phone, await openOfferingLeg(loopback(), phone, { role: 'meta' }));
  }

  /** Of a phone that is to be called; it has a leg once it has our offer. */
  static async openDial(): Promise<TurnedSession> {
    return new TurnedSession(await mkdtemp(join(tmpdir(), 'talkwire-session-')), new LegLog(), null);
  }

  /** The phone's. */
  get leg(): Leg {
    if (this.#leg === null) throw new Error('the phone has no offer yet');
    return this.#leg;
  }

  get inputs(): Told[] {
    return this.reports.flatMap((report) => (report.type === 'input' ? [report.input] : []));
  }

  get types(): string[] {
    return this.inputs.map(({ type }) => type);
  }

  /** The `nth` input of this type, the first if not said; waits for it. */
  async told<T extends Told['type']>(type: T, nth = 0): Promise<Extract<Told, { type: T }>> {
    for (;;) {
      const found = this.inputs.filter((input) => input.type === type)[nth];
      if (found !== undefined) return found as Extract<Told, { type: T }>;
      await new Promise((wake) => setTimeout(wake, 2));
    }
  }

  /** The leg is open and connected, the gate closed. */
  async ring(): Promise<void> {
    void this.session.open(this.leg.localSdp);
    const { sdp } = await this.told('media.opened');
    await this.leg.applyAnswer(sdp);
    this.leg.ungate();
    await this.told('media.connected');
  }

  /** We offer, and Meta's edge has an answer, which the session is not given yet. */
  async place(hearEarly = false): Promise<string> {
    void this.session.offer(hearEarly);
    const { sdp } = await this.told('media.opened');
    this.#leg = await openAnsweringLeg(sdp, loopback(), this.phone, { role: 'meta' });
    return this.#leg.localSdp;
  }

  /** The phone that we called rings: both legs are connected, ours is gated, the phone's is not. */
  async ringOut(hearEarly = false): Promise<void> {
    await this.session.answer(await this.place(hearEarly));
    this.leg.ungate();
    await this.told('media.connected');
    await this.phone.until(({ connected }) => connected > 0);
  }

  /** The call is picked up, by whoever was called. */
  answer(): void {
    this.session.ungate();
    this.session.startAgent();
  }

  /** Loudness of each packet that the phone got, dBFS, once it got so many. */
  async heardDb(packets: number, rate: SampleRate = 16_000): Promise<number[]> {
    const pcm = await this.heard(packets, rate);
    const samples = rate / 50;
    return Array.from({ length: pcm.length / samples }, (_, n) =>
      levelDb(pcm.subarray(n * samples, (n + 1) * samples)),
    );
  }

  /** What the phone heard, once it got so many packets. */
  async heard(packets: number, rate: SampleRate = 16_000): Promise<Int16Array> {
    await this.phone.until(({ audio }) => audio.length >= packets);
    const decoder = await createOpusDecoder(rate);
    const samples = rate / 50;
    const pcm = new Int16Array(this.phone.audio.length * samples);
    for (const [n, { payload }] of this.phone.audio.entries()) pcm.set(decoder.decode(payload), n * samples);
    decoder.close();
    return pcm;
  }

  async close(): Promise<void> {
    await Promise.all([this.session.close('user_hangup'), this.#leg?.close()]);
    await rm(this.folder, { recursive: true });
  }
}
