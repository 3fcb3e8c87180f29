import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { signWebhook, webhookBody } from '../../../src/simulator/webhook-body.ts';
import { WebhookSender } from '../../../src/simulator/webhook-sender.ts';
import { connectValue, terminateValue, type WebhookCall } from '../../../src/simulator/webhooks.ts';
import { WebhookCatcher } from '../../support/webhook-catcher.ts';

function webhookCall(changes: Partial<WebhookCall> = {}): WebhookCall {
  return {
    callId: 'wacid.1',
    direction: 'inbound',
    phoneNumberId: '111',
    displayPhoneNumber: '15550001111',
    user: { waId: '14085550000', userId: 'US.1349', parentUserId: 'US.ENT.118', name: 'Ana' },
    ctaPayload: null,
    deeplinkPayload: null,
    withContacts: true,
    ...changes,
  };
}

describe('webhook bodies', () => {
  it('carry the offer of a user-initiated call in the shape of the captures', () => {
    const value = connectValue(
      webhookCall({ ctaPayload: 'cta', deeplinkPayload: 'deep' }),
      'v=0\r\n',
      1_760_681_506_900,
    );
    expect(value).toEqual({
      messaging_product: 'whatsapp',
      metadata: { display_phone_number: '15550001111', phone_number_id: '111' },
      contacts: [{ profile: { name: 'Ana' }, wa_id: '14085550000', user_id: 'US.1349', parent_user_id: 'US.ENT.118' }],
      calls: [
        {
          id: 'wacid.1',
          from: '14085550000',
          from_user_id: 'US.1349',
          from_parent_user_id: 'US.ENT.118',
          to: '15550001111',
          event: 'connect',
          timestamp: '1760681506',
          direction: 'USER_INITIATED',
          deeplink_payload: 'deep',
          cta_payload: 'cta',
          session: { sdp: 'v=0\r\n', sdp_type: 'offer' },
        },
      ],
    });
  });

  it('name a user without a number by BSUID only, and can leave the contacts out', () => {
    const user = { waId: null, userId: 'US.1349', parentUserId: null, name: null };
    const value = connectValue(webhookCall({ user, withContacts: false }), 'v=0\r\n', 0) as { calls: [object] };
    expect(value).not.toHaveProperty('contacts');
    expect(value.calls[0]).toHaveProperty('from_user_id', 'US.1349');
    expect(value.calls[0]).not.toHaveProperty('from');
  });

  it('tell the end of a call that was never picked up without any times', () => {
    const value = terminateValue(webhookCall(), {
      at: 1_760_681_533_000,
      status: 'COMPLETED',
      answered: null,
      error: null,
      bizOpaqueCallbackData: null,
    }) as { calls: [object] };
    expect(Object.keys(value.calls[0])).toEqual([
      ...['id', 'from', 'from_user_id', 'from_parent_user_id', 'to', 'event', 'timestamp', 'direction', 'status'],
    ]);
    expect(value).not.toHaveProperty('errors');
  });

  it('tell a failed call with times, opaque data, and the error in both places', () => {
    const value = terminateValue(webhookCall(), {
      at: 1_760_681_535_000,
      status: 'FAILED',
      answered: { startedAt: 1_760_681_513_900, endedAt: 1_760_681_533_100 },
      error: { code: 138021, title: 'No media', details: 'none for 20 s' },
      bizOpaqueCallbackData: 'corr-1',
    });
    const errors = [{ code: 138021, title: 'No media', message: 'No media', error_data: { details: 'none for 20 s' } }];
    expect(value).toMatchObject({
      calls: [
        {
          event: 'terminate',
          timestamp: '1760681535',
          start_time: '1760681513',
          end_time: '1760681533',
          duration: 20,
          status: 'FAILED',
          biz_opaque_callback_data: 'corr-1',
          errors,
        },
      ],
      errors,
    });
  });

  it('batch several values into one envelope', () => {
    const body = JSON.parse(webhookBody('42', [{ n: 1 }, { n: 2 }]).toString());
    expect(body).toEqual({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: '42',
          changes: [
            { field: 'calls', value: { n: 1 } },
            { field: 'calls', value: { n: 2 } },
          ],
        },
      ],
    });
  });

  it('are signed with HMAC-SHA256 over their bytes', () => {
    const body = webhookBody('42', [{ text: 'ümlaut' }]);
    const hex = createHmac('sha256', 'app secret').update(body).digest('hex');
    expect(signWebhook(body, 'app secret')).toBe(`sha256=${hex}`);
  });
});

describe('the webhook sender', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
  });

  async function sendTo(statuses: number[], retryDelaysMs: number[], timeoutMs = 2_000) {
    const catcher = await WebhookCatcher.start(statuses);
    const sender = new WebhookSender({ url: catcher.url, appSecret: 's', timeoutMs, retryDelaysMs });
    opened.push(catcher, sender);
    return { catcher, sender };
  }

  it('sends the signature with the very bytes', async () => {
    const { catcher, sender } = await sendTo([], []);
    await sender.deliver(webhookBody('42', [connectValue(webhookCall(), 'v=0\r\n', 0)]));
    const [caught] = catcher.caught;
    expect(caught?.headers['x-hub-signature-256']).toBe(signWebhook(caught?.raw ?? Buffer.alloc(0), 's'));
    expect(caught?.headers['content-type']).toBe('application/json');
  });

  it('repeats until it is answered 200, and not after', async () => {
    const { catcher, sender } = await sendTo([500, 404], [0, 5, 5]);
    const attempts = await sender.deliver(webhookBody('42', []));
    expect(attempts.map((attempt) => attempt.httpStatus)).toEqual([500, 404, 200]);
    expect(catcher.caught).toHaveLength(3);
  });

  it('gives up when its attempts are used up', async () => {
    const { sender } = await sendTo([500, 500, 500], [0]);
    const attempts = await sender.deliver(webhookBody('42', []));
    expect(attempts.map((attempt) => attempt.httpStatus)).toEqual([500, 500]);
  });

  it('reports no status for a bridge that is not there', async () => {
    const { catcher, sender } = await sendTo([], [0]);
    await catcher.close();
    const attempts = await sender.deliver(webhookBody('42', []));
    expect(attempts.map((attempt) => attempt.httpStatus)).toEqual([null, null]);
  });

  it('stops waiting for the next attempt when it is closed', async () => {
    const { catcher, sender } = await sendTo([500], [600_000]);
    const delivery = sender.deliver(webhookBody('42', []));
    await catcher.deliveries(1);
    await sender.close();
    expect((await delivery).length).toBe(1);
  });
});
