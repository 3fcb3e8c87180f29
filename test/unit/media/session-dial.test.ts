import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { babble } from '../../support/babble.ts';
import { identity } from '../../support/call.ts';
import { firstWords } from '../../support/first-words.ts';
import { opusPacket } from '../../support/leg-pair.ts';
import { RawAgent, type RawAgentConnection } from '../../support/raw-agent.ts';
import { rawTarget } from '../../support/raw-calls.ts';
import { sdpAnswer } from '../../support/sdp-answer.ts';
import { TurnedSession } from '../../support/turned-session.ts';

const RATE = 16_000;
const FRAME = 320;

describe('The media session of a call that we place', () => {
  let agent: RawAgent;
  let call: TurnedSession;

  beforeEach(async () => {
    agent = await RawAgent.start();
    call = await TurnedSession.openDial();
  });
  afterEach(async () => {
    await call.close();
    await agent.stop();
  });

  it('opens with an offer by the rules of Meta, and is connected by the answer', async () => {
    const answer = await call.place();
    const offer = (await call.told('media.opened')).sdp;
    expect(offer.match(/a=fingerprint:/g)).toHaveLength(1);
    expect(offer).toMatch(/a=fingerprint:sha-256 ([\dA-F]{2}:){31}[\dA-F]{2}\r\n/);
    expect(offer).toContain('a=setup:actpass\r\n');
    expect(call.types).toEqual(['media.opened']);
    await call.session.answer(answer);
    expect((await call.told('media.connected')).setupMs).toBeGreaterThan(0);
  });

  it('sends nothing while the phone rings, and a packet each frame once it is picked up', async () => {
    await call.ringOut();
    call.clock.turn(10);
    expect(call.clock.running).toBe(false);
    expect(call.phone.activity).toBe(0);
    call.answer();
    call.clock.turn(25);
    await call.phone.until(({ audio }) => audio.length === 25);
  });

  it('takes an answer that comes while the leg is still being opened', async () => {
    void call.session.offer(false);
    await call.session.answer('no answer at all');
    expect(call.types).toEqual(['media.opened', 'media.failed']);
  });

  it('makes nothing of an answer without an offer', async () => {
    await call.session.answer(sdpAnswer());
    expect(call.types).toEqual([]);
  });

  it('makes nothing of a second answer, be it the same, another, or none at all', async () => {
    const answer = await call.place();
    await call.session.answer(answer);
    for (const sdp of [answer, sdpAnswer(), 'no answer at all']) await call.session.answer(sdp);
    await call.told('media.connected');
    expect(call.types).toEqual(['media.opened', 'media.connected']);
  });

  it('makes nothing of an answer when it is closed', async () => {
    const answer = await call.place();
    const closed = call.session.close('user_hangup');
    await call.session.answer(answer);
    await call.session.answer('no answer at all');
    await closed;
    expect(call.types).toEqual(['media.opened', 'media.closed']);
  });

  it('fails with what is wrong in an answer that cannot be used', async () => {
    await call.place();
    await call.session.answer(sdpAnswer({ 'm=audio': 'm=audio 0 UDP/TLS/RTP/SAVPF 111 126' }));
    expect(await call.told('media.failed')).toMatchObject({
      code: 'bad_offer',
      detail: expect.stringContaining('port'),
    });
  });

  it('tells the agent by which id Meta knows the call, though it was named after the offer', async () => {
    await call.place();
    call.session.identify(identity({ callId: 'wacid.named' }));
    void call.session.connectAgent(0, rawTarget(agent.url), 0);
    await call.told('agent.ready');
    expect((await agent.connection()).callId).toBe('wacid.named');
  });

  describe('when the phone makes a sound before we know that it was picked up', () => {
    async function soundBefore(hearEarly: boolean): Promise<RawAgentConnection> {
      void call.session.connectAgent(0, rawTarget(agent.url, { sampleRate: RATE }), 0);
      await Promise.all([call.ringOut(hearEarly), call.told('agent.ready')]);
      for (let n = 0; n < 5; n += 1) call.leg.sendAudio(opusPacket(n), n === 0);
      call.leg.sendDtmf('1');
      for (let n = 0; n < 20; n += 1) call.leg.sendAudio(opusPacket(n), false);
      await vi.waitUntil(() => call.session.quality()?.dtmfReceived === 1, { interval: 2 });
      return agent.connection();
    }
    const heard = () => call.types.filter((type) => type === 'media.heard').length;

    it('says so, once, if it is asked to, and throws the sound away', async () => {
      const connection = await soundBefore(true);
      expect(heard()).toBe(1);
      expect(call.types).not.toContain('media.dtmf');
      call.answer();
      call.clock.turn(3);
      call.leg.sendAudio(opusPacket(99), false);
      await vi.waitUntil(() => call.session.quality()?.packetsReceived === 26, { interval: 2 });
      expect(heard()).toBe(1);
      await connection.settle();
      expect(connection.messages.map(({ type }) => type)).not.toContain('dtmf');
    });

    it('says nothing before the pick-up otherwise', async () => {
      await soundBefore(false);
      expect(heard()).toBe(0);
      call.answer();
      call.leg.sendAudio(opusPacket(99), false);
      await call.told('media.heard');
    });

    it.each([true, false])(
      'waits for the first sound after the pick-up as long as ever (hearEarly %s)',
      async (early) => {
        await soundBefore(early);
        call.answer();
        // The clock began to be turned when the session was made, a moment before it was picked up.
        call.clock.turn(960);
        expect(call.types).not.toContain('media.silent');
        call.clock.turn(300);
        expect((await call.told('media.silent')).silentMs).toBeGreaterThanOrEqual(20_000);
      },
    );
  });

  describe('has the first 100 ms of the greeting whole', () => {
    const greeting = babble(1_200);

    async function ring(): Promise<RawAgentConnection> {
      void call.session.connectAgent(0, rawTarget(agent.url, { sampleRate: RATE }), 0);
      await Promise.all([call.ringOut(), call.told('agent.ready')]);
      return agent.connection();
    }

    async function greeted(): Promise<void> {
      call.clock.turn(75);
      const heard = await call.heard(75);
      for (const { match, gainDb } of firstWords(greeting, heard, 100)) {
        expect(match).toBeGreaterThan(0.75);
        expect(Math.abs(gainDb)).toBeLessThan(2.5);
      }
      expect(call.types.filter((type) => type === 'agent.spoke')).toHaveLength(1);
    }

    it('when the agent said it while the phone rang: none of it is played before', async () => {
      const connection = await ring();
      connection.sound(greeting);
      await connection.settle();
      expect(call.types).not.toContain('agent.spoke');
      call.answer();
      await greeted();
    });

    it('when the agent says it at once at the pick-up, all in one', async () => {
      const connection = await ring();
      call.answer();
      await connection.hear('answered');
      connection.sound(greeting);
      await connection.settle();
      await greeted();
    });

    it('when the agent says it as people speak', async () => {
      const connection = await ring();
      call.answer();
      await connection.hear('answered');
      for (let at = 0; at < greeting.length; at += FRAME) {
        connection.sound(greeting.slice(at, at + FRAME));
        await connection.settle();
        call.clock.turn(1);
      }
      await greeted();
    });
  });
});
