import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { CallIdentity } from '../../../src/call/index.ts';
import { callDetailAnswer, callRecordAnswer, timelineAnswer } from '../../../src/calls-api/base/call-answer.ts';
import { pageSchema } from '../../../src/calls-api/base/paging.ts';
import { getAsClient, testApi } from '../../support/api-server.ts';
import { agentTarget, quality, T0 } from '../../support/call.ts';
import { callIdentity } from '../../support/call-identity.ts';

const LIST = '/platform/v1/whatsapp/calls';
const OLDER = '/api/v1/whatsapp_calls';
const DAY = 24 * 3_600_000;

async function apiWithCalls(differences: readonly Partial<CallIdentity>[], now = T0) {
  const api = await testApi({ clock: { now: () => now } });
  const made = differences.map((each, index) => callIdentity({ startedAt: T0 + index, ...each }));
  for (const call of made) await api.database.calls.create(call, 'ringing', call.startedAt, agentTarget());
  const idsOf = async (url: string) => {
    const { status, body } = await getAsClient(api.server, url);
    expect(status).toBe(200);
    return body.data.map(({ id }: { id: string }) => id);
  };
  return { ...api, made, idsOf, get: (url: string) => getAsClient(api.server, url) };
}

const some = (count: number) => Array.from({ length: count }, () => ({}));
const rule = (text: string) => ({ status: 400, body: { error: text } });

describe.each([LIST, OLDER])('list of all calls (%s)', (path) => {
  it('has page numbers, newest first, and says how many there are', async () => {
    const { get, made } = await apiWithCalls(some(5));
    const ids = made.map(({ id }) => id).reverse();
    const { body } = await get(`${path}?page=2&per_page=2`);
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(2, 4));
    expect(body.meta).toEqual({ page: 2, per_page: 2, total_pages: 3, total_count: 5, total_is_minimum: false });
    expect((await get(`${path}?page=4&per_page=2`)).body).toMatchObject({
      data: [],
      meta: { page: 4, total_count: 5 },
    });
    expect((await get(path)).body.meta).toMatchObject({ page: 1, per_page: 20, total_pages: 1 });
  });

  it('is gone on from by the cursors of any page, without numbers', async () => {
    const { get, idsOf, made } = await apiWithCalls(some(5));
    const ids = made.map(({ id }) => id).reverse();
    const { body } = await get(`${path}?page=2&per_page=2&direction=INBOUND`);
    expect(await idsOf(body.paging.next)).toEqual(ids.slice(4));
    expect(await idsOf(body.paging.previous)).toEqual(ids.slice(0, 2));
    expect(new URL(body.paging.next).searchParams.get('direction')).toBe('INBOUND');
    expect((await get(body.paging.next)).body.meta).toBeUndefined();
    expect((await get(`${path}?page=1&per_page=2`)).body.paging.previous).toBeNull();
    expect((await get(`${path}?page=3&per_page=2`)).body.paging.next).toBeNull();
  });

  it('refuses a page deeper than calls are numbered, and says what to do instead', async () => {
    const { get } = await apiWithCalls([]);
    expect((await get(`${path}?page=100&per_page=100`)).status).toBe(200);
    expect(await get(`${path}?page=101&per_page=100`)).toMatchObject(
      rule(
        'page must end within the newest 10000 calls; what is older is reached by after, with paging.cursors.after of any page',
      ),
    );
    expect(await get(`${path}?page=2&limit=5`)).toMatchObject(
      rule('page cannot be given together with after, before or limit'),
    );
    expect(await get(`${path}?per_page=101`)).toMatchObject(rule('per_page must be a whole number from 1 to 100'));
    expect((await get(`${path}?after=nonsense`)).status).toBe(400);
  });

  it('holds each filter', async () => {
    const another = { waId: '15550100002', userId: null, parentUserId: null, name: null };
    const bsuid = { waId: null, userId: 'US.134912345', parentUserId: null, name: null };
    const { idsOf, made } = await apiWithCalls([
      {},
      { phoneNumberId: '1065002', direction: 'outbound' },
      { user: another },
      { user: bsuid },
    ]);
    const [first, outbound, second, third] = made.map(({ id }) => id);
    expect(await idsOf(`${path}?direction=outbound`)).toEqual([outbound]);
    expect(await idsOf(`${path}?status=RINGING&phone_number_id=1065002`)).toEqual([outbound]);
    expect(await idsOf(`${path}?whatsapp_config_id=1065002`)).toEqual([outbound]);
    expect(await idsOf(`${path}?status=failed`)).toEqual([]);
    expect(await idsOf(`${path}?voice_agent_id=agent-1&direction=inbound`)).toEqual([third, second, first]);
    expect(await idsOf(`${path}?voice_agent_id=nobody`)).toEqual([]);
    expect(await idsOf(`${path}?user=%2B1%20555-010-0002`)).toEqual([second]);
    expect(await idsOf(`${path}?user=US.134912345`)).toEqual([third]);
    expect(await idsOf(`${path}?user=15550100001`)).toEqual([outbound, first]);
  });

  it('knows today, this week, this month and a span of days, in UTC', async () => {
    // A Wednesday.
    const now = Date.parse('2026-04-15T13:00:00Z');
    const days = ['2026-04-15T00:00:00Z', '2026-04-14T23:59:59Z', '2026-04-13T00:00:00Z', '2026-04-12T23:59:59Z'];
    const calls = [...days, '2026-04-01T00:00:00Z', '2026-03-31T23:59:59Z'].map((day) => ({
      startedAt: Date.parse(day),
    }));
    const { idsOf, made, get } = await apiWithCalls(calls.reverse(), now);
    const ids = made.map(({ id }) => id).reverse();
    expect(await idsOf(`${path}?period=today`)).toEqual(ids.slice(0, 1));
    expect(await idsOf(`${path}?period=week`)).toEqual(ids.slice(0, 3));
    expect(await idsOf(`${path}?period=MONTH`)).toEqual(ids.slice(0, 5));
    expect(await idsOf(`${path}?period=custom&start_date=2026-04-12&end_date=2026-04-14`)).toEqual(ids.slice(1, 4));
    expect(await idsOf(`${path}?end_date=2026-04-12`)).toEqual(ids.slice(3));
    expect(await get(`${path}?period=today&start_date=2026-04-12`)).toMatchObject(
      rule('start_date and end_date need period to be custom'),
    );
    expect(await get(`${path}?period=year`)).toMatchObject(rule('period must be one of today, week, month, custom'));
    expect(await get(`${path}?user=somebody`)).toMatchObject({ status: 400 });
  });

  it('answers what its description says', async () => {
    const { get } = await apiWithCalls([
      {},
      { direction: 'outbound', user: { waId: null, userId: null, parentUserId: null, name: null } },
    ]);
    const { body } = await get(`${path}?limit=1`);
    expect(pageSchema(callRecordAnswer).parse(body).data).toHaveLength(1);
  });
});

describe.each([LIST, OLDER])('one call (%s/…)', (path) => {
  it('has its agents, its ending, its quality and what WhatsApp recorded of it', async () => {
    const { get, made, database } = await apiWithCalls([{}], T0 + 2 * DAY);
    const call = made[0]!;
    const { calls, artifacts } = database;
    const lines = [
      { type: 'agent_connecting', data: { agent: 'Echo', seat: 0 } },
      { type: 'agent_ready', data: { agent: 'Echo', seat: 0, connectMs: 5 } },
      { type: 'agent_started', data: {} },
      { type: 'agent_spoke', data: { seat: 0 } },
      { type: 'ended', data: { class: 'completed', reason: 'user_hangup', endedBy: 'user', detail: null } },
    ];
    for (const [second, line] of lines.entries()) await calls.append(call.id, { at: T0 + second * 1_000, ...line });
    await calls.update(call.id, { quality: quality() }, T0 + 5_000);
    const recording = {
      kind: 'recording',
      phoneNumberId: call.phoneNumberId,
      callId: call.callId,
      mediaId: '1112223334',
      sha256: 'c2hhMjU2',
      mimeType: 'audio/ogg; codecs=opus',
      at: T0 + 60_000,
    } as const;
    await artifacts.handle(recording);
    // A repeated webhook does not make Meta keep it longer.
    await artifacts.handle({ ...recording, at: T0 + DAY });
    const { status, body } = await get(`${path}/${call.id}`);
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      id: call.id,
      quality: { packets_received: 500 },
      agents: [
        {
          name: 'Echo',
          seat: 0,
          from: new Date(T0 + 2_000).toISOString(),
          to: new Date(T0 + 4_000).toISOString(),
          spoke: true,
          why: 'user_hangup',
        },
      ],
      artifacts: {
        recording: {
          state: 'available',
          media_id: '1112223334',
          mime_type: 'audio/ogg; codecs=opus',
          sha256: 'c2hhMjU2',
          received_at: new Date(T0 + 60_000).toISOString(),
          expires_at: new Date(T0 + 60_000 + 7 * DAY).toISOString(),
        },
        transcription: { state: 'absent', media_id: null, received_at: null, expires_at: null },
      },
    });
    expect(body.data.timeline).toHaveLength(6);
    const shape = z.looseObject({ ...callDetailAnswer.shape, timeline: timelineAnswer });
    expect(shape.safeParse(body.data).error).toBeUndefined();
    expect((await get(`${path}/${call.callId}`)).body).toEqual(body);
  });

  it('tells that a recording is not kept any more', async () => {
    const { get, made, database } = await apiWithCalls([{}], T0 + 8 * DAY);
    const { phoneNumberId, callId, id } = made[0]!;
    const file = { phoneNumberId, callId, mediaId: '1', sha256: null, mimeType: null };
    await database.artifacts.handle({ ...file, kind: 'recording', at: T0 });
    await database.artifacts.handle({ ...file, kind: 'transcript', at: T0 + 2 * DAY });
    const { artifacts } = (await get(`${path}/${id}`)).body.data;
    expect(artifacts).toMatchObject({
      recording: { state: 'expired' },
      transcription: { state: 'available', media_id: '1' },
    });
  });

  it('that is not there is a plain 404', async () => {
    const { get } = await apiWithCalls([]);
    expect(await get(`${path}/unknown`)).toMatchObject({ status: 404, body: { error: 'Call not found' } });
  });
});
