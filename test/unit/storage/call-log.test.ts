import { describe, expect, it } from 'vitest';
import { DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import { openDatabase } from '../../../src/storage/index.ts';
import { agentTarget, quality, T0 } from '../../support/call.ts';
import { callIdentity } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';

const DAY = 24 * 3_600_000;
const ENDING = { class: 'completed', reason: 'user_hangup', endedBy: 'user', detail: null } as const;

describe.each(DATABASES)('call log ($name)', ({ fresh }) => {
  it('keeps one record per call in the shape of Kapso, found by either id', async () => {
    const { calls } = await openTestDatabase(await fresh());
    const call = callIdentity();
    await calls.create(call, 'ringing', T0 + 20, agentTarget());
    await calls.update(call.id, { status: 'answered', sessionStartedAt: T0 + 900 }, T0 + 900);
    await calls.update(
      call.id,
      { status: 'completed', endedAt: T0 + 61_000, durationSeconds: 60, ending: ENDING, quality: quality() },
      T0 + 61_100,
    );
    const detail = await calls.find(DEFAULT_PROJECT_ID, call.id);
    expect(await calls.find(DEFAULT_PROJECT_ID, call.callId)).toEqual(detail);
    expect(detail).toEqual({
      id: call.id,
      call_id: call.callId,
      direction: 'inbound',
      status: 'completed',
      duration_seconds: 60,
      started_at: new Date(T0).toISOString(),
      ended_at: new Date(T0 + 61_000).toISOString(),
      session_started_at: new Date(T0 + 900).toISOString(),
      created_at: new Date(T0 + 20).toISOString(),
      updated_at: new Date(T0 + 61_100).toISOString(),
      user_wa_id: '15550100001',
      whatsapp_contact_id: expect.any(String),
      whatsapp_conversation_id: expect.any(String),
      project_id: DEFAULT_PROJECT_ID,
      whatsapp_config_id: call.phoneNumberId,
      config_display_name: null,
      config_display_phone_number: '+1 555-010-0000',
      voice_agent_id: 'agent-1',
      voice_agent_name: 'Echo',
      phone_number_id: call.phoneNumberId,
      voice_agent: { id: 'agent-1', name: 'Echo' },
      whatsapp_contact: { id: expect.any(String), wa_id: '15550100001', profile_name: 'Ada', display_name: 'Ada' },
      whatsapp_conversation: {
        id: expect.any(String),
        phone_number: '15550100001',
        status: 'active',
        last_active_at: expect.any(String),
      },
      user: { wa_id: '15550100001', user_id: null, parent_user_id: null, name: 'Ada' },
      cta_payload: null,
      deeplink_payload: null,
      biz_opaque_callback_data: null,
      ending: { class: 'completed', reason: 'user_hangup', ended_by: 'user', detail: null },
      quality: expect.objectContaining({ packets_received: 500, rtt_ms: 40, frames_recovered_by_fec: 1 }),
      waiting: null,
    });
    expect(await calls.find(DEFAULT_PROJECT_ID, 'wacid.unknown')).toBeNull();
  });

  it('knows a user without a phone number', async () => {
    const { calls } = await openTestDatabase(await fresh());
    const call = callIdentity({ user: { waId: null, userId: 'US.134912345', parentUserId: 'US.ENT.77', name: null } });
    await calls.create(call, 'ringing', T0, null);
    const detail = await calls.find(DEFAULT_PROJECT_ID, call.id);
    expect(detail).toMatchObject({
      user_wa_id: null,
      whatsapp_contact: { wa_id: null, profile_name: null },
      whatsapp_conversation: { phone_number: null },
      voice_agent: null,
      quality: null,
    });
    expect(detail?.user).toEqual({ wa_id: null, user_id: 'US.134912345', parent_user_id: 'US.ENT.77', name: null });
  });

  it('changes only what a patch names', async () => {
    const { calls } = await openTestDatabase(await fresh());
    const call = callIdentity();
    await calls.create(call, 'ringing', T0, null);
    await calls.update(call.id, { durationSeconds: 5, quality: quality() }, T0 + 1);
    await calls.update(call.id, {}, T0 + 2);
    await calls.update(call.id, { durationSeconds: null, quality: null }, T0 + 3);
    expect(await calls.find(DEFAULT_PROJECT_ID, call.id)).toMatchObject({
      status: 'ringing',
      duration_seconds: null,
      quality: null,
      ending: null,
    });
  });

  it('tells the timeline in the order in which things happened', async () => {
    const { calls } = await openTestDatabase(await fresh());
    const call = callIdentity();
    await calls.create(call, 'ringing', T0, null);
    await Promise.all([
      calls.append(call.id, { at: T0 + 5, type: 'agent.ready', data: { connectMs: 5 } }),
      calls.append(call.id, { at: T0, type: 'offered', data: {} }),
      calls.append(call.id, { at: T0 + 5, type: 'accepted', data: { code: null, late: false } }),
    ]);
    const timeline = await calls.timeline(call.callId);
    expect(timeline.map((line) => line.type)).toEqual(['offered', 'agent.ready', 'accepted']);
    expect(timeline[1]).toEqual({ at: new Date(T0 + 5).toISOString(), type: 'agent.ready', data: { connectMs: 5 } });
    expect(await calls.timeline(call.id)).toEqual(timeline);
    expect(await calls.timeline('unknown')).toEqual([]);
  });

  it('knows every call it has a record of, and refuses a second record', async () => {
    const { calls } = await openTestDatabase(await fresh());
    const call = callIdentity();
    expect(await calls.keyOf(call.callId)).toBeNull();
    await calls.create(call, 'ringing', T0, null);
    await expect(calls.create({ ...callIdentity(), callId: call.callId }, 'ringing', T0, null)).rejects.toThrow(
      /unique/i,
    );
    await calls.update(call.id, { ending: ENDING }, T0);
    expect(await calls.keyOf(call.callId)).toBe(call.id);
  });

  it('gives the calls that were live when the process died, as they were', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const live = callIdentity({
      ctaPayload: 'cta',
      deeplinkPayload: 'link',
      bizOpaqueCallbackData: 'data',
      direction: 'outbound',
    });
    const over = callIdentity();
    await first.calls.create(live, 'answered', T0, agentTarget());
    await first.calls.create(over, 'ringing', T0, null);
    await first.calls.update(over.id, { ending: ENDING }, T0);
    await first.close();
    const { calls } = await openTestDatabase(place);
    expect(await calls.unfinished()).toEqual([{ identity: live, answered: false, launched: false, followed: false }]);
  });

  it('knows who speaks now, and which calls a runtime has', async () => {
    const { calls } = await openTestDatabase(await fresh());
    const call = callIdentity();
    await calls.create(call, 'ringing', T0, { id: 'agent-1', name: 'First' });
    await calls.update(call.id, { agent: { id: 'agent-2', name: 'Second' }, launched: true }, T0 + 1);
    await calls.update(call.id, { status: 'answered', sessionStartedAt: T0 + 2 }, T0 + 2);
    expect(await calls.find(DEFAULT_PROJECT_ID, call.id)).toMatchObject({
      voice_agent_id: 'agent-2',
      voice_agent_name: 'Second',
      voice_agent: { id: 'agent-2', name: 'Second' },
    });
    expect(await calls.unfinished()).toEqual([{ identity: call, answered: true, launched: true, followed: false }]);
  });

  it("gives Meta's id of a dial as soon as Meta has told it", async () => {
    const { calls } = await openTestDatabase(await fresh());
    const call = callIdentity({ direction: 'outbound' });
    const unnamed = { ...call, callId: call.id };
    await calls.create(unnamed, 'initiated', T0, null);
    expect(await calls.find(DEFAULT_PROJECT_ID, call.id)).toMatchObject({ id: call.id, call_id: null });
    expect(await calls.recorded(call.id)).toEqual({ identity: unnamed, over: false });
    await calls.update(call.id, { callId: call.callId }, T0 + 1);
    expect(await calls.find(DEFAULT_PROJECT_ID, call.callId)).toMatchObject({ id: call.id, call_id: call.callId });
    expect(await calls.keyOf(call.callId)).toBe(call.id);
    await calls.update(call.id, { ending: ENDING }, T0 + 2);
    expect(await calls.recorded(call.id)).toEqual({ identity: call, over: true });
    expect(await calls.recorded('unknown')).toBeNull();
  });

  it("leaves a name of Meta's with the record that had it first, and writes what else is said of the second", async () => {
    const { calls, permissions } = await openTestDatabase(await fresh());
    const first = callIdentity({ direction: 'outbound' });
    const second = { ...callIdentity({ direction: 'outbound' }), id: 'dial.2', callId: 'dial.2' };
    await calls.create(first, 'initiated', T0, null);
    await calls.create(second, 'initiated', T0, null);
    await calls.update(second.id, { callId: first.callId, status: 'ringing' }, T0 + 1);
    expect(await calls.find(DEFAULT_PROJECT_ID, second.id)).toMatchObject({ call_id: null, status: 'ringing' });
    await permissions.named(second.id, first.callId, T0 + 2);
    expect(await calls.find(DEFAULT_PROJECT_ID, second.id)).toMatchObject({ call_id: null });
    expect(await calls.keyOf(first.callId)).toBe(first.id);
    // Its own name, told again, and one that is free.
    await calls.update(first.id, { callId: first.callId }, T0 + 3);
    await permissions.named(second.id, 'wacid.second', T0 + 3);
    expect(await calls.keyOf(first.callId)).toBe(first.id);
    expect(await calls.keyOf('wacid.second')).toBe(second.id);
  });

  it('keeps the first word on when a call was picked up', async () => {
    const { calls } = await openTestDatabase(await fresh());
    const call = callIdentity();
    await calls.create(call, 'ringing', T0, null);
    await calls.update(call.id, { ending: ENDING }, T0 + 1);
    await calls.update(call.id, { sessionStartedAt: T0 + 5 }, T0 + 2);
    await calls.update(call.id, { sessionStartedAt: T0 + 9 }, T0 + 3);
    expect(await calls.find(DEFAULT_PROJECT_ID, call.id)).toMatchObject({
      session_started_at: new Date(T0 + 5).toISOString(),
    });
  });

  it('remembers a buried call for as long as its connect may still come', async () => {
    const { calls } = await openTestDatabase(await fresh());
    await calls.bury('wacid.a', T0);
    await calls.bury('wacid.a', T0 + 1);
    await calls.bury('wacid.b', T0 + 7 * DAY);
    expect(await calls.buried('wacid.a')).toBe(true);
    expect(await calls.buried('wacid.c')).toBe(false);
    await calls.bury('wacid.c', T0 + 9 * DAY);
    expect(await calls.buried('wacid.a')).toBe(false);
    expect(await calls.buried('wacid.b')).toBe(true);
  });

  it('lets a write that fails harm no other of the same moment', async () => {
    const { calls, inbox } = await openTestDatabase(await fresh());
    const call = callIdentity();
    const outcomes = await Promise.allSettled([
      calls.create(call, 'ringing', T0, null),
      calls.append('no such call', { at: T0, type: 'offered', data: {} }),
      calls.append(call.id, { at: T0, type: 'offered', data: {} }),
      inbox.store({ receivedAt: 1, source: 'meta', deliveryKey: 'a', body: Buffer.from('{}') }),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(await calls.timeline(call.id)).toHaveLength(1);
    expect(await inbox.pending(10)).toHaveLength(1);
  });
});
