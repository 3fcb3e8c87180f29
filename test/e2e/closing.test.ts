import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { correlate, levelDb } from '../../src/audio/index.ts';
import { PromptLibrary } from '../../src/media/prompts.ts';
import type { CallReport, HandsetFactory, SimulatedCall } from '../../src/simulator/index.ts';
import { openOfferingLeg } from '../../src/webrtc/index.ts';
import { type BridgeOptions, PHONE_NUMBER_ID } from '../support/bridge.ts';
import { closingRows } from '../support/closing-table.ts';
import { House, type Walked, words } from '../support/house.ts';
import { MediaThreads } from '../support/media-threads.ts';
import { callsWebhook } from '../support/webhook.ts';

type Walk = (house: House) => Promise<Walked>;

/** Rows that need the same rules are walked in the same house, one after the other. */
interface Street {
  readonly what: string;
  readonly options: () => BridgeOptions;
  readonly rows: Readonly<Record<string, Walk>>;
}

const ANSWERED = ['pre_accept', 'accept'];
const RATE = 16_000;
/** Somebody else's port. */
const taken = createSocket('udp4');
const threads = new MediaThreads();

const STREETS: readonly Street[] = [
  {
    what: 'an ordinary number',
    options: () => ({ policy: { drainTimeoutMs: 1_500, agentTimeoutMs: 1_500, mediaGapTimeoutMs: 1_500 } }),
    rows: {
      stale: async (house) => done(await house.call({ connectAgeMs: 46_000 }), 'reject'),
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
        const mute: HandsetFactory = async () => handset('v=0\r\n', async () => {});
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
        call.setNetworkDown(true);
        expect(await agent.hear('end')).toMatchObject({ reason: 'media_silent' });
        return done(call, ...ANSWERED, 'terminate');
      },
    },
  },
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
    rows: {
      'at-capacity': async (house) => {
        const { call: first } = await house.talk();
        const second = await done(await house.call(), 'reject');
        first.hangUp();
        await house.bridge.recordOf(first);
        await first.waitFor('closed', 5_000);
        return second;
      },
    },
  },
  {
    what: 'a number without an agent',
    options: () => ({ policy: { agent: null } }),
    rows: { 'no-agent': async (house) => done(await house.call(), 'reject') },
  },
  {
    what: 'a bridge that has no UDP port left',
    options: () => ({ environment: { TALKWIRE_UDP_PORTS: `${taken.address().port}-${taken.address().port}` } }),
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

const SORRY = { action: 'prompt', prompt: 'unavailable.ogg' } as const;

/** They wait for somebody who never comes, or hear a prompt to its end; they do so at the same time. */
const PATIENT: readonly Street[] = [
  {
    what: 'a number whose calls wait long',
    options: () => ({
      policy: { firstMediaTimeoutMs: 60_000, mediaGapTimeoutMs: 60_000 },
      whatsapp: { mediaGapTimeoutMs: 60_000 },
    }),
    rows: {
      overtaken: async (house) => {
        const call = await house.call({ faults: [{ type: 'graph.timeout', action: 'accept', performed: true }] });
        await call.waitFor('accepted', 5_000);
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
    options: () => ({ policy: { agent: null, onAgentUnavailable: SORRY } }),
    rows: { 'prompt-played': async (house) => hearsThePrompt(await house.call()) },
  },
  {
    what: 'a number with a prompt and a slow agent',
    options: () => ({ policy: { agentTimeoutMs: 3_000, onAgentUnavailable: SORRY } }),
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

/** One stop of the service ends all of these. */
const STOPPING = ['refused-draining', 'drained-early', 'service-drained', 'service-drained-in-drain'];
/** Needs a process that dies: test/e2e/crash.test.ts. */
const AFTER_A_CRASH = ['restarted-ringing', 'restarted-talking'];
/** Of calls that others dial the runtime lets nothing come in: test/e2e/faults.test.ts. */
const KEPT_OUT = ['foreign-answer'];

const rowsByName = new Map(closingRows().map((row) => [row.name, row]));
const rowOf = (name: string) => rowsByName.get(name)!;

describe('docs/closing.md over real media, and what is left afterwards', () => {
  beforeAll(async () => {
    taken.bind(0, '127.0.0.1');
    await once(taken, 'listening');
  });
  afterAll(() => {
    taken.close();
    threads.close();
  });

  it('walks every row', () => {
    const walked = [...STREETS, ...PATIENT].flatMap(({ rows }) => Object.keys(rows));
    expect([...walked, ...STOPPING, ...AFTER_A_CRASH, ...KEPT_OUT].sort()).toEqual([...rowsByName.keys()].sort());
  });

  describe.each(STREETS)('$what', ({ options, rows }) => {
    let house: House;
    beforeAll(async () => {
      house = await House.start(options());
    });
    afterAll(async () => {
      await house.threadsIdle();
      await house.close();
    });

    it.each(Object.entries(rows))('%s', async (name, walk) => {
      const before = house.before();
      await house.check(rowOf(name), await walk(house));
      await house.nothingOpen(before);
    });
  });

  it(`at the same time: ${PATIENT.flatMap(({ rows }) => Object.keys(rows)).join(', ')}`, async () => {
    const houses: House[] = [];
    for (const { options } of PATIENT) houses.push(await House.start(options()));
    try {
      const before = houses.map((house) => house.before());
      const walks = PATIENT.flatMap(({ rows }, index) =>
        Object.entries(rows).map(async ([name, walk]) => {
          const house = houses[index]!;
          await house.check(rowOf(name), await walk(house));
        }),
      );
      await Promise.all(walks);
      await Promise.all(houses.map((house, index) => house.nothingOpen(before[index]!)));
      await Promise.all(houses.map((house) => house.threadsIdle()));
    } finally {
      for (const house of houses) await house.close();
    }
  }, 60_000);

  it(`a service that stops: ${STOPPING.join(', ')}`, async () => {
    const house = await House.start();
    try {
      const before = house.before();
      const { call: talking } = await house.talk();
      const { call: lastWords } = await drain(house, 6_000);
      const { call: early } = await house.waiting();
      const stopped = house.bridge.stop(1_000);
      const late = await house.call();
      const walked = {
        'refused-draining': await done(late, 'reject'),
        'drained-early': await done(early, 'pre_accept', 'terminate'),
        'service-drained': await done(talking, ...ANSWERED, 'terminate'),
        'service-drained-in-drain': await done(lastWords, ...ANSWERED, 'terminate'),
      };
      await stopped;
      for (const [name, walk] of Object.entries(walked)) await house.check(rowOf(name), walk);
      await house.nothingOpen(before);
    } finally {
      await house.close();
    }
  });
});

async function done(call: SimulatedCall, ...graph: string[]): Promise<Walked> {
  await call.waitFor('closed', 50_000);
  return { callId: call.callId, graph };
}

/** The agent has hung up and its last words, `ms` long, are being played. */
async function drain(house: House, ms = 3_000): Promise<{ call: SimulatedCall }> {
  const { call, agent } = await house.talk();
  agent.sound(words(ms));
  agent.say({ type: 'hangup', drain: true });
  await house.bridge.reached(call, 'agent_hangup');
  return { call };
}

async function hearsThePrompt(call: SimulatedCall): Promise<Walked> {
  const walked = await done(call, ...ANSWERED, 'terminate');
  const prompt = await new PromptLibrary('assets/prompts').load('unavailable.ogg', RATE);
  const { heard } = phoneOf(await call.report());
  expect(correlate(prompt, heard, RATE).waveform).toBeGreaterThan(0.8);
  return walked;
}

function phoneOf(report: CallReport) {
  if (report.phone === null) throw new Error('another handset was used');
  return report.phone;
}

/** How much of what the phone heard was sound, milliseconds. */
function loudMs(report: CallReport): number {
  const { heard } = phoneOf(report);
  const frame = RATE / 50;
  let loud = 0;
  for (let at = 0; at < heard.length; at += frame) if (levelDb(heard.subarray(at, at + frame)) > -50) loud += 20;
  return loud;
}

function handset(offer: string, close: () => Promise<void>, applyAnswer = async (_sdp: string) => {}) {
  return { offer, applyAnswer, accepted: () => {}, close };
}

/** A phone with a certificate other than the one it announced. */
const impostor: HandsetFactory = async () => {
  const ignore = () => {};
  const leg = await openOfferingLeg(
    { portRange: null, announcedIp: null, bindAddresses: ['127.0.0.1'], ipv6: false, iceServers: [] },
    { onConnected: ignore, onFailed: ignore, onAudio: ignore, onDtmf: ignore, onActivity: ignore, onBye: ignore },
    { role: 'meta' },
  );
  const offer = leg.localSdp.replace(/(a=fingerprint:sha-256 )..:..:../, '$1DE:CE:17');
  return handset(
    offer,
    () => leg.close(),
    (sdp) => leg.applyAnswer(sdp),
  );
};

const NUMBER = { display_phone_number: '15550001111', phone_number_id: PHONE_NUMBER_ID };

function connectWithAnswer(id: string): unknown {
  const call = { id, from: '15550002222', event: 'connect', direction: 'USER_INITIATED', timestamp: seconds() };
  return callsWebhook({
    metadata: NUMBER,
    calls: [{ ...call, session: { sdp_type: 'answer', sdp: 'v=0\r\n' } }],
  });
}

function terminateFailed(id: string): unknown {
  const errors = [{ code: 138021, title: 'Client received no media' }];
  const call = { id, from: '15550002222', event: 'terminate', direction: 'USER_INITIATED', timestamp: seconds() };
  return callsWebhook({ metadata: NUMBER, calls: [{ ...call, status: 'FAILED', errors }], errors });
}

function seconds(): string {
  return String(Math.floor(Date.now() / 1_000));
}
