import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { levelDb, sineTone, writeWav } from '../../../src/audio/index.ts';
import { RawAgent, type RawAgentConnection } from '../../support/raw-agent.ts';
import { type RawDifferences, rawTarget } from '../../support/raw-calls.ts';
import { toneShare } from '../../support/tone-share.ts';
import { TurnedSession } from '../../support/turned-session.ts';

const RATE = 16_000;
const FRAME = RATE / 50;
/** Each speaker of these tests has a pitch of its own. */
const FIRST_HZ = 400;
const SECOND_HZ = 900;
const PROMPT_HZ = 1_500;
const LOUD_DB = -20;
/** Share of the power that a pitch has where it is alone; Opus spreads a little of it. */
const PURE = 0.9;

describe('A call that is controlled from outside', () => {
  let first: RawAgent;
  let second: RawAgent;
  let call: TurnedSession;

  beforeEach(async () => {
    [first, second] = await Promise.all([RawAgent.start(), RawAgent.start()]);
    call = await TurnedSession.open();
    await prompt('notice.wav', 200);
  });
  afterEach(async () => {
    await call.close();
    await Promise.all([first.stop(), second.stop()]);
  });

  const tone = (hz: number, ms: number, rate = RATE) => sineTone(rate, hz, ms, -12);

  async function prompt(name: string, ms: number, rate = RATE): Promise<void> {
    await writeFile(join(call.folder, name), writeWav(tone(PROMPT_HZ, ms, rate), rate));
  }

  /** Answered, with the first agent on the line. */
  async function live(differences: RawDifferences = {}): Promise<RawAgentConnection> {
    const target = rawTarget(first.url, { name: 'First', sampleRate: RATE, ...differences });
    void call.session.connectAgent(0, target, 0);
    await Promise.all([call.ring(), call.told('agent.ready')]);
    call.answer();
    const connection = await first.connection();
    await connection.hear('answered');
    return connection;
  }

  async function say(connection: RawAgentConnection, pcm: Int16Array): Promise<void> {
    connection.sound(pcm);
    await connection.settle();
  }

  /** How much of what the phone heard from packet `from` up to `to` is a tone of `hz`, 0..1. */
  async function share(hz: number, from: number, to: number): Promise<number> {
    return toneShare((await call.heard(to)).subarray(from * FRAME, to * FRAME), RATE, hz);
  }

  async function announce(id = 'p', interrupt = false, name = 'notice.wav'): Promise<void> {
    await call.session.announce({ id, prompt: name, interrupt });
  }

  async function prepare(differences: RawDifferences = {}): Promise<RawAgentConnection> {
    const target = rawTarget(second.url, { name: 'Second', sampleRate: RATE, ...differences });
    void call.session.prepareAgent(1, target, 0);
    const connection = await second.connection();
    await connection.hear('start');
    return connection;
  }

  describe('by a prompt', () => {
    it('plays it alone, holds the agent, and lets it go on where it was, without a gap', async () => {
      const agent = await live();
      await say(agent, tone(FIRST_HZ, 400));
      call.clock.turn(10);
      await announce();
      call.clock.turn(20);
      expect(await call.told('media.announced')).toEqual({ type: 'media.announced', id: 'p', played: true });
      expect(await share(FIRST_HZ, 2, 9)).toBeGreaterThan(PURE);
      expect(await share(PROMPT_HZ, 11, 19)).toBeGreaterThan(PURE);
      expect(await share(FIRST_HZ, 21, 29)).toBeGreaterThan(PURE);
      expect(Math.min(...(await call.heardDb(30)).slice(2, 29))).toBeGreaterThan(LOUD_DB);
      // All that the agent said is heard: 200 ms before and 200 ms after.
      call.clock.turn(20);
      expect(Math.max(...(await call.heardDb(50)).slice(33))).toBeLessThan(-50);
    });

    it('keeps what the agent says while it plays', async () => {
      const agent = await live();
      await announce();
      call.clock.turn(5);
      await say(agent, tone(FIRST_HZ, 200));
      agent.say({ type: 'mark', name: 'said' });
      await agent.settle();
      call.clock.turn(5);
      expect(agent.messages.map(({ type }) => type)).not.toContain('marked');
      call.clock.turn(15);
      expect(await agent.hear('marked')).toMatchObject({ name: 'said', cleared: false });
      expect(await share(PROMPT_HZ, 1, 9)).toBeGreaterThan(PURE);
      expect(await share(FIRST_HZ, 12, 19)).toBeGreaterThan(PURE);
    });

    it('throws away what the agent had queued, and tells it, when it interrupts', async () => {
      const agent = await live();
      agent.say({ type: 'item', id: 'reply' });
      await say(agent, tone(FIRST_HZ, 5_000));
      call.clock.turn(10);
      await announce('p', true);
      expect(await agent.hear('cleared')).toMatchObject({
        items: [{ id: 'reply', played_ms: expect.closeTo(200, 0) }],
      });
      call.clock.turn(10);
      await say(agent, tone(SECOND_HZ, 200));
      call.clock.turn(15);
      expect(await share(PROMPT_HZ, 11, 19)).toBeGreaterThan(PURE);
      expect(await share(SECOND_HZ, 22, 29)).toBeGreaterThan(PURE);
    });

    it('lets the agent hear the caller, and does not take the prompt for the agent', async () => {
      const agent = await live();
      await announce();
      call.clock.turn(12);
      await agent.settle();
      expect(agent.soundsWaiting).toBeGreaterThanOrEqual(12);
      expect(call.types).not.toContain('agent.spoke');
    });

    it('plays before the last words of an agent that hung up', async () => {
      const agent = await live();
      await say(agent, tone(FIRST_HZ, 200));
      await announce();
      call.session.drain();
      call.clock.turn(12);
      expect(call.types).not.toContain('media.drained');
      call.clock.turn(12);
      await call.told('media.drained');
    });

    it('is told when it could not be played', async () => {
      await live();
      await announce('p', true, 'nothing.wav');
      expect(await call.told('media.announced')).toEqual({ type: 'media.announced', id: 'p', played: false });
    });

    it('ends without a click, also when the agent clears meanwhile', async () => {
      const agent = await live();
      await say(agent, tone(FIRST_HZ, 5_000));
      call.clock.turn(10);
      await announce();
      call.clock.turn(5);
      agent.say({ type: 'clear' });
      await agent.hear('cleared');
      call.clock.turn(15);
      expect(await share(PROMPT_HZ, 11, 19)).toBeGreaterThan(0.98);
      expect(Math.max(...(await call.heardDb(30)).slice(23))).toBeLessThan(-50);
    });
  });

  describe('by a transfer', () => {
    it('is heard by the old agent, and hears it, until the new one has the call', async () => {
      const old = await live();
      await say(old, tone(FIRST_HZ, 5_000));
      const connection = await prepare();
      await call.told('agent.ready', 1);
      await say(connection, tone(SECOND_HZ, 400));
      call.clock.turn(10);
      await connection.settle();
      expect(await share(FIRST_HZ, 2, 10)).toBeGreaterThan(PURE);
      expect(connection.messages.map(({ type }) => type)).not.toContain('answered');
      expect(connection.soundsWaiting).toBe(0);

      call.session.switchAgent(1);
      expect(await old.hear('end')).toMatchObject({ reason: 'transferred' });
      await connection.hear('answered');
      call.clock.turn(10);
      await connection.settle();
      expect(connection.soundsWaiting).toBe(10);
      // What it said before it had the call was kept, from its first sample on.
      expect(await share(SECOND_HZ, 11, 20)).toBeGreaterThan(PURE);
      expect(Math.min(...(await call.heardDb(20)).slice(2))).toBeGreaterThan(LOUD_DB);
    });

    it('tells the new agent from whom, and what was said', async () => {
      const old = await live();
      old.say({ type: 'transcript', party: 'user', text: 'A person, please.' });
      await old.settle();
      const connection = await prepare({ parameters: { topic: 'refund' } });
      expect(connection.messages[0]).toMatchObject({
        type: 'start',
        previous_agent: { name: 'First', failure: 'transferred' },
        transcript: [{ party: 'user', text: 'A person, please.' }],
        parameters: { topic: 'refund' },
      });
    });

    it('goes on at the rates of the new agent, in both directions', async () => {
      const old = await live();
      await say(old, tone(FIRST_HZ, 5_000));
      const connection = await prepare({ sampleRate: 24_000 });
      await call.told('agent.ready', 1);
      await say(connection, tone(SECOND_HZ, 600, 24_000));
      call.clock.turn(10);
      call.session.switchAgent(1);
      await connection.hear('answered');
      call.clock.turn(15);
      expect((await connection.hearSound()).length).toBe(960);
      expect(await share(SECOND_HZ, 12, 25)).toBeGreaterThan(PURE);
    });

    it('gives the new agent its own marks and clears', async () => {
      await live();
      const connection = await prepare();
      await call.told('agent.ready', 1);
      await say(connection, tone(SECOND_HZ, 100));
      connection.say({ type: 'mark', name: 'greeted' });
      await connection.settle();
      expect(connection.messages.map(({ type }) => type)).not.toContain('marked');
      connection.say({ type: 'clear' });
      expect(await connection.hear('marked')).toMatchObject({ name: 'greeted', cleared: true });
      connection.say({ type: 'mark', name: 'nothing' });
      expect(await connection.hear('marked')).toMatchObject({ name: 'nothing', cleared: false });
    });

    it('stays as it is when the new agent fails or is dropped', async () => {
      const old = await live();
      await say(old, tone(FIRST_HZ, 2_000));
      second.options.ready = false;
      const connection = await prepare();
      connection.close(4_000);
      expect(await call.told('agent.failed')).toMatchObject({ seat: 1 });
      void call.session.prepareAgent(2, rawTarget(second.url, { sampleRate: RATE }), 0);
      const again = await second.connection();
      await again.hear('start');
      call.session.dropAgent(2);
      await again.hear('end');
      call.clock.turn(20);
      expect(await share(FIRST_HZ, 2, 20)).toBeGreaterThan(PURE);
      expect(old.open).toBe(true);
      expect(call.types.filter((type) => type === 'agent.ready')).toHaveLength(1);
    });

    it('waits for the new agent with the comfort tone when the old one is gone first', async () => {
      await live();
      second.options.ready = false;
      const connection = await prepare();
      call.session.switchAgent(1);
      call.clock.turn(60);
      expect(Math.max(...(await call.heardDb(60)).slice(30))).toBeGreaterThan(-50);
      connection.say({ type: 'ready' });
      await connection.hear('answered');
      await say(connection, tone(SECOND_HZ, 400));
      call.clock.turn(15);
      expect(await share(SECOND_HZ, 65, 74)).toBeGreaterThan(PURE);
    });

    it('does not cut a prompt that plays, whatever rate comes', async () => {
      const old = await live();
      await say(old, tone(FIRST_HZ, 2_000));
      const connection = await prepare({ sampleRate: 8_000 });
      await call.told('agent.ready', 1);
      await say(connection, tone(SECOND_HZ, 400, 8_000));
      await announce();
      call.clock.turn(5);
      call.session.switchAgent(1);
      await connection.hear('answered');
      call.clock.turn(15);
      await call.told('media.announced');
      expect(await share(PROMPT_HZ, 1, 9)).toBeGreaterThan(PURE);
      expect(await share(SECOND_HZ, 12, 19)).toBeGreaterThan(PURE);
      expect(levelDb((await call.heard(20)).subarray(4 * FRAME, 7 * FRAME))).toBeGreaterThan(LOUD_DB);
    });

    it('leaves no agent behind when it ends meanwhile', async () => {
      await live();
      const connection = await prepare();
      await call.told('agent.ready', 1);
      await call.session.close('user_hangup');
      expect(await connection.hear('end')).toMatchObject({ reason: 'user_hangup' });
    });
  });
});
