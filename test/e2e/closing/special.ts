import { expect } from 'vitest';
import { noPortLeft, threads } from './neighbours.ts';
import { ANSWERED, done, drain, hearsThePrompt, SORRY, type Street, secondRejected } from './street.ts';

/** Numbers and bridges that are in one way not like others. */
export const SPECIAL: readonly Street[] = [
  {
    what: 'a number whose calls are short, and a phone that gives up early',
    options: () => ({ policy: { maxDurationMs: 1_500 }, whatsapp: { mediaGapTimeoutMs: 500 } }),
    rows: {
      'max-duration': async (house) => {
        const { call } = await house.talk();
        return done(call, ...ANSWERED, 'terminate');
      },
      'meta-failed': async (house) => {
        const { call } = await house.talk();
        call.setNetworkDown(true);
        return done(call, ...ANSWERED);
      },
    },
  },
  {
    what: 'a number that gives Graph and the phone little time',
    options: () => ({ policy: { mediaTimeoutMs: 1_000 } }),
    rows: {
      'media-timeout-1': async (house) => {
        const slow = { type: 'graph.delay', action: 'pre_accept', delayMs: 1_500 } as const;
        return done(await house.call({ faults: [{ type: 'ice.never' }, slow] }), 'reject', 'pre_accept refused');
      },
    },
  },
  {
    what: 'a number that takes one call at a time',
    options: () => ({ environment: { TALKWIRE_MAX_CALLS: '1' } }),
    rows: { 'at-capacity': secondRejected },
  },
  {
    what: 'a number without an agent',
    options: () => ({ environment: { TALKWIRE_AGENT_URL: '' } }),
    rows: { 'no-agent': async (house) => done(await house.call(), 'reject') },
  },
  {
    what: 'a bridge that has no UDP port left',
    options: () => ({ environment: noPortLeft() }),
    rows: { 'leg-failed-1': async (house) => done(await house.call(), 'reject') },
  },
  {
    what: 'a bridge whose media thread dies',
    options: () => ({}),
    rows: {
      'thread-died-early': async (house) => {
        const { call } = await house.waiting();
        await threads.kill();
        return done(call, 'pre_accept', 'terminate');
      },
      'leg-broke-in-drain': async (house) => {
        const { call } = await drain(house);
        await threads.kill();
        return done(call, ...ANSWERED, 'terminate');
      },
      'thread-died': async (house) => {
        const { call } = await house.talk();
        await threads.kill();
        return done(call, ...ANSWERED, 'terminate');
      },
    },
  },
];

/** They wait for somebody who never comes, or hear a prompt to its end. */
export const WAITING: readonly Street[] = [
  {
    what: 'a number whose calls wait long',
    options: () => ({
      policy: { firstMediaTimeoutMs: 60_000, mediaGapTimeoutMs: 60_000 },
      whatsapp: { mediaGapTimeoutMs: 60_000 },
    }),
    rows: {
      overtaken: async (house) => {
        const call = await house.call({ faults: [{ type: 'graph.timeout', action: 'accept', performed: true }] });
        await call.waitFor('accepted', 20_000);
        call.hangUp();
        return done(call, 'pre_accept', 'accept unanswered');
      },
      'pre-accept-unknown': async (house) => {
        const call = await house.call({ faults: [{ type: 'graph.timeout', action: 'pre_accept' }] });
        return done(call, 'pre_accept unanswered', 'pre_accept unanswered', 'terminate');
      },
      'accept-unknown': async (house) => {
        const call = await house.call({ faults: [{ type: 'graph.timeout', action: 'accept' }] });
        return done(call, 'pre_accept', 'accept unanswered', 'terminate');
      },
      'media-timeout-2': async (house) => {
        const walked = await done(await house.call({ faults: [{ type: 'ice.never' }] }), 'pre_accept', 'terminate');
        const { timeline } = await house.bridge.recordOf(walked);
        const at = (type: string) => Date.parse(timeline.find((line) => line.type === type)?.at ?? '');
        const waitedMs = at('media_timed_out') - at('pre_accept_sent');
        expect(waitedMs).toBeGreaterThanOrEqual(12_000);
        expect(waitedMs).toBeLessThan(12_500);
        return walked;
      },
      'media-lost': async (house) => {
        const { call } = await house.talk();
        call.setNetworkDown(true);
        return done(call, ...ANSWERED, 'terminate');
      },
    },
  },
  {
    what: 'a number with a prompt and no agent',
    options: () => ({ environment: { TALKWIRE_AGENT_URL: '' }, policy: { onAgentUnavailable: SORRY } }),
    rows: { 'prompt-played': async (house) => hearsThePrompt(await house.call()) },
  },
  {
    what: 'a number with a prompt and a slow agent',
    options: () => ({
      policy: { agentTimeoutMs: 3_000, onAgentUnavailable: SORRY },
      environment: { TALKWIRE_AGENT_CONNECT_TIMEOUT_MS: '3000' },
    }),
    rows: {
      'agent-late-prompt': async (house) => {
        const call = await house.call({}, { ready: false });
        const agent = await house.agent.connectionOf(call.callId);
        expect(await agent.hear('end')).toMatchObject({ reason: 'agent_unavailable' });
        return hearsThePrompt(call);
      },
    },
  },
  {
    what: 'a number with a prompt and an agent that is out of order',
    options: () => ({ policy: { onAgentUnavailable: SORRY } }),
    rows: { 'agent-failed-prompt': async (house) => hearsThePrompt(await house.call({}, { refuseWith: 503 })) },
  },
];
