import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { correlate } from '../../../src/audio/index.ts';
import type { SimulatedCall } from '../../../src/simulator/index.ts';
import { babble } from '../../support/babble.ts';
import { type Bridge, type CallDetail, startBridge } from '../../support/bridge.ts';
import { type Dialled, Dialler, storyOf } from '../../support/dialler.ts';
import { firstWords } from '../../support/first-words.ts';
import { words } from '../../support/house.ts';
import { RawAgent, type RawAgentConnection } from '../../support/raw-agent.ts';
import { endingOf } from '../../support/switchboard.ts';

const RATE = 16_000;
const GREETING = babble(1_200);
const USER_SAYS = words(1_500);
/** Long enough for the agent to be ready before the user picks up. */
const RINGS_MS = 700;
/** A phone's diary has another clock than its webhooks and the bridge. */
const CLOCKS_MS = 100;

/** A dial, the phone that it rings and the agent that will speak. */
interface Line {
  readonly dialled: Dialled;
  readonly phone: SimulatedCall;
  readonly voice: RawAgentConnection;
}

describe('A call that we place, over real SRTP, with an agent of the raw wire', () => {
  let agent: RawAgent;
  let bridge: Bridge;
  let dialler: Dialler;
  beforeAll(async () => {
    agent = await RawAgent.start();
    bridge = await startBridge({ agentUrl: agent.url });
    dialler = new Dialler(bridge);
  });
  afterAll(async () => {
    await bridge.close();
    await agent.stop();
  });

  /** The phone rings, and the agent is connected. */
  async function ring(): Promise<Line> {
    const dialled = await dialler.dialFriend({ afterMs: RINGS_MS, audio: USER_SAYS });
    const phone = await dialler.phoneOf(dialled);
    const voice = await agent.connectionOf(phone.callId);
    return { dialled, phone, voice };
  }

  /** Phone and agent are on the line with each other. */
  async function talk(): Promise<Line> {
    const line = await ring();
    await line.voice.hear('answered');
    await line.phone.waitFor('heard', 5_000);
    return line;
  }

  it('prepares its agent while it rings, and gives it no sound and lets none of it out before the pickup', async () => {
    const { dialled, phone, voice } = await ring();
    voice.sound(GREETING);
    await dialler.reached(dialled, 'media_connected');
    // Meta's RINGING may come later than the media.
    await dialler.reached(dialled, 'ringing');
    await voice.settle();
    expect(await dialler.now(dialled)).toMatchObject({ status: 'ringing', duration_seconds: null, ending: null });
    expect(voice.messages.map(({ type }) => type)).toEqual(['start', 'pong']);
    expect(voice.messages[0]).toMatchObject({
      call: { id: dialled.id, call_id: phone.callId, direction: 'outbound', to: { phone: dialled.user } },
    });
    expect(voice.soundsWaiting).toBe(0);
    expect(phone.timeline.map(({ type }) => type)).not.toContain('accepted');

    await voice.hear('answered');
    await phone.waitFor('spoken', 5_000);
    expect(await dialler.now(dialled)).toMatchObject({ status: 'answered' });
    phone.hangUp();
    await phone.waitFor('closed', 5_000);
    await expectGreeted(phone);
    const heard = await soundOf(voice, 1_400);
    expect(correlate(USER_SAYS.subarray(0, RATE), heard, RATE).waveform).toBeGreaterThan(0.8);
  });

  it('has its agent greet from the first moment when it speaks only at the pickup', async () => {
    const { phone, voice } = await ring();
    await voice.hear('answered');
    voice.sound(GREETING);
    voice.say({ type: 'hangup', drain: true });
    await phone.waitFor('closed', 5_000);
    await expectGreeted(phone);
  });

  it('is ended by the user, and tells its agent so', async () => {
    const { dialled, phone, voice } = await talk();
    await dialler.reached(dialled, 'media_heard');
    phone.hangUp();
    expect(await voice.hear('end')).toMatchObject({ reason: 'user_hangup' });
    expect(await voice.closed).toMatchObject({ code: 1000 });
    await phone.waitFor('closed', 5_000);
    const record = await dialler.ended(dialled);
    expect(endingOf(record)).toBe('completed/user_hangup/user');
    expect(storyOf(record)).toEqual([
      'dial_begun',
      'media_opened',
      'connect_sent',
      'named',
      'answer_received',
      'ringing',
      'media_connected',
      'picked_up',
      'media_heard',
      'terminate_received',
      'ended',
    ]);
    expect(dialler.graphActions(dialled)).toEqual(['connect']);
  });

  it('is ended by its agent', async () => {
    const { dialled, phone, voice } = await talk();
    voice.say({ type: 'hangup' });
    await phone.waitFor('closed', 5_000);
    expect(endingOf(await dialler.ended(dialled))).toBe('completed/agent_hangup/agent');
    expect(dialler.graphActions(dialled)).toEqual(['connect', 'terminate']);
    expect(phone.endedBy).toBe('business');
  });

  it('is ended by the API, and its record tells who was called, by what name, when and for how long', async () => {
    const data = 'order-4711';
    const user = await dialler.friend({ afterMs: 100 });
    const dialled = await dialler.dial(user, { biz_opaque_callback_data: data, context: { order: '4711' } });
    const phone = await dialler.phoneOf(dialled);
    const voice = await agent.connectionOf(phone.callId);
    expect(voice.messages[0]).toMatchObject({ parameters: { order: '4711' } });
    await phone.waitFor('heard', 5_000);
    await new Promise((wake) => setTimeout(wake, 1_100));
    expect(await dialler.hangUp(dialled)).toMatchObject({ status: 202, body: { data: { id: dialled.id } } });
    expect(await voice.hear('end')).toMatchObject({ reason: 'api_hangup' });
    await phone.waitFor('closed', 5_000);
    await dialler.heardOut();
    await dialler.reached(dialled, 'terminate_received');

    const record = await dialler.ended(dialled);
    expect(endingOf(record)).toBe('completed/api_hangup/api');
    expect(record).toMatchObject({
      id: dialled.id,
      call_id: phone.callId,
      direction: 'outbound',
      status: 'completed',
      user_wa_id: user,
      biz_opaque_callback_data: data,
      waiting: null,
    });
    const [placedAt, pickedUpAt, hungUpAt] = [
      momentOf(phone, 'placed'),
      momentOf(phone, 'accepted'),
      momentOf(phone, 'ended'),
    ];
    // Meta's word, in seconds of the clock and not of the call.
    const durationSeconds = record.duration_seconds ?? Number.NaN;
    expect(lineOf(record, 'terminate_received')).toMatchObject({ answered: true, durationSeconds });
    expect(durationSeconds).toBeGreaterThanOrEqual(1);
    expect(Math.abs(durationSeconds - (hungUpAt - pickedUpAt) / 1_000)).toBeLessThan(1 + CLOCKS_MS / 1_000);
    const { started_at, session_started_at, ended_at } = record as unknown as Record<string, string>;
    const [began, connected, ended] = [started_at, session_started_at, ended_at].map((time) => Date.parse(time ?? ''));
    expect([began, placedAt, pickedUpAt, ended, hungUpAt]).toSatisfy(inOrder);
    expect(began).toBeLessThanOrEqual(connected ?? Number.NaN);
    // The pickup is Meta's word, in whole seconds.
    expect([pickedUpAt - 1_000, connected, pickedUpAt]).toSatisfy(inOrder);
    const [connect] = dialler.graphRequests(user);
    // Meta is given our own data; the client's stays in the record.
    expect(connect?.body).toMatchObject({ to: user, biz_opaque_callback_data: `talkwire:${dialled.id}` });
    expect(connect?.warnings).toEqual([]);
  });

  it('is found in the call log by its direction, under both of its ids', async () => {
    const { dialled, phone } = await talk();
    phone.hangUp();
    await dialler.ended(dialled);
    const { body } = await dialler.graphGet('calls?direction=outbound&limit=1');
    expect((body as { data: unknown[] }).data).toEqual([
      expect.objectContaining({ id: dialled.id, call_id: phone.callId, direction: 'outbound', status: 'completed' }),
    ]);
    expect(await bridge.recordOf(phone)).toMatchObject({ id: dialled.id });
  });

  it('carries keys both ways', async () => {
    const { phone, voice } = await talk();
    phone.press('42#');
    const keys = [await voice.hear('dtmf'), await voice.hear('dtmf'), await voice.hear('dtmf')];
    expect(keys.map(({ digit }) => digit).join('')).toBe('42#');
    voice.say({ type: 'dtmf', digits: '19' });
    await new Promise((wake) => setTimeout(wake, 900));
    phone.hangUp();
    await phone.waitFor('closed', 5_000);
    expect((await phone.report()).phone?.dtmfHeard).toBe('19');
  });

  /** The first 100 ms of the greeting came whole, and nothing before the pickup. */
  async function expectGreeted(phone: SimulatedCall): Promise<void> {
    const report = (await phone.report()).phone;
    if (report === null) throw new Error('another handset was used');
    expect(report.mediaBeforeAccept).toBe(0);
    expect(report.packetsLost).toBe(0);
    expect(report.firstMediaMs).toBeLessThan(250);
    expect(correlate(GREETING, report.heard, RATE).waveform).toBeGreaterThan(0.8);
    for (const { match, gainDb } of firstWords(GREETING, report.heard, 100)) {
      expect(match).toBeGreaterThan(0.75);
      expect(Math.abs(gainDb)).toBeLessThan(2.5);
    }
  }
});

/** When the phone came so far, Unix milliseconds. */
function momentOf({ timeline }: SimulatedCall, type: string): number {
  return timeline.find((entry) => entry.type === type)?.at ?? Number.NaN;
}

/** As far as clocks agree; a time that is not known is in no order. */
function inOrder(times: readonly (number | undefined)[]): boolean {
  return times.every((time, index) => Number(times[index - 1] ?? time) < Number(time) + CLOCKS_MS);
}

function lineOf({ timeline }: CallDetail, type: string): unknown {
  return timeline.find((line) => line.type === type)?.data;
}

/** The first `ms` of what an agent has heard. */
async function soundOf(voice: RawAgentConnection, ms: number): Promise<Int16Array> {
  const frames: Buffer[] = [];
  while (frames.length < ms / 20) frames.push(await voice.hearSound());
  const bytes = Uint8Array.from(Buffer.concat(frames));
  return new Int16Array(bytes.buffer);
}
