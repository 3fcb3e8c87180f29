import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sineTone, writeWav } from '../../../src/audio/index.ts';
import { createOpusEncoder, OPUS_SILENCE } from '../../../src/webrtc/index.ts';
import { RawAgent, type RawAgentConnection } from '../../support/raw-agent.ts';
import { rawTarget } from '../../support/raw-calls.ts';
import { TurnedSession } from '../../support/turned-session.ts';

const RATE = 16_000;
const FRAME_BYTES = 640;

describe('A media session', () => {
  let agent: RawAgent;
  let call: TurnedSession;

  beforeEach(async () => {
    agent = await RawAgent.start();
    call = await TurnedSession.open();
  });
  afterEach(async () => {
    await call.close();
    await agent.stop();
  });

  /** Up to the moment before accept: media and agent are there, the gate is closed. */
  async function ring(): Promise<RawAgentConnection> {
    void call.session.connectAgent(0, rawTarget(agent.url, { sampleRate: RATE }), 0);
    await Promise.all([call.ring(), call.told('agent.ready')]);
    return agent.connection();
  }

  async function answer(): Promise<RawAgentConnection> {
    const connection = await ring();
    call.answer();
    return connection;
  }

  const tone = (ms: number) => sineTone(RATE, 440, ms, -12);

  it('sends the phone a packet each frame from accept on, with nothing to say and without an agent', async () => {
    await ring();
    call.clock.turn(10);
    expect(call.phone.audio).toEqual([]);
    call.session.ungate();
    call.clock.turn(25);
    await call.phone.until(({ audio }) => audio.length === 25);
    const first = call.phone.audio[0]!;
    expect(call.phone.audio.map(({ sequence }) => sequence - first.sequence)).toEqual(
      Array.from({ length: 25 }, (_, n) => n),
    );
    expect(call.phone.audio.every(({ payload }) => payload.equals(OPUS_SILENCE))).toBe(true);
  });

  it('keeps what the agent says while the phone rings, and plays it once the call is answered', async () => {
    const connection = await ring();
    connection.sound(tone(200));
    await connection.settle();
    expect(call.types).not.toContain('agent.spoke');
    call.answer();
    call.clock.turn(12);
    expect(Math.max(...(await call.heardDb(12)))).toBeGreaterThan(-20);
    expect(call.types.filter((type) => type === 'agent.spoke')).toHaveLength(1);
  });

  it('gives the agent 20 ms each frame from the answer on, whether the phone says anything or not', async () => {
    const connection = await answer();
    const encoder = await createOpusEncoder(RATE);
    const packet = Buffer.from(encoder.encode(tone(20)));
    call.clock.turn(5);
    // Comes with holes: what is missing is concealed.
    for (let n = 0; n < 20; n += 1) if (n % 7 !== 3) call.leg.sendAudio(packet, n === 0);
    await call.told('media.heard');
    call.clock.turn(45);
    const frames = [];
    for (let n = 0; n < 50; n += 1) frames.push(await connection.hearSound());
    expect(frames.every((frame) => frame.length === FRAME_BYTES)).toBe(true);
    await connection.settle();
    expect(connection.soundsWaiting).toBe(0);
  });

  it('gives the agent nothing of the phone before the answer, sound or keys', async () => {
    const connection = await ring();
    call.leg.sendDtmf('5');
    for (let n = 0; n < 20; n += 1) call.leg.sendAudio(OPUS_SILENCE, false);
    await vi.waitUntil(() => call.session.quality()?.packetsReceived === 20, { interval: 2 });
    expect(call.types).not.toContain('media.heard');
    expect(call.types).not.toContain('media.dtmf');
    await connection.settle();
    expect(connection.soundsWaiting).toBe(0);
    expect(connection.messages.map(({ type }) => type)).not.toContain('dtmf');
  });

  it('answers each mark once, played or cleared', async () => {
    const connection = await answer();
    connection.sound(tone(100));
    connection.say({ type: 'mark', name: 'played' });
    await connection.settle();
    call.clock.turn(6);
    connection.sound(tone(1_000));
    connection.say({ type: 'mark', name: 'thrown away' });
    connection.say({ type: 'clear' });
    await connection.settle();
    call.clock.turn(60);
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
    call.answer();
    expect(connection.messages.filter(({ type }) => type === 'marked')).toHaveLength(1);
    call.clock.turn(8);
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
    call.session.drain();
    call.clock.turn(10);
    expect(call.types.filter((type) => type === 'media.drained')).toHaveLength(1);
  });

  it('has drained at once when there was never any sound to play', async () => {
    void call.session.open(call.leg.localSdp);
    await call.told('media.opened');
    call.session.drain();
    expect(call.types).toContain('media.drained');
  });

  it('plays what the agent said before it drains', async () => {
    const connection = await answer();
    connection.sound(tone(200));
    await connection.settle();
    call.session.drain();
    call.clock.turn(9);
    expect(call.types).not.toContain('media.drained');
    call.clock.turn(2);
    expect(call.types).toContain('media.drained');
  });

  it('plays a prompt in place of what a lost agent left, of which nothing is heard', async () => {
    await writeFile(join(call.folder, 'quiet.wav'), writeWav(sineTone(RATE, 440, 200, -45), RATE));
    const connection = await ring();
    connection.sound(tone(3_000));
    await connection.settle();
    void call.session.closeAgent('agent_unavailable');
    call.session.ungate();
    void call.session.play('quiet.wav');
    // The file is still being read.
    call.clock.turn(5);
    while (!call.types.includes('media.prompt_done')) {
      call.clock.turn(1);
      await new Promise((wake) => setTimeout(wake, 2));
    }
    expect(call.inputs.find(({ type }) => type === 'media.prompt_done')).toMatchObject({
      prompt: 'quiet.wav',
      played: true,
    });
    expect(call.types).not.toContain('agent.spoke');
    const levels = await call.heardDb(call.leg.stats().packetsReceived);
    expect(Math.max(...levels)).toBeGreaterThan(-55);
    expect(Math.max(...levels)).toBeLessThan(-35);
  });

  it('says that a prompt was not played when there is no such file', async () => {
    await answer();
    await call.session.play('missing.ogg');
    expect(call.inputs.at(-1)).toEqual({ type: 'media.prompt_done', prompt: 'missing.ogg', played: false });
  });

  it('closes once: the agent is told, the clock is left, and nothing is reported after media.closed', async () => {
    const connection = await answer();
    call.clock.turn(5);
    const ends = [call.session.close('user_hangup'), call.session.close('service_drained')];
    expect(await connection.hear('end')).toMatchObject({ reason: 'user_hangup' });
    await Promise.all(ends);
    expect(call.clock.running).toBe(false);
    expect(call.types.filter((type) => type === 'media.closed')).toHaveLength(1);
    expect(call.types.at(-1)).toBe('media.closed');
    await call.phone.until(({ byes }) => byes === 1);
  });

  it('is not gone for the second one who closes it before it is gone for the first', async () => {
    await answer();
    void call.session.close('user_hangup');
    await call.session.close('service_drained');
    expect(call.types.at(-1)).toBe('media.closed');
  });
});
