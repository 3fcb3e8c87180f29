import { expect } from 'vitest';
import { correlate } from '../../../src/audio/index.ts';
import type { HandsetFactory } from '../../../src/simulator/index.ts';
import { words } from '../../support/house.ts';
import { impostor } from './impostors.ts';
import { REFUSED_BY_RULES } from './rules.ts';
import { ANSWERED, done, drain, loudMs, phoneOf, RATE, type Street } from './street.ts';
import { connectWithAnswer, terminateFailed } from './webhooks.ts';

/** The number of the environment, its agent, and times that do not keep a test waiting. */
export const ORDINARY: Street = {
  what: 'an ordinary number',
  options: () => ({
    policy: { drainTimeoutMs: 1_500, agentTimeoutMs: 1_500, mediaGapTimeoutMs: 1_500 },
    // The time of all its agents is never shorter than that of one.
    environment: { TALKWIRE_AGENT_CONNECT_TIMEOUT_MS: '1500' },
  }),
  rows: {
    stale: async (house) => done(await house.call({ connectAgeMs: 46_000 }), 'reject'),
    ...REFUSED_BY_RULES,
    'not-an-offer': async (house) => {
      await house.bridge.post(connectWithAnswer('wacid.answer'));
      return { callId: 'wacid.answer', graph: ['reject refused'] };
    },
    'terminated-first': async (house) => {
      const call = await house.call({ faults: [{ type: 'webhook.reorder' }] });
      call.hangUp();
      return done(call);
    },
    'gave-up': async (house) => {
      const { call } = await house.waiting();
      call.hangUp();
      return done(call, 'pre_accept');
    },
    'meta-failed-early': async (house) => {
      const { call } = await house.waiting({ faults: [{ type: 'webhook.lose', event: 'terminate' }] });
      await house.bridge.post(terminateFailed(call.callId));
      await house.bridge.recordOf(call);
      call.hangUp();
      return done(call, 'pre_accept');
    },
    'bad-offer': async (house) => {
      const mute: HandsetFactory = async () => ({
        offer: 'v=0\r\n',
        applyAnswer: async () => {},
        accepted: () => {},
        close: async () => {},
      });
      return done(await house.call({ handset: mute }), 'reject');
    },
    'leg-failed-2': async (house) => done(await house.call({ handset: impostor }), 'pre_accept', 'terminate'),
    'pre-accept-refused': async (house) => {
      const call = await house.call({ faults: [{ type: 'graph.refuse', action: 'pre_accept', code: 138008 }] });
      return done(call, 'pre_accept refused', 'reject');
    },
    'pre-accept-gone': async (house) => {
      const call = await house.call({
        faults: [
          { type: 'graph.delay', action: 'pre_accept', delayMs: 400 },
          { type: 'webhook.delay', event: 'terminate', delayMs: 800 },
        ],
      });
      await house.bridge.reached(call, 'pre_accept_sent');
      call.hangUp();
      return done(call, 'pre_accept refused');
    },
    'accept-refused': async (house) => {
      const call = await house.call({ faults: [{ type: 'graph.refuse', action: 'accept', code: 138008 }] });
      return done(call, 'pre_accept', 'accept refused', 'terminate');
    },
    'accept-gone': async (house) => {
      const call = await house.call({
        faults: [
          { type: 'graph.delay', action: 'accept', delayMs: 400 },
          { type: 'webhook.delay', event: 'terminate', delayMs: 800 },
        ],
      });
      await house.bridge.reached(call, 'accept_sent');
      call.hangUp();
      return done(call, 'pre_accept', 'accept refused');
    },
    'agent-failed-1': async (house) => {
      const slow = { type: 'graph.delay', action: 'pre_accept', delayMs: 400 } as const;
      const call = await house.call({ faults: [slow] }, { refuseWith: 503 });
      return done(call, 'reject', 'pre_accept refused');
    },
    'agent-failed-2': async (house) => {
      const { call } = await house.waiting();
      return done(call, 'pre_accept', 'terminate');
    },
    'agent-declined': async (house) => {
      const call = await house.call({ faults: [{ type: 'ice.never' }] });
      const agent = await house.agent.connectionOf(call.callId);
      await house.bridge.reached(call, 'agent_ready');
      await house.bridge.reached(call, 'pre_accepted');
      agent.say({ type: 'hangup', reason: 'busy' });
      return done(call, 'pre_accept', 'terminate');
    },
    'api-rejected-1': async (house) => {
      const call = await house.call({ faults: [{ type: 'graph.delay', action: 'pre_accept', delayMs: 400 }] });
      await house.hangUp(call);
      return done(call, 'reject', 'pre_accept refused');
    },
    'api-rejected-2': async (house) => {
      const { call } = await house.waiting();
      await house.hangUp(call);
      return done(call, 'pre_accept', 'terminate');
    },
    'api-rejected-3': async (house) => {
      const call = await house.call({ faults: [{ type: 'graph.delay', action: 'accept', delayMs: 400 }] });
      await house.bridge.reached(call, 'accept_sent');
      await house.hangUp(call);
      return done(call, 'pre_accept', 'accept', 'terminate');
    },
    'reject-refused': async (house) => {
      const call = await house.call({
        faults: [
          { type: 'graph.delay', action: 'pre_accept', delayMs: 400 },
          { type: 'graph.refuse', action: 'reject', code: 100 },
        ],
      });
      await house.hangUp(call);
      return done(call, 'reject refused', 'pre_accept', 'terminate');
    },
    'user-hangup': async (house) => {
      const { call, agent } = await house.talk();
      call.hangUp();
      expect(await agent.hear('end')).toMatchObject({ reason: 'user_hangup' });
      expect(await agent.closed).toMatchObject({ code: 1000 });
      return done(call, ...ANSWERED);
    },
    'agent-hangup': async (house) => {
      const { call, agent } = await house.talk();
      agent.sound(words(3_000));
      agent.say({ type: 'hangup', drain: false });
      const walked = await done(call, ...ANSWERED, 'terminate');
      expect(loudMs(await call.report())).toBeLessThan(500);
      return walked;
    },
    'agent-drained': async (house) => {
      const { call, agent } = await house.talk();
      const lastWords = words(1_200);
      agent.sound(lastWords);
      agent.say({ type: 'hangup', drain: true });
      agent.sound(words(3_000));
      const walked = await done(call, ...ANSWERED, 'terminate');
      const { heard } = phoneOf(await call.report());
      expect(correlate(lastWords, heard, RATE).waveform).toBeGreaterThan(0.8);
      expect(correlate(lastWords.subarray(-0.3 * RATE), heard, RATE).waveform).toBeGreaterThan(0.8);
      return walked;
    },
    'drain-timeout': async (house) => {
      const { call } = await drain(house);
      return done(call, ...ANSWERED, 'terminate');
    },
    'user-hangup-in-drain': async (house) => {
      const { call } = await drain(house);
      call.hangUp();
      return done(call, ...ANSWERED);
    },
    'api-hangup-in-drain': async (house) => {
      const { call } = await drain(house);
      await house.hangUp(call);
      return done(call, ...ANSWERED, 'terminate');
    },
    'agent-lost': async (house) => {
      const { call, agent } = await house.talk();
      agent.drop();
      return done(call, ...ANSWERED, 'terminate');
    },
    'api-hangup': async (house) => {
      const { call, agent } = await house.talk();
      await house.hangUp(call);
      expect(await agent.hear('end')).toMatchObject({ reason: 'api_hangup' });
      return done(call, ...ANSWERED, 'terminate');
    },
    'media-silent': async (house) => {
      const { call, agent } = await house.talk();
      // Before it is heard at all it has much longer.
      await house.bridge.reached(call, 'media_heard');
      call.setNetworkDown(true);
      expect(await agent.hear('end')).toMatchObject({ reason: 'media_silent' });
      return done(call, ...ANSWERED, 'terminate');
    },
  },
};
