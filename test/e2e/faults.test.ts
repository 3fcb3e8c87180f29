import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { correlate, levelDb, sineTone } from '../../src/audio/index.ts';
import type { PhoneReport, SimulatedCall } from '../../src/simulator/index.ts';
import { PHONE_NUMBER_ID } from '../support/bridge.ts';
import { House, words } from '../support/house.ts';
import type { RawAgentConnection } from '../support/raw-agent.ts';
import { callsWebhook } from '../support/webhook.ts';

const ANSWERED = ['pre_accept', 'accept'];
const RATE = 16_000;
const FRAME = RATE / 50;
/** Nothing listens there. */
const NOBODY = 'http://127.0.0.1:9';

describe.concurrent('When webhooks go wrong', () => {
  let house: House;
  beforeAll(async () => {
    house = await House.start({ policy: { mediaGapTimeoutMs: 1_500 } });
  });
  afterAll(() => house.close());

  async function finish(call: SimulatedCall): Promise<string> {
    await call.waitFor('closed', 15_000);
    const { ending, timeline } = await house.bridge.recordOf(call);
    expect(timeline.filter(({ type }) => type === 'ended')).toHaveLength(1);
    return `${ending?.class}/${ending?.reason}/${ending?.ended_by}`;
  }

  it('takes a call whose connect Meta had to repeat', async () => {
    let shut = 2;
    const knocked = await House.start({
      whatsapp: {
        bridgeWebhookUrl: () => `${shut-- > 0 ? NOBODY : knocked.bridge.service.url}/webhooks/whatsapp`,
        webhookRetryDelaysMs: [50, 100, 200],
      },
    });
    try {
      const { call } = await knocked.talk();
      const connect = call.timeline.find(({ type }) => type === 'webhook.connect');
      expect(connect?.data).toMatchObject({ attempts: 3, httpStatus: 200 });
    } finally {
      await knocked.close();
    }
  });

  it('takes every copy of a webhook for the same call', async () => {
    const { call } = await house.talk({
      faults: [
        { type: 'webhook.duplicate', event: 'connect', copies: 5, gapMs: 40 },
        { type: 'webhook.duplicate', event: 'terminate', copies: 3 },
      ],
    });
    call.hangUp();
    expect(await finish(call)).toBe('completed/user_hangup/user');
    expect(house.bridge.graphActions(call)).toEqual(ANSWERED);
    expect(house.agent.connectionsOf(call.callId)).toHaveLength(1);
  });

  it('answers a call whose connect comes late', async () => {
    const { call } = await house.talk({ faults: [{ type: 'webhook.delay', event: 'connect', delayMs: 2_000 }] });
    call.hangUp();
    expect(await finish(call)).toBe('completed/user_hangup/user');
  });

  it('waits for a terminate that comes late', async () => {
    const { call } = await house.talk({ faults: [{ type: 'webhook.delay', event: 'terminate', delayMs: 800 }] });
    call.hangUp();
    expect(await finish(call)).toBe('completed/user_hangup/user');
    expect(house.bridge.graphActions(call)).toEqual(ANSWERED);
  });

  it('ends a call by itself when the terminate never comes', async () => {
    const { call } = await house.talk({ faults: [{ type: 'webhook.lose', event: 'terminate' }] });
    // Before it is heard at all it has much longer.
    await house.bridge.reached(call, 'media_heard');
    call.hangUp();
    expect(await finish(call)).toBe('dropped/media_silent/bridge');
    expect(house.bridge.graphActions(call)).toEqual([...ANSWERED, 'terminate refused']);
  });

  it('knows nothing of a call whose connect never comes', async () => {
    const call = await house.call({ faults: [{ type: 'webhook.lose', event: 'connect' }] });
    call.hangUp();
    await call.waitFor('closed', 5_000);
    expect(house.bridge.graphActions(call)).toEqual([]);
    expect((await house.bridge.get(`/platform/v1/whatsapp/calls/${call.callId}`)).status).toBe(404);
  });

  it('does not ring for a call that came and went in one body', async () => {
    const call = await house.call({ faults: [{ type: 'webhook.batch' }] });
    call.hangUp();
    expect(await finish(call)).toBe('missed/caller_gave_up/user');
    expect(house.bridge.graphActions(call)).toEqual([]);
  });

  it('leaves the calls of other apps alone', async () => {
    const call = { id: 'wacid.foreign', to: '15550002222', event: 'connect', direction: 'BUSINESS_INITIATED' };
    const session = { sdp_type: 'answer', sdp: 'v=0\r\n' };
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const metadata = { display_phone_number: '15550001111', phone_number_id: PHONE_NUMBER_ID };
    expect(await house.bridge.post(callsWebhook({ metadata, calls: [{ ...call, timestamp, session }] }))).toBe(200);
    // Webhooks are worked off in order of arrival, so when this call is answered, the other was looked at.
    const { call: own } = await house.talk();
    expect((await house.bridge.get('/platform/v1/whatsapp/calls/wacid.foreign')).status).toBe(404);
    expect(house.bridge.graphActions({ callId: 'wacid.foreign' })).toEqual([]);
    own.hangUp();
    expect(await finish(own)).toBe('completed/user_hangup/user');
  });

  it('serves a caller who shows no phone number', async () => {
    const user = { waId: null, userId: 'US.13490000009', parentUserId: 'US.ENT.9', name: 'Ana' };
    const { call, agent } = await house.talk({ user });
    const start = agent.messages.find((message) => message['type'] === 'start');
    expect(start).toMatchObject({ call: { from: { phone: null, user_id: 'US.13490000009', name: 'Ana' } } });
    call.hangUp();
    expect(await finish(call)).toBe('completed/user_hangup/user');
    expect(await house.bridge.recordOf(call)).toMatchObject({
      user_wa_id: null,
      user: { wa_id: null, user_id: 'US.13490000009', parent_user_id: 'US.ENT.9', name: 'Ana' },
    });
  });
});

describe.concurrent('What an agent does', () => {
  let house: House;
  beforeAll(async () => {
    house = await House.start({ environment: { TALKWIRE_AGENT_RECONNECT_ATTEMPTS: '3' } });
  });
  afterAll(() => house.close());

  async function phoneAfter(call: SimulatedCall): Promise<PhoneReport> {
    await call.waitFor('closed', 15_000);
    const { phone } = await call.report();
    if (phone === null) throw new Error('another handset was used');
    expect(phone.mediaBeforeAccept).toBe(0);
    return phone;
  }

  it('hears every key once, on a network that loses and repeats packets', async () => {
    const { call, agent } = await house.talk({ profile: 'bursty', seed: 7 });
    const keys = '0123456789*#';
    call.press(keys);
    for (const digit of keys) {
      const heard = await agent.hear('dtmf');
      expect(heard).toMatchObject({ digit });
      expect(heard['duration_ms']).toBeGreaterThanOrEqual(40);
    }
    call.hangUp();
    await phoneAfter(call);
    expect(agent.messages.filter(({ type }) => type === 'dtmf')).toHaveLength(keys.length);
  });

  it('presses keys that the phone hears once each', async () => {
    const { call, agent } = await house.talk();
    agent.say({ type: 'dtmf', digits: '42#' });
    await new Promise((wake) => setTimeout(wake, 1_000));
    call.hangUp();
    expect((await phoneAfter(call)).dtmfHeard).toBe('42#');
  });

  it('gets a mark when the sound before it was played, and not sooner', async () => {
    const { call, agent } = await house.talk();
    const began = performance.now();
    agent.sound(tone(600));
    agent.say({ type: 'mark', name: 'first' });
    agent.sound(tone(400));
    agent.say({ type: 'mark', name: 'second' });
    expect(await agent.hear('marked')).toMatchObject({ name: 'first', cleared: false });
    expectAbout(performance.now() - began, 600);
    expect(await agent.hear('marked')).toMatchObject({ name: 'second', cleared: false });
    expectAbout(performance.now() - began, 1_000);
    call.hangUp();
    await phoneAfter(call);
  });

  it('interrupts itself: the phone is silent at once, and it is told what was played', async () => {
    const { call, agent } = await house.talk();
    agent.say({ type: 'item', id: 'story' });
    agent.sound(tone(5_000));
    agent.say({ type: 'mark', name: 'the end' });
    await new Promise((wake) => setTimeout(wake, 1_000));
    const clearedAt = performance.timeOrigin + performance.now();
    agent.say({ type: 'clear' });
    expect(await agent.hear('marked')).toMatchObject({ name: 'the end', cleared: true });
    const cleared = await agent.hear('cleared');
    const [story] = cleared['items'] as { id: string; played_ms: number }[];
    await new Promise((wake) => setTimeout(wake, 500));
    call.hangUp();

    const phone = await phoneAfter(call);
    const loud = loudFrames(phone);
    const lastLoudAt = (phone.heardStartMs ?? 0) - phone.playoutMs + ((loud.at(-1) ?? 0) + 1) * 20;
    expect(lastLoudAt - clearedAt).toBeLessThan(100);
    expect(story?.id).toBe('story');
    expect(Math.abs((story?.played_ms ?? 0) - loud.length * 20)).toBeLessThanOrEqual(60);
    expect((story?.played_ms ?? 0) + Number(cleared['discarded_ms'])).toBe(5_000);
  });

  it('sends ten seconds at once, and the phone hears all of it in real time', async () => {
    const { call, agent } = await house.talk();
    const story = Int16Array.from([...words(7_000), ...words(3_000)]);
    const began = performance.now();
    agent.sound(story.subarray(0, story.length / 2));
    agent.sound(story.subarray(story.length / 2));
    agent.say({ type: 'mark', name: 'told' });
    await agent.hear('marked');
    expectAbout(performance.now() - began, 10_000);
    await new Promise((wake) => setTimeout(wake, 200));
    call.hangUp();
    const { heard } = await phoneAfter(call);
    const match = correlate(story, heard, RATE);
    expect(match.waveform).toBeGreaterThan(0.85);
    expect(match.envelope).toBeGreaterThan(0.9);
  });

  it('closes its socket when it is done, and its last words are heard', async () => {
    const { call, agent } = await house.talk();
    agent.sound(words(1_000));
    agent.close(1000, 'done');
    const { heard } = await phoneAfter(call);
    expect(correlate(words(1_000), heard, RATE).waveform).toBeGreaterThan(0.8);
    expect((await house.bridge.recordOf(call)).ending).toMatchObject({ reason: 'agent_hangup' });
  });

  it('is lost and dialled again, and goes on speaking', async () => {
    const { call, agent } = await house.talk();
    agent.drop();
    const again = await secondConnection(call);
    expect(again.messages[0]).toMatchObject({ type: 'start', reconnect: 1 });
    await again.hear('answered');
    again.sound(words(1_500));
    again.say({ type: 'hangup', drain: true });
    const { heard } = await phoneAfter(call);
    expect(correlate(words(1_500), heard, RATE).waveform).toBeGreaterThan(0.8);
    const { ending, timeline } = await house.bridge.recordOf(call);
    expect(ending).toMatchObject({ class: 'completed', reason: 'agent_hangup' });
    expect(timeline.map(({ type }) => type)).toContain('agent_reconnecting');
  });

  async function secondConnection({ callId }: SimulatedCall): Promise<RawAgentConnection> {
    for (;;) {
      const again = house.agent.connectionsOf(callId)[1];
      if (again !== undefined) return again;
      await new Promise((wake) => setTimeout(wake, 10));
    }
  }
});

function tone(ms: number): Int16Array {
  return sineTone(RATE, 440, ms, -12);
}

/** Numbers of the 20 ms frames in which the phone heard something. */
function loudFrames({ heard }: PhoneReport): number[] {
  const loud: number[] = [];
  for (let at = 0; at + FRAME <= heard.length; at += FRAME) {
    if (levelDb(heard.subarray(at, at + FRAME)) > -40) loud.push(at / FRAME);
  }
  return loud;
}

/** Not sooner, and later only by what priming and a busy machine add. */
function expectAbout(ms: number, wanted: number): void {
  expect(ms).toBeGreaterThan(wanted - 40);
  expect(ms).toBeLessThan(wanted + 250);
}
