import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DialRequest } from '../../../src/permissions/index.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { CALLS, dialApi, dialBody } from '../../support/dial-api.ts';
import { allow, dialOrder } from '../../support/dial-order.ts';
import { nameOf } from '../../support/pretended-calls.ts';

const KEY = { 'idempotency-key': 'order-12853' };
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('a request with an Idempotency-Key', () => {
  it('that is repeated is answered with the first call, as it is by now', async () => {
    const api = await dialApi();
    await api.grant();
    const first = await api.post(CALLS, dialBody(), KEY);
    await api.calls.end(first.body.data, { class: 'missed', reason: 'declined', endedBy: 'user', detail: null });
    const second = await api.post(CALLS, dialBody(), KEY);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.headers['location']).toBe(first.headers['location']);
    expect(second.body.data).toMatchObject({ id: first.body.data.id, ending: { reason: 'declined' } });
    expect(api.calls.placed).toHaveLength(1);
  });

  it('that is repeated with another body is a conflict', async () => {
    const api = await dialApi();
    await api.grant();
    await api.post(CALLS, dialBody(), KEY);
    const { status, body } = await api.post(CALLS, dialBody({ ring_timeout_seconds: 20 }), KEY);
    expect([status, body.reason]).toEqual([409, 'idempotency_key_reused']);
    expect(api.calls.placed).toHaveLength(1);
  });

  it('that was refused may be sent again with the same key', async () => {
    const api = await dialApi();
    expect((await api.post(CALLS, dialBody(), KEY)).status).toBe(401);
    await api.grant();
    expect((await api.post(CALLS, dialBody(), KEY)).status).toBe(202);
    expect(api.calls.placed).toHaveLength(1);
  });

  it('that could not be read leaves its key free', async () => {
    const api = await dialApi();
    await api.grant();
    expect((await api.post(CALLS, dialBody({ to: 'ada' }), KEY)).status).toBe(422);
    expect((await api.post(CALLS, dialBody(), KEY)).status).toBe(202);
  });

  it('makes one call however often it is sent at once', async () => {
    const api = await dialApi();
    await api.grant();
    const answers = await Promise.all(Array.from({ length: 50 }, () => api.post(CALLS, dialBody(), KEY)));
    expect(api.calls.placed).toHaveLength(1);
    const id = api.calls.placed[0]!.id;
    const taken = answers.filter(({ status }) => status === 202);
    expect(taken.length).toBeGreaterThan(0);
    for (const { body } of taken) expect(body.data.id).toBe(id);
    for (const { status, body, headers } of answers.filter(({ status }) => status !== 202)) {
      expect([status, body.reason, headers['retry-after']]).toEqual([409, 'idempotency_key_busy', '1']);
    }
    expect((await api.post(CALLS, dialBody(), KEY)).body.data.id).toBe(id);
  });

  it('makes a new call after 24 hours', async () => {
    const api = await dialApi();
    await api.grant();
    const first = await api.post(CALLS, dialBody(), KEY);
    await api.calls.end(first.body.data, { class: 'missed', reason: 'unanswered', endedBy: 'user', detail: null });
    await api.clock.advance(DAY - 1);
    expect((await api.post(CALLS, dialBody(), KEY)).body.data.id).toBe(first.body.data.id);
    await api.clock.advance(1);
    const second = await api.post(CALLS, dialBody(), KEY);
    expect(second.status).toBe(202);
    expect(second.body.data.id).not.toBe(first.body.data.id);
  });

  it('whose first one died before its call was written takes its place after a minute, under the same id', async () => {
    const asked: DialRequest[] = [];
    const api = await dialApi({
      desk: {
        cancel: async () => false,
        dial: async (request) => {
          asked.push(request);
          throw new Error('the process died');
        },
      },
    });
    expect((await api.post(CALLS, dialBody(), KEY)).status).toBe(500);
    expect((await api.post(CALLS, dialBody(), KEY)).body.reason).toBe('idempotency_key_busy');
    await api.clock.advance(MINUTE);
    expect((await api.post(CALLS, dialBody(), KEY)).status).toBe(500);
    expect(asked.map(({ id }) => id)).toEqual([asked[0]!.id, asked[0]!.id]);
  });

  it('that another with the same key was quicker than is answered with the call of the other', async () => {
    const id = randomUUID();
    const api = await dialApi({
      desk: { cancel: async () => false, dial: async () => ({ type: 'unavailable', why: 'not_waiting' }) },
      keys: {
        remember: async (request) => ({ ...request, id, fresh: true }),
        forget: async () => {
          throw new Error('the key stands for a call');
        },
      },
    });
    await api.database.permissions.reserve(dialOrder({ id }), api.clock.now(), allow);
    const { status, body } = await api.post(CALLS, dialBody(), KEY);
    expect([status, body.data.id]).toEqual([202, id]);
  });

  it.each([['two words'], [''], ['x'.repeat(256)], ['schlüssel']])('cannot have the key %j', async (key) => {
    const api = await dialApi();
    await api.grant();
    const { status, body } = await api.post(CALLS, dialBody(), { 'idempotency-key': key });
    expect([status, body.error]).toEqual([400, expect.stringContaining('Idempotency-Key must be')]);
    expect(api.calls.placed).toEqual([]);
  });

  it('of other keys, and of none, makes calls of their own', async () => {
    const api = await dialApi();
    for (const [index, headers] of [{}, {}, KEY, { 'idempotency-key': 'b' }].entries()) {
      const waId = `1555010010${index}`;
      await api.grant({ waId, userId: null });
      const { status, body } = await api.post(CALLS, { phone_number_id: PHONE_NUMBER_ID, to: waId }, headers);
      expect([status, body.data.call_id]).toEqual([202, nameOf(body.data.id)]);
    }
    expect(api.calls.placed).toHaveLength(4);
  });
});
