import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bridge, startBridge } from '../../support/bridge.ts';
import { type Dialled, Dialler, storyOf } from '../../support/dialler.ts';
import { RawAgent } from '../../support/raw-agent.ts';
import { endingOf } from '../../support/switchboard.ts';

const META_RINGS_MS = 3_000;
const WE_RING_MS = 1_500;

describe.concurrent('A call that we place comes to nothing', () => {
  let agent: RawAgent;
  let patient: Bridge;
  let impatient: Bridge;
  let dialler: Dialler;
  beforeAll(async () => {
    agent = await RawAgent.start();
    patient = await startBridge({ agentUrl: agent.url, whatsapp: { ringTimeoutMs: META_RINGS_MS } });
    impatient = await startBridge({ agentUrl: agent.url, dialRules: { ringTimeoutMs: WE_RING_MS } });
    dialler = new Dialler(patient);
  });
  afterAll(async () => {
    await Promise.all([patient.close(), impatient.close()]);
    await agent.stop();
  });

  /** Nothing was heard on either side, and its agent was told why it never spoke. */
  async function expectMute(dialled: Dialled, by: Dialler = dialler): Promise<void> {
    const phone = await by.phoneOf(dialled);
    await phone.waitFor('closed', 5_000);
    expect((await phone.report()).phone).toMatchObject({ packetsReceived: 0, packetsSent: 0 });
    const [voice] = agent.connectionsOf(phone.callId);
    await voice?.closed;
    expect(voice?.messages.map(({ type }) => type)).toEqual(['start', 'end']);
    expect(voice?.soundsWaiting).toBe(0);
  }

  it('when the user declines', async () => {
    const dialled = await dialler.dialFriend({ reply: 'reject', afterMs: 500 });
    const record = await dialler.ended(dialled);
    expect(endingOf(record)).toBe('missed/declined/user');
    expect(record).toMatchObject({ status: 'completed', duration_seconds: null, session_started_at: null });
    await expectMute(dialled);
    expect(dialler.graphActions(dialled)).toEqual(['connect']);
  });

  it('when nobody answers until WhatsApp gives up', async () => {
    const dialled = await dialler.dialFriend({ reply: 'ignore' });
    const record = await dialler.ended(dialled);
    expect(endingOf(record)).toBe('missed/unanswered/user');
    expect(record).toMatchObject({ status: 'completed', duration_seconds: null });
    await expectMute(dialled);
    expect(dialler.graphActions(dialled)).toEqual(['connect']);
  });

  it('when nobody answers for as long as the number lets it ring', async () => {
    const impatiently = new Dialler(impatient);
    const dialled = await impatiently.dialFriend({ reply: 'ignore' });
    const record = await impatiently.ended(dialled);
    expect(endingOf(record)).toBe('missed/unanswered/bridge');
    const at = (type: string) => Date.parse(record.timeline.find((line) => line.type === type)?.at ?? '');
    const rangMs = at('ring_timed_out') - at('named');
    expect(rangMs).toBeGreaterThanOrEqual(WE_RING_MS);
    expect(rangMs).toBeLessThan(WE_RING_MS + 500);
    await expectMute(dialled, impatiently);
    expect(impatiently.graphActions(dialled)).toEqual(['connect', 'terminate']);
  });

  it('when the user answers and hangs up at once', async () => {
    const dialled = await dialler.dialFriend({ hangUpAfterMs: 0 });
    const record = await dialler.ended(dialled);
    expect(endingOf(record)).toBe('completed/user_hangup/user');
    expect(record).toMatchObject({ duration_seconds: expect.any(Number), session_started_at: expect.any(String) });
    expect(dialler.graphActions(dialled)).toEqual(['connect']);
  });

  it('when the phone answers and is never reached', async () => {
    const dialled = await dialler.dialFriend({ faults: [{ type: 'ice.never' }], hangUpAfterMs: 500 });
    const record = await dialler.ended(dialled);
    expect(endingOf(record)).toBe('completed/user_hangup/user');
    expect(storyOf(record)).not.toContain('media_connected');
    expect(record.duration_seconds).not.toBeNull();
  });

  it('when the user cannot be called at all (138001)', async () => {
    const before = await dialler.dialFriend({ hangUpAfterMs: 0 });
    await dialler.ended(before);
    patient.whatsapp.answerCalls(before.user, { reply: 'unreachable' });
    const dialled = await dialler.dial(before.user);
    const record = await dialler.ended(dialled);
    expect(endingOf(record)).toBe('failed/connect_refused/meta');
    expect(record).toMatchObject({ call_id: null, ending: { detail: '138001' } });
    expect(dialler.graphActions(dialled)).toEqual(['connect', 'connect refused']);
  });

  it('when the API cancels it while the phone rings', async () => {
    const dialled = await dialler.dialFriend({ reply: 'ignore' });
    await dialler.reached(dialled, 'ringing');
    expect((await dialler.hangUp(dialled)).status).toBe(202);
    expect(endingOf(await dialler.ended(dialled))).toBe('missed/cancelled/api');
    await expectMute(dialled);
    expect(dialler.graphActions(dialled)).toEqual(['connect', 'terminate']);
    expect((await dialler.phoneOf(dialled)).endedBy).toBe('business');
  });

  it('when the API cancels it while Graph is still asked: it is ended as soon as it has a name', async () => {
    const slow = { type: 'graph.delay', action: 'connect', delayMs: 700 } as const;
    const dialled = await dialler.dialFriend({ faults: [slow], reply: 'ignore' });
    await dialler.reached(dialled, 'connect_sent');
    expect((await dialler.hangUp(dialled)).status).toBe(202);
    const phone = await dialler.phoneOf(dialled);
    await phone.waitFor('closed', 5_000);
    expect(endingOf(await dialler.ended(dialled))).toBe('missed/cancelled/api');
    expect(dialler.graphActions(dialled)).toEqual(['connect', 'terminate']);
    expect(agent.connectionsOf(phone.callId)).toEqual([]);
  });

  it('when the API cancels it while it is not known whether Graph has it', async () => {
    const lost = { type: 'graph.timeout', action: 'connect', performed: true, reset: true } as const;
    const late = { type: 'webhook.delay', event: 'connect', delayMs: 1_000 } as const;
    const dialled = await dialler.dialFriend({ faults: [lost, late], answerAfterMs: 600, reply: 'ignore' });
    await dialler.reached(dialled, 'graph_failed');
    expect((await dialler.hangUp(dialled)).status).toBe(202);
    const phone = await dialler.phoneOf(dialled);
    await phone.waitFor('closed', 5_000);
    expect(endingOf(await dialler.ended(dialled))).toBe('missed/cancelled/api');
    expect(dialler.graphActions(dialled)).toEqual(['connect unanswered', 'terminate']);
  });

  it('and is cancelled twice without harm', async () => {
    const dialled = await dialler.dialFriend({ reply: 'ignore' });
    await dialler.reached(dialled, 'ringing');
    const replies = await Promise.all([dialler.hangUp(dialled), dialler.hangUp(dialled)]);
    expect(replies.map(({ status }) => status)).toEqual([202, 202]);
    await dialler.ended(dialled);
    expect((await dialler.hangUp(dialled)).status).toBe(202);
    expect(dialler.graphActions(dialled)).toEqual(['connect', 'terminate']);
  });
});
