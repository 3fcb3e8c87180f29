import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { levelDb, sineTone, writeWav } from '../../../src/audio/index.ts';
import type { AgentInput, MediaInput } from '../../../src/call/index.ts';
import { PromptLibrary } from '../../../src/media/prompts.ts';
import { MediaSession } from '../../../src/media/session.ts';
import {
  createOpusDecoder,
  createOpusEncoder,
  FrameClock,
  OPUS_SILENCE,
  openOfferingLeg,
} from '../../../src/webrtc/index.ts';
import { agentTarget } from '../../support/call.ts';
import { callContext } from '../../support/call-context.ts';
import { LegLog, loopback } from '../../support/leg-pair.ts';
import { RawAgent, type RawAgentConnection } from '../../support/raw-agent.ts';

type Told = MediaInput | AgentInput;
const RATE = 16_000;
const FRAME_BYTES = 640;

/** A session whose clock the test turns: one call of `frames` is one frame each way. */
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

  turn(frames: number): void {
    for (let n = 0; n < frames; n += 1) {
      this.#now += 20;
      this.#tick?.(this.#now);
    }
  }
}

describe('A media session', () => {
  let agent: RawAgent;
  let folder: string;
  let clock: TurnedClock;
  let session: MediaSession;
  let inputs: Told[];
  let phone: LegLog;
  let leg: Awaited<ReturnType<typeof openOfferingLeg>>;

  beforeEach(async () => {
    agent = await RawAgent.start();
    folder = await mkdtemp(join(tmpdir(), 'talkwire-session-'));
    clock = new TurnedClock();
    inputs = [];
    phone = new LegLog();
    leg = await openOfferingLeg(loopback(), phone, { role: 'meta' });
    session = new MediaSession({
      key: 'call',
      context: callContext(),
      firstMediaTimeoutMs: 20_000,
      mediaGapTimeoutMs: 30_000,
      network: loopback(),
      clock,
      prompts: new PromptLibrary(folder),
      complexity: () => 1,
      report: (report) => {
        if (report.type === 'input') inputs.push(report.input);
      },
      onClosed: () => {},
    });
  });
  afterEach(async () => {
    await Promise.all([session.close('user_hangup'), leg.close()]);
    await agent.stop();
    await rm(folder, { recursive: true });
  });

  const types = () => inputs.map(({ type }) => type);

  async function told<T extends Told['type']>(type: T): Promise<Extract<Told, { type: T }>> {
    for (;;) {
      const found = inputs.find((input) => input.type === type);
      if (found !== undefined) return found as Extract<Told, { type: T }>;
      await new Promise((wake) => setTimeout(wake, 2));
    }
  }

  /** Up to the moment before accept: media and agent are there, the gate is closed. */
  async function ring(): Promise<RawAgentConnection> {
    void session.open(leg.localSdp);
    void session.connectAgent(agentTarget({ url: agent.url, sampleRate: RATE }));
    const { sdp } = await told('media.opened');
    await leg.applyAnswer(sdp);
    leg.ungate();
    await Promise.all([told('media.connected'), told('agent.ready')]);
    return agent.connection();
  }

  async function answer(): Promise<RawAgentConnection> {
    const connection = await ring();
    session.ungate();
    session.startAgent();
    return connection;
  }

  const tone = (ms: number) => sineTone(RATE, 440, ms, -12);

  /** Loudness of each packet that the phone got, dBFS. */
  async function heardDb(packets: number): Promise<number[]> {
    await phone.until(({ audio }) => audio.length >= packets);
    const decoder = await createOpusDecoder(RATE);
    const levels = phone.audio.map(({ payload }) => levelDb(decoder.decode(payload)));
    decoder.close();
    return levels;
  }

  it('sends the phone a packet each frame from accept on, with nothing to say and without an agent', async () => {
    await ring();
    clock.turn(10);
    expect(phone.audio).toEqual([]);
    session.ungate();
    clock.turn(25);
    await phone.until(({ audio }) => audio.length === 25);
    const first = phone.audio[0]!;
    expect(phone.audio.map(({ sequence }) => sequence - first.sequence)).toEqual(
      Array.from({ length: 25 }, (_, n) => n),
    );
    expect(phone.audio.every(({ payload }) => payload.equals(OPUS_SILENCE))).toBe(true);
  });

  it('keeps what the agent says while the phone rings, and plays it once the call is answered', async () => {
    const connection = await ring();
    connection.sound(tone(200));
    await connection.settle();
    expect(types()).not.toContain('agent.spoke');
    session.ungate();
    session.startAgent();
    clock.turn(12);
    expect(Math.max(...(await heardDb(12)))).toBeGreaterThan(-20);
    expect(types().filter((type) => type === 'agent.spoke')).toHaveLength(1);
  });

  it('gives the agent 20 ms each frame from the answer on, whether the phone says anything or not', async () => {
    const connection = await answer();
    const encoder = await createOpusEncoder(RATE);
    const packet = Buffer.from(encoder.encode(tone(20)));
    clock.turn(5);
    // Comes with holes: what is missing is concealed.
    for (let n = 0; n < 20; n += 1) if (n % 7 !== 3) leg.sendAudio(packet, n === 0);
    await told('media.heard');
    clock.turn(45);
    const frames = [];
    for (let n = 0; n < 50; n += 1) frames.push(await connection.hearSound());
    expect(frames.every((frame) => frame.length === FRAME_BYTES)).toBe(true);
    await connection.settle();
    expect(connection.soundsWaiting).toBe(0);
  });

  it('gives the agent nothing of the phone before the answer, sound or keys', async () => {
    const connection = await ring();
    leg.sendDtmf('5');
    for (let n = 0; n < 20; n += 1) leg.sendAudio(OPUS_SILENCE, false);
    await vi.waitUntil(() => session.quality()?.packetsReceived === 20, { interval: 2 });
    expect(types()).not.toContain('media.heard');
    expect(types()).not.toContain('media.dtmf');
    await connection.settle();
    expect(connection.soundsWaiting).toBe(0);
    expect(connection.messages.map(({ type }) => type)).not.toContain('dtmf');
  });

  it('answers each mark once, played or cleared', async () => {
    const connection = await answer();
    connection.sound(tone(100));
    connection.say({ type: 'mark', name: 'played' });
    await connection.settle();
    clock.turn(6);
    connection.sound(tone(1_000));
    connection.say({ type: 'mark', name: 'thrown away' });
    connection.say({ type: 'clear' });
    await connection.settle();
    clock.turn(60);
    await connection.settle();
    const marked = connection.messages.filter(({ type }) => type === 'marked');
    expect(marked).toEqual([
      { type: 'marked', name: 'played', cleared: false },
      { type: 'marked', name: 'thrown away', cleared: true },
    ]);
  });

  it('answers a mark with nothing before it while the phone still rings', async () => {
    const connection = await ring();
    connection.say({ type: 'mark', name: 'at once' });
    expect(await connection.hear('marked')).toEqual({ type: 'marked', name: 'at once', cleared: false });
    connection.sound(tone(100));
    connection.say({ type: 'mark', name: 'after the greeting' });
    await connection.settle();
    session.ungate();
    session.startAgent();
    expect(connection.messages.filter(({ type }) => type === 'marked')).toHaveLength(1);
    clock.turn(8);
    expect(await connection.hear('marked')).toMatchObject({ name: 'after the greeting', cleared: false });
  });

  it('answers a mark as cleared when more wait than there is room for', async () => {
    const connection = await ring();
    connection.sound(tone(100));
    for (let n = 0; n <= 4_096; n += 1) connection.say({ type: 'mark', name: `${n}` });
    expect(await connection.hear('marked')).toEqual({ type: 'marked', name: '4096', cleared: true });
  });

  it('answers a clear when nothing is queued', async () => {
    const connection = await answer();
    connection.say({ type: 'clear' });
    expect(await connection.hear('cleared')).toMatchObject({ items: [], discarded_ms: 0 });
  });

  it('has drained with the next frame when nothing is queued, and says so once', async () => {
    await answer();
    session.drain();
    clock.turn(10);
    expect(types().filter((type) => type === 'media.drained')).toHaveLength(1);
  });

  it('has drained at once when there was never any sound to play', async () => {
    void session.open(leg.localSdp);
    await told('media.opened');
    session.drain();
    expect(types()).toContain('media.drained');
  });

  it('plays what the agent said before it drains', async () => {
    const connection = await answer();
    connection.sound(tone(200));
    await connection.settle();
    session.drain();
    clock.turn(9);
    expect(types()).not.toContain('media.drained');
    clock.turn(2);
    expect(types()).toContain('media.drained');
  });

  it('plays a prompt in place of what a lost agent left, of which nothing is heard', async () => {
    await writeFile(join(folder, 'quiet.wav'), writeWav(sineTone(RATE, 440, 200, -45), RATE));
    const connection = await ring();
    connection.sound(tone(3_000));
    await connection.settle();
    void session.closeAgent('agent_unavailable');
    session.ungate();
    void session.play('quiet.wav');
    // The file is still being read.
    clock.turn(5);
    while (!types().includes('media.prompt_done')) {
      clock.turn(1);
      await new Promise((wake) => setTimeout(wake, 2));
    }
    expect(inputs.find(({ type }) => type === 'media.prompt_done')).toMatchObject({
      prompt: 'quiet.wav',
      played: true,
    });
    expect(types()).not.toContain('agent.spoke');
    const levels = await heardDb(leg.stats().packetsReceived);
    expect(Math.max(...levels)).toBeGreaterThan(-55);
    expect(Math.max(...levels)).toBeLessThan(-35);
  });

  it('says that a prompt was not played when there is no such file', async () => {
    await answer();
    await session.play('missing.ogg');
    expect(inputs.at(-1)).toEqual({ type: 'media.prompt_done', prompt: 'missing.ogg', played: false });
  });

  it('closes once: the agent is told, the clock is left, and nothing is reported after media.closed', async () => {
    const connection = await answer();
    clock.turn(5);
    const ends = [session.close('user_hangup'), session.close('service_drained')];
    expect(await connection.hear('end')).toMatchObject({ reason: 'user_hangup' });
    await Promise.all(ends);
    expect(clock.running).toBe(false);
    expect(types().filter((type) => type === 'media.closed')).toHaveLength(1);
    expect(types().at(-1)).toBe('media.closed');
    await phone.until(({ byes }) => byes === 1);
  });

  it('is not gone for the second one who closes it before it is gone for the first', async () => {
    await answer();
    void session.close('user_hangup');
    await session.close('service_drained');
    expect(types().at(-1)).toBe('media.closed');
  });
});
