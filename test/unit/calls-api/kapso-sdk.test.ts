import { describe, expect, it } from 'vitest';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { dialApi } from '../../support/dial-api.ts';
import { USER } from '../../support/dial-order.ts';
import { kapsoError as errorOf, kapsoClient } from '../../support/kapso-client.ts';
import { nameOf } from '../../support/pretended-calls.ts';
import { graphRefusal } from '../../support/scripted-permission-graph.ts';

const to = USER.waId!;
const phoneNumberId = PHONE_NUMBER_ID;
const REQUEST = {
  phoneNumberId,
  to,
  bodyText: 'May we call you about your order?',
  parameters: { phoneNumber: '15550100000' },
} as const;

async function sdk(version = 'v23.0', base = '/meta/whatsapp') {
  const api = await dialApi();
  await api.server.listen({ port: 0, host: '127.0.0.1' });
  return { api, client: kapsoClient(api.server.listeningOrigin, { base, version }) };
}

describe("Kapso's SDK", () => {
  it.each([
    ['v23.0', '/meta/whatsapp'],
    ['v24.0', '/api/meta'],
  ])('places a call of ours by connect without a session, and finds it in the log (%s%s)', async (version, base) => {
    const { api, client } = await sdk(version, base);
    await api.grant();
    const answer = await client.calls.connect({ phoneNumberId, to, bizOpaqueCallbackData: 'crm-1' });
    const [order] = api.calls.placed;
    expect(answer).toEqual({ messagingProduct: 'whatsapp', calls: [{ id: nameOf(order!.id) }] });
    expect(order).toMatchObject({ user: USER, bizOpaqueCallbackData: 'crm-1' });
    const found = await client.calls.get({ phoneNumberId, callId: answer.calls![0]!.id });
    expect(found).toMatchObject({ id: order!.id, direction: 'outbound', status: 'ringing' });
    expect((await client.calls.list({ phoneNumberId, direction: 'OUTBOUND' })).data).toHaveLength(1);
  });

  it('calls a user without a number, and keeps the media of a call with a session', async () => {
    const { api, client } = await sdk();
    await api.grant({ waId: null, userId: 'US.134912345' });
    const session = { sdpType: 'offer', sdp: 'v=0\r\n' } as const;
    const answer = await client.calls.connect({ phoneNumberId, recipient: 'US.134912345', session });
    expect(answer.calls).toEqual([{ id: 'wacid.client.1' }]);
    expect(api.graph.connects).toEqual([
      {
        messaging_product: 'whatsapp',
        recipient: 'US.134912345',
        action: 'connect',
        session: { sdp_type: 'offer', sdp: 'v=0\r\n' },
      },
    ]);
    const accepted = await client.calls.accept({
      phoneNumberId,
      callId: 'wacid.other',
      session: { ...session, sdpType: 'answer' },
    });
    expect(accepted.success).toBe(true);
    expect(api.graph.forwarded).toMatchObject([{ action: 'accept', call_id: 'wacid.other' }]);
  });

  it('ends a call of ours by terminate and by reject', async () => {
    const { api, client } = await sdk();
    await api.grant();
    for (const end of ['terminate', 'reject'] as const) {
      const { calls } = await client.calls.connect({ phoneNumberId, to });
      expect(await client.calls[end]({ phoneNumberId, callId: calls![0]!.id })).toEqual({
        messagingProduct: 'whatsapp',
        success: true,
      });
      const order = api.calls.placed.at(-1)!;
      expect(api.calls.isOurs(order.id)).toBe(false);
      await api.calls.end(order, { class: 'missed', reason: 'cancelled', endedBy: 'api', detail: null });
    }
  });

  it('reads what a user allows', async () => {
    const { api, client } = await sdk();
    await api.grant();
    const { permission, actions } = await client.calls.permissions.get({ phoneNumberId, userWaId: to });
    expect(permission).toMatchObject({ status: 'temporary', expirationTime: expect.any(Number) });
    expect(actions).toMatchObject([
      { actionName: 'send_call_permission_request', canPerformAction: true },
      {
        actionName: 'start_call',
        canPerformAction: true,
        limits: [{ timePeriod: 'PT24H', maxAllowed: 100, currentUsage: 0 }],
      },
    ]);
  });

  it('asks for permission, once at a time', async () => {
    const { api, client } = await sdk();
    await api.message();
    const sent = await client.messages.sendInteractiveCallPermission(REQUEST);
    expect(sent.messages).toEqual([{ id: 'wamid.1' }]);
    expect(api.graph.sent).toMatchObject([{ to, interactive: { type: 'call_permission_request' } }]);
    const error = await errorOf(client.messages.sendInteractiveCallPermission(REQUEST));
    expect(error).toMatchObject({ httpStatus: 400, code: 138009, category: 'parameter' });
    expect(error.details).toMatch(/^Refused by talkwire: /);
  });

  it('understands a refusal of ours as one of Meta', async () => {
    const { api, client } = await sdk();
    const error = await errorOf(client.calls.connect({ phoneNumberId, to }));
    expect(error).toMatchObject({ httpStatus: 401, code: 138006, type: 'OAuthException', category: 'authorization' });
    await api.grant();
    await api.database.permissions.refused(phoneNumberId, USER, 138012, api.clock.now() + 90_000, api.clock.now());
    const limited = await errorOf(client.calls.connect({ phoneNumberId, to }));
    expect(limited).toMatchObject({
      httpStatus: 400,
      code: 138012,
      retry: { action: 'retry_after', retryAfterMs: 90_000 },
    });
    expect(limited.errorData).toMatchObject({ reason: 'connected_call_limit' });
  });

  it("gets Graph's own errors as Graph wrote them", async () => {
    const { api, client } = await sdk();
    await api.grant();
    api.graph.onForward = () => ({ type: 'answered', status: 400, body: graphRefusal(400, 138003).body });
    const error = await errorOf(client.calls.terminate({ phoneNumberId, callId: 'wacid.other' }));
    expect(error).toMatchObject({ httpStatus: 400, code: 138003, message: '(#138003) of Graph', fbtraceId: 'A1' });
    api.calls.becomes = () => ({ type: 'ended', reason: 'connect_refused', detail: '138005' });
    const refused = await errorOf(client.calls.connect({ phoneNumberId, to }));
    expect(refused).toMatchObject({ httpStatus: 429, code: 138005, category: 'throttling' });
  });
});
