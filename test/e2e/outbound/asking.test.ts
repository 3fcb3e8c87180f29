import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bridge, PHONE_NUMBER_ID, startBridge } from '../../support/bridge.ts';
import { type Dialled, Dialler } from '../../support/dialler.ts';
import { RawAgent } from '../../support/raw-agent.ts';
import { endingOf } from '../../support/switchboard.ts';

const TEMPLATE = { name: 'may_we_call', language: 'en', components: [{ type: 'body', parameters: [] }] };
const DEADLINE_MS = 1_500;

describe.concurrent('A call that waits before it is placed', () => {
  let agent: RawAgent;
  let bridge: Bridge;
  let hasty: Bridge;
  let dialler: Dialler;
  beforeAll(async () => {
    agent = await RawAgent.start();
    bridge = await startBridge({ agentUrl: agent.url });
    hasty = await startBridge({
      agentUrl: agent.url,
      dialRules: { permissionDeadlineMs: DEADLINE_MS, requestTemplate: { ...TEMPLATE, name: 'of_the_number' } },
    });
    dialler = new Dialler(bridge);
  });
  afterAll(async () => {
    await Promise.all([bridge.close(), hasty.close()]);
    await agent.stop();
  });

  /** Somebody who has just written to the number. */
  async function writer(): Promise<string> {
    const user = dialler.stranger({ afterMs: 100 });
    await bridge.whatsapp.message(user);
    await dialler.heardOut();
    return user;
  }

  /** Phone and agent are on the line with each other; the user hangs up. */
  async function talksAndEnds(dialled: Dialled): Promise<void> {
    const phone = await dialler.phoneOf(dialled);
    const voice = await agent.connectionOf(phone.callId);
    await voice.hear('answered');
    await phone.waitFor('heard', 5_000);
    phone.hangUp();
    expect(endingOf(await dialler.ended(dialled))).toBe('completed/user_hangup/user');
  }

  it('is placed by itself when the user, who was asked in the chat, accepts', async () => {
    const user = await writer();
    bridge.whatsapp.answerRequests(user, { reply: 'accept', afterMs: 600 });
    const dialled = await dialler.dial(user, { permission: 'ask' });
    const waiting = await dialler.now(dialled);
    expect(waiting).toMatchObject({
      status: 'awaiting_permission',
      call_id: null,
      waiting: { state: 'awaiting_permission', asked_at: expect.any(String), until: expect.any(String) },
    });
    const [request] = dialler.graphRequests(user);
    expect(request?.body).toEqual({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: user,
      type: 'interactive',
      interactive: { type: 'call_permission_request', action: { name: 'call_permission_request' } },
    });
    await talksAndEnds(dialled);
    expect(dialler.graphActions(dialled)).toEqual(['message', 'connect']);
    expect(await dialler.now(dialled)).toMatchObject({ waiting: null, status: 'completed' });
  });

  it('is placed by itself when the user accepts before Graph has answered the request', async () => {
    const user = await writer();
    bridge.whatsapp.answerRequests(user, { reply: 'accept_always', afterMs: 0 });
    await talksAndEnds(await dialler.dial(user, { permission: 'ask' }));
  });

  it('is given up when the user declines, and the user is not asked again the same day', async () => {
    const user = await writer();
    bridge.whatsapp.answerRequests(user, { reply: 'reject', afterMs: 200 });
    const dialled = await dialler.dial(user, { permission: 'ask' });
    const record = await dialler.ended(dialled);
    expect(endingOf(record)).toBe('rejected/permission_declined/user');
    expect(record).toMatchObject({ status: 'completed', call_id: null, duration_seconds: null });
    const again = await dialler.ask({ to: user, permission: 'ask' });
    expect(again).toMatchObject({ status: 400, body: { code: 138009, reason: 'request_limit' } });
    expect((again.body as { retry_at: string }).retry_at).toMatch(/^\d{4}-/);
    expect(again.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(dialler.graphActions(dialled)).toEqual(['message']);
  });

  it('is given up when its time is over, and what the user says after that places nothing', async () => {
    const hastily = new Dialler(hasty);
    const user = hastily.stranger();
    hasty.whatsapp.answerRequests(user, { reply: 'accept', afterMs: DEADLINE_MS + 700 });
    const dialled = await hastily.dial(user, { permission: 'ask' });
    const began = Date.now();
    expect(endingOf(await hastily.ended(dialled))).toBe('rejected/permission_expired/bridge');
    expect(Date.now() - began).toBeGreaterThan(DEADLINE_MS - 200);
    await delay(1_000);
    // Outside the window it is the number's template that asks.
    expect(hastily.graphRequests(user)[0]?.body).toMatchObject({
      to: user,
      type: 'template',
      template: { name: 'of_the_number', language: { code: 'en' }, components: TEMPLATE.components },
    });
    expect(hastily.graphActions({ user })).toEqual(['message']);
    // The permission itself holds.
    const phone = await hastily.phoneOf(await hastily.dial(user));
    phone.hangUp();
  });

  it('asks outside the window by the template that the request names', async () => {
    const user = dialler.stranger({ afterMs: 100 });
    bridge.whatsapp.answerRequests(user, { reply: 'accept', afterMs: 100 });
    const dialled = await dialler.dial(user, { permission: { template: TEMPLATE } });
    await talksAndEnds(dialled);
    expect(dialler.graphRequests(user)[0]?.body).toMatchObject({ type: 'template', template: { name: TEMPLATE.name } });
    expect(dialler.graphActions({ user })).toEqual(['message', 'connect']);
  });

  it('does not ask outside the window without a template, and says so', async () => {
    const user = dialler.stranger();
    const reply = await dialler.ask({ to: user, permission: 'ask' });
    expect(reply).toMatchObject({ status: 400, body: { code: 131047, reason: 'window_closed' } });
    expect(dialler.graphActions({ user })).toEqual([]);
  });

  it('does not ask a user who allows calls', async () => {
    const user = await dialler.friend({ afterMs: 100 });
    const dialled = await dialler.dial(user, { permission: 'ask' });
    await talksAndEnds(dialled);
    expect(dialler.graphActions(dialled)).toEqual(['connect']);
  });

  it('is cancelled by the API while it waits, and the answer that comes then places nothing', async () => {
    const user = await writer();
    bridge.whatsapp.answerRequests(user, { reply: 'accept', afterMs: 700 });
    const dialled = await dialler.dial(user, { permission: 'ask' });
    const cancelled = await dialler.hangUp(dialled);
    expect(cancelled).toMatchObject({ status: 202, body: { data: { status: 'completed' } } });
    expect(endingOf(await dialler.ended(dialled))).toBe('missed/cancelled/api');
    await delay(1_200);
    expect(dialler.graphActions(dialled)).toEqual(['message']);
  });

  it('is placed at its time when it is scheduled, and not before', async () => {
    const user = await dialler.friend({ afterMs: 100 });
    const at = Date.now() + 1_200;
    const dialled = await dialler.dial(user, { schedule: { at: new Date(at).toISOString() } });
    expect(await dialler.now(dialled)).toMatchObject({
      status: 'scheduled',
      waiting: { state: 'scheduled', next_attempt_at: new Date(at).toISOString() },
    });
    await talksAndEnds(dialled);
    const [connect] = dialler.graphRequests(user);
    expect(connect?.at).toBeGreaterThanOrEqual(at);
    expect(connect?.at).toBeLessThan(at + 1_000);
  });

  it('is asked for at its time when it is scheduled for a user who has not allowed calls', async () => {
    const user = await writer();
    bridge.whatsapp.answerRequests(user, { reply: 'accept', afterMs: 100 });
    const dialled = await dialler.dial(user, { permission: 'ask', schedule: { at: isoIn(800) } });
    expect(dialler.graphActions(dialled)).toEqual([]);
    await talksAndEnds(dialled);
    expect(dialler.graphActions(dialled)).toEqual(['message', 'connect']);
  });

  it('gives a scheduled call up whose user has taken the permission back', async () => {
    const user = await dialler.friend();
    const schedule = { at: isoIn(800), until: isoIn(1_600) };
    const dialled = await dialler.dial(user, { schedule });
    await bridge.whatsapp.revoke(user, { tell: true });
    expect(endingOf(await dialler.ended(dialled))).toBe('rejected/dial_denied/bridge');
    expect(dialler.graphActions(dialled)).toEqual([]);
  });

  describe('with quiet hours, which hold on the clock of the user', () => {
    let quiet: Bridge;
    let quietly: Dialler;
    const from = clockIn('Etc/UTC', -60);
    const to = clockIn('Etc/UTC', 60);
    beforeAll(async () => {
      quiet = await startBridge({ agentUrl: agent.url });
      quietly = new Dialler(quiet);
      const path = `/platform/v1/whatsapp/phone_numbers/${PHONE_NUMBER_ID}/dial_rules`;
      expect((await quietly.put(path, { dial_rules: { quiet_hours: { from, to } } })).status).toBe(200);
    });
    afterAll(() => quiet.close());

    const scheduled = (zone: string, more: object = {}) => ({
      user_time_zone: zone,
      schedule: { at: isoIn(500), ...more },
    });

    it('is placed when it is not quiet there', async () => {
      const user = await quietly.friend({ afterMs: 50, hangUpAfterMs: 50 });
      const dialled = await quietly.dial(user, scheduled('Asia/Tokyo'));
      expect(endingOf(await quietly.ended(dialled))).toBe('completed/user_hangup/user');
    });

    it('waits for their end when it is quiet there, and can be cancelled', async () => {
      const user = await quietly.friend();
      const until = isoIn(24 * 3_600_000);
      const dialled = await quietly.dial(user, scheduled('Etc/UTC', { until }));
      await delay(1_000);
      const { status, waiting } = await quietly.now(dialled);
      expect({ status, waiting }).toMatchObject({ status: 'scheduled', waiting: { state: 'quiet_hours', until } });
      expect(waiting?.['next_attempt_at']?.slice(11, 16)).toBe(to);
      expect((await quietly.hangUp(dialled)).status).toBe(202);
      expect(endingOf(await quietly.now(dialled))).toBe('missed/cancelled/api');
      expect(quietly.graphActions(dialled)).toEqual([]);
    });

    it('is given up when they outlast its patience', async () => {
      const user = await quietly.friend();
      const dialled = await quietly.dial(user, scheduled('Etc/UTC', { until: isoIn(600_000) }));
      expect(endingOf(await quietly.ended(dialled))).toBe('rejected/dial_denied/bridge');
      expect(quietly.graphActions(dialled)).toEqual([]);
    });

    it('is placed at once when nobody had it wait', async () => {
      const user = await quietly.friend({ afterMs: 50, hangUpAfterMs: 50 });
      const dialled = await quietly.dial(user, { user_time_zone: 'Etc/UTC' });
      expect(endingOf(await quietly.ended(dialled))).toBe('completed/user_hangup/user');
    });

    it('waits when the user accepts in the quiet', async () => {
      const user = quietly.stranger();
      await quiet.whatsapp.message(user);
      await quietly.heardOut();
      quiet.whatsapp.answerRequests(user, { reply: 'accept', afterMs: 100 });
      const dialled = await quietly.dial(user, { permission: 'ask', user_time_zone: 'Etc/UTC' });
      await delay(800);
      expect(await quietly.now(dialled)).toMatchObject({ waiting: { state: 'quiet_hours' }, ending: null });
      expect(quietly.graphActions(dialled)).toEqual(['message']);
      await quietly.hangUp(dialled);
    });
  });
});

function isoIn(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

/** HH:MM, some minutes from now. */
function clockIn(timeZone: string, minutes: number): string {
  const options = { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  return new Date(Date.now() + minutes * 60_000).toLocaleTimeString('en-GB', options);
}
