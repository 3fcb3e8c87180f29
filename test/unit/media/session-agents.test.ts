import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findGaps, levelDb, sineTone, writeWav } from '../../../src/audio/index.ts';
import { createOpusEncoder } from '../../../src/webrtc/index.ts';
import { RawAgent, type RawAgentConnection } from '../../support/raw-agent.ts';
import { type RawDifferences, rawTarget } from '../../support/raw-calls.ts';
import { toneShare } from '../../support/tone-share.ts';
import { TurnedSession } from '../../support/turned-session.ts';

const LOUD_DB = -20;
const FRAME_SAMPLES = 320;

const tone = (ms: number, rate: number, hz = 1_000) => sineTone(rate, hz, ms, -12);

describe('A call and its agents', () => {
  let first: RawAgent;
  let second: RawAgent;
  let call: TurnedSession;

  beforeEach(async () => {
    [first, second] = await Promise.all([RawAgent.start(), RawAgent.start()]);
    call = await TurnedSession.open();
  });
  afterEach(async () => {
    await call.close();
    await Promise.all([first.stop(), second.stop()]);
  });

  function dial(seat: number, agent: RawAgent, differences: RawDifferences = {}, reconnectAttempts = 0): void {
    const target = rawTarget(agent.url, { name: `agent ${seat}`, sampleRate: 16_000, ...differences });
    void call.session.connectAgent(seat, target, reconnectAttempts);
  }

  /** Answered, with the first agent on the line. */
  async function live(differences: RawDifferences = {}, reconnectAttempts = 0): Promise<RawAgentConnection> {
    dial(0, first, differences, reconnectAttempts);
    await Promise.all([call.ring(), call.told('agent.ready')]);
    call.answer();
    const connection = await first.connection();
    await connection.hear('answered');
    return connection;
  }

  /** The first agent is lost for good. */
  async function lose(connection: RawAgentConnection): Promise<void> {
    connection.close(4_000);
    await call.told('agent.failed');
  }

  /** Until the bridge took what the agent said before. */
  const taken = (connection: RawAgentConnection) => connection.settle();

  describe('when one takes over from another', () => {
    it('names the seat in all that it reports', async () => {
      await lose(await live());
      dial(1, second);
      const connection = await second.connection();
      await call.told('agent.ready', 1);
      connection.sound(tone(100, 16_000));
      await taken(connection);
      call.clock.turn(10);
      connection.say({ type: 'hangup' });
      await call.told('agent.hangup');
      const told = call.inputs.flatMap((input) => ('seat' in input ? [`${input.type} ${input.seat}`] : []));
      expect(told).toEqual(['agent.ready 0', 'agent.failed 0', 'agent.ready 1', 'agent.spoke 1', 'agent.hangup 1']);
    });

    it('puts the new one on the line at once, and gives it the caller at its own rate', async () => {
      await lose(await live());
      dial(1, second, { sampleRate: 24_000 });
      const connection = await second.connection();
      expect(await connection.hear('start')).toMatchObject({ audio: { sample_rate: 24_000 } });
      await connection.hear('answered');
      call.clock.turn(5);
      for (let n = 0; n < 5; n += 1) expect((await connection.hearSound()).length).toBe(960);
      await taken(connection);
      expect(connection.soundsWaiting).toBe(0);
    });

    it('hears the new one at its own rate', async () => {
      const gone = await live();
      gone.sound(tone(60, 16_000));
      await taken(gone);
      call.clock.turn(5);
      await lose(gone);
      dial(1, second, { sampleRate: 8_000 });
      const connection = await second.connection();
      await connection.hear('answered');
      connection.sound(tone(400, 8_000));
      await taken(connection);
      call.clock.turn(25);
      const pcm = await call.heard(30);
      const spoken = pcm.subarray(10 * FRAME_SAMPLES, 24 * FRAME_SAMPLES);
      expect(levelDb(spoken)).toBeGreaterThan(LOUD_DB);
      expect(toneShare(spoken, 16_000, 1_000)).toBeGreaterThan(0.9);
    });

    it('loses nothing of a caller who speaks meanwhile but what nobody could hear', async () => {
      const gone = await live();
      const encoder = await createOpusEncoder(16_000);
      const packet = Buffer.from(encoder.encode(tone(20, 16_000)));
      for (let n = 0; n < 10; n += 1) call.leg.sendAudio(packet, n === 0);
      await call.told('media.heard');
      call.clock.turn(10);
      await lose(gone);
      call.clock.turn(15);
      dial(1, second);
      await (await second.connection()).hear('answered');
      call.clock.turn(5);
      expect(call.session.quality()).toMatchObject({ callerAudioDroppedMs: 300, packetsReceived: 10 });
    });

    it('plays what the old one left until the new one is ready, and not a frame longer', async () => {
      const gone = await live();
      gone.sound(tone(5_000, 16_000));
      await taken(gone);
      call.clock.turn(10);
      await lose(gone);
      second.options.ready = false;
      dial(1, second);
      const connection = await second.connection();
      await connection.hear('start');
      call.clock.turn(20);
      expect((await call.heardDb(30)).slice(10, 30).every((db) => db > LOUD_DB)).toBe(true);
      connection.say({ type: 'ready' });
      await connection.hear('answered');
      call.clock.turn(20);
      // One frame holds the end that dies away; the encoder's own is the rest of it.
      expect(Math.max(...(await call.heardDb(50)).slice(33))).toBeLessThan(-50);
    });

    it('tells the new one nothing of the marks of the old one', async () => {
      const gone = await live();
      gone.sound(tone(200, 16_000));
      gone.say({ type: 'mark', name: 'm' });
      await taken(gone);
      await lose(gone);
      second.options.ready = false;
      dial(1, second);
      const connection = await second.connection();
      await connection.hear('start');
      // The mark's sound goes out while the new one is dialled.
      call.clock.turn(15);
      connection.say({ type: 'ready' });
      await connection.hear('answered');
      connection.sound(tone(60, 16_000));
      connection.say({ type: 'mark', name: 'mine' });
      connection.say({ type: 'clear' });
      expect(await connection.hear('marked')).toMatchObject({ name: 'mine', cleared: true });
      await taken(connection);
      expect(connection.messages.filter(({ type }) => type === 'marked')).toHaveLength(1);
    });

    it('tells the new one what was said, and whom it comes after', async () => {
      const gone = await live();
      gone.say({ type: 'transcript', party: 'agent', text: 'How can I help?', final: true });
      gone.say({ type: 'transcript', party: 'user', text: 'I wou', final: false });
      gone.say({ type: 'transcript', party: 'user', text: 'I would like', final: true });
      await taken(gone);
      await lose(gone);
      dial(1, second);
      const connection = await second.connection();
      expect(await connection.hear('start')).toMatchObject({
        previous_agent: { name: 'agent 0', failure: 'agent_error' },
        transcript: [
          { party: 'agent', text: 'How can I help?' },
          { party: 'user', text: 'I would like' },
        ],
      });
    });

    it('lets go of one that is only being dialled', async () => {
      first.options.ready = false;
      dial(0, first);
      const gone = await first.connection();
      await gone.hear('start');
      dial(1, second);
      await Promise.all([gone.closed, call.told('agent.ready')]);
      const connection = await second.connection();
      expect(await connection.hear('start')).toMatchObject({ previous_agent: { failure: 'not_ready' } });
      expect(call.inputs).toMatchObject([{ type: 'agent.ready', seat: 1 }]);
    });
  });

  describe('while none is there', () => {
    it('has the comfort tone, and no gap of a second, until the next one speaks', async () => {
      const gone = await live();
      gone.sound(tone(100, 16_000));
      await taken(gone);
      call.clock.turn(10);
      await lose(gone);
      call.clock.turn(200);
      dial(1, second);
      const connection = await second.connection();
      await connection.hear('answered');
      call.clock.turn(25);
      connection.sound(tone(400, 16_000));
      await taken(connection);
      call.clock.turn(20);
      const pcm = await call.heard(255);
      const gaps = findGaps(pcm, 16_000, 20, -50);
      expect(Math.max(...gaps.map(({ durationMs }) => durationMs))).toBeLessThan(1_000);
      const pulse = pcm.subarray(32 * FRAME_SAMPLES, 42 * FRAME_SAMPLES);
      expect(levelDb(pulse)).toBeGreaterThan(-36);
      expect(levelDb(pulse)).toBeLessThan(-26);
      expect(toneShare(pulse, 16_000, 440)).toBeGreaterThan(0.8);
      // What the agent says has nothing of it from the second frame on.
      expect(toneShare(pcm.subarray(240 * FRAME_SAMPLES, 250 * FRAME_SAMPLES), 16_000, 440)).toBeLessThan(0.01);
    });

    it('has it while the same one is dialled again', async () => {
      const gone = await live({}, 3);
      gone.drop();
      await call.told('agent.reconnecting');
      call.clock.turn(40);
      expect(Math.max(...(await call.heardDb(40)).slice(20))).toBeGreaterThan(-36);
    });

    it('has it when the call is answered before any agent is ready', async () => {
      first.options.ready = false;
      dial(0, first);
      await Promise.all([call.ring(), first.connection()]);
      call.answer();
      call.clock.turn(50);
      const levels = await call.heardDb(50);
      expect(Math.max(...levels.slice(0, 18))).toBeLessThan(-60);
      expect(Math.max(...levels.slice(20))).toBeGreaterThan(-36);
      expect(call.types).not.toContain('agent.spoke');
    });

    it('has silence before the person is on the line, and when no agent is wanted', async () => {
      first.options.ready = false;
      dial(0, first);
      await Promise.all([call.ring(), first.connection()]);
      call.session.ungate();
      call.clock.turn(50);
      call.session.startAgent();
      void call.session.closeAgent('agent_unavailable');
      call.clock.turn(50);
      expect(Math.max(...(await call.heardDb(100)))).toBeLessThan(-60);
    });

    it('has a prompt without it', async () => {
      await writeFile(join(call.folder, 'sorry.wav'), writeWav(new Int16Array(16_000), 16_000));
      const gone = await live();
      await lose(gone);
      call.clock.turn(40);
      await call.session.play('sorry.wav');
      call.clock.turn(160);
      await call.told('media.prompt_done');
      const levels = await call.heardDb(200);
      expect(Math.max(...levels.slice(0, 40))).toBeGreaterThan(-36);
      expect(Math.max(...levels.slice(43))).toBeLessThan(-50);
    });
  });

  it('has nothing stale after a clear', async () => {
    const connection = await live();
    connection.sound(tone(3_000, 16_000));
    await taken(connection);
    call.clock.turn(20);
    connection.say({ type: 'clear' });
    expect(await connection.hear('cleared')).toMatchObject({ discarded_ms: 2_600 });
    call.clock.turn(20);
    expect(Math.max(...(await call.heardDb(40)).slice(23))).toBeLessThan(-50);
  });

  it('loses an agent that says nothing in its time', async () => {
    const connection = await live({ speakWithinMs: 100 });
    expect(await call.told('agent.failed')).toMatchObject({ seat: 0, code: 'silent' });
    expect(await connection.hear('end')).toMatchObject({ reason: 'agent_lost' });
    expect(call.reports.filter((report) => report.type === 'log')).toEqual([
      expect.objectContaining({
        level: 'warn',
        message: 'an agent failed',
        fields: expect.objectContaining({ code: 'silent', detail: 'the agent said nothing in the time it has' }),
      }),
    ]);
  });

  it('has a warning in the log once when an agent is ten minutes ahead', async () => {
    const connection = await live({ sampleRate: 8_000 });
    const minute = new Int16Array(8_000 * 60);
    for (let n = 0; n < 12; n += 1) connection.sound(minute);
    await taken(connection);
    expect(call.session.quality()?.agentAudioDroppedMs).toBe(120_000);
    const warnings = call.reports.filter((report) => report.type === 'log' && report.level === 'warn');
    expect(warnings).toMatchObject([{ message: expect.stringContaining('ten minutes') }]);
  });

  it('carries a word from outside to the agent', async () => {
    const connection = await live();
    call.session.instructAgent({ type: 'message', data: { note: 1 } });
    expect(await connection.hear('message')).toMatchObject({ data: { note: 1 } });
  });
});
