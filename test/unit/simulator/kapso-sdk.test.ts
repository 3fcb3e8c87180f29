import { GraphApiError, WhatsAppClient } from '@kapso/whatsapp-cloud-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ANA, Business, MuteRungHandset, OFFER } from './support/business.ts';

/** A client by other people: what it can drive is no private agreement between our bridge and our simulator. */
describe('the simulated Graph, driven by the SDK of Kapso', () => {
  const number = { phoneNumberId: '111' };
  let business: Business;
  let client: WhatsAppClient;

  beforeEach(async () => {
    business = await Business.start();
    const handset = async (_offer: string, listener: MuteRungHandset['listener']) => new MuteRungHandset(listener);
    business.whatsapp.answerCalls(null, { reply: 'ignore', handset });
    client = new WhatsAppClient({ accessToken: 'token', baseUrl: business.whatsapp.graphUrl, graphVersion: 'v24.0' });
  });
  afterEach(() => business.close());

  it('tells what the user allows', async () => {
    expect(await client.calls.permissions.get({ ...number, userWaId: ANA })).toMatchObject({
      permission: { status: 'no_permission' },
      actions: [
        { actionName: 'send_call_permission_request', canPerformAction: true },
        { actionName: 'start_call', canPerformAction: false },
      ],
    });
  });

  it('takes a request, lets the user accept it, and places the call', async () => {
    await business.whatsapp.message(ANA);
    business.whatsapp.answerRequests(null, { reply: 'accept', afterMs: 0 });
    const sent = await client.messages.sendInteractiveCallPermission({
      ...number,
      to: ANA,
      bodyText: 'May we call you?',
      parameters: { phoneNumber: '15550001111' },
    });
    const reply = await business.webhook('call_permission_reply');
    expect((reply['context'] as { id: string }).id).toBe(sent.messages[0]?.id);
    const placed = await client.calls.connect({
      ...number,
      to: ANA,
      session: { sdpType: 'offer', sdp: OFFER },
      bizOpaqueCallbackData: 'corr-1',
    });
    const callId = placed.calls?.[0]?.id ?? '';
    expect(await business.webhook('RINGING')).toMatchObject({ id: callId, biz_opaque_callback_data: 'corr-1' });
    expect(await client.calls.terminate({ ...number, callId })).toMatchObject({ success: true });
    expect(await business.webhook('terminate')).toMatchObject({ id: callId, status: 'COMPLETED' });
  });

  it('refuses in the envelope that the SDK reads', async () => {
    const refusal = await client.calls
      .connect({ ...number, to: ANA, session: { sdpType: 'offer', sdp: OFFER } })
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(GraphApiError);
    expect(refusal).toMatchObject({ code: 138006, httpStatus: 401, details: expect.stringContaining('permission') });
  });
});
