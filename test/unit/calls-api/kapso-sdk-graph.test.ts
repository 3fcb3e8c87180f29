import { describe, expect, it } from 'vitest';
import { apiKeyOf } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { USER } from '../../support/dial-order.ts';
import { graphApi, TOKEN } from '../../support/graph-api.ts';
import { deadUrl, graphRefusal, type ScriptedAnswer } from '../../support/graph-server.ts';
import { kapsoClient, kapsoError } from '../../support/kapso-client.ts';
import { numberSettings } from '../../support/number-settings.ts';

const phoneNumberId = PHONE_NUMBER_ID;
const to = USER.waId!;
const WABA = '102290129340398';
const MEDIA = '1037543291543636';
const DONE = { messaging_product: 'whatsapp', success: true };
const ok = (body: unknown): ScriptedAnswer => ({ status: 200, body });

/** Kapso's SDK before the service, and Graph behind it; the user allows calls and has written. */
async function sdk(...answers: readonly ScriptedAnswer[]) {
  const api = await graphApi();
  await api.database.numbers.upsert(
    numberSettings({ businessAccountId: WABA, credentials: { kind: 'bearer', secret: TOKEN } }),
    1,
  );
  await api.grant();
  await api.message();
  api.graph.answers(...answers);
  return { api, client: kapsoClient(api.url) };
}

type Sdk = Awaited<ReturnType<typeof sdk>>;

const seen = ({ api }: Sdk) => api.graph.requests.map(({ method, path, body }) => [method, path, body]);

describe("Kapso's SDK, with Graph behind this service", () => {
  const session = { sdpType: 'answer', sdp: 'v=0\r\n' } as const;
  const wire = { sdp_type: 'answer', sdp: 'v=0\r\n' };
  const callId = 'wacid.A';

  it.each([
    ['preAccept', { session }, { action: 'pre_accept', session: wire }],
    [
      'accept',
      { session, bizOpaqueCallbackData: 'crm-1' },
      { action: 'accept', session: wire, biz_opaque_callback_data: 'crm-1' },
    ],
    ['reject', {}, { action: 'reject' }],
    ['terminate', {}, { action: 'terminate' }],
  ] as const)('acts on a call: %s', async (method, input, body) => {
    const setup = await sdk(ok(DONE));
    const answer = await setup.client.calls[method]({ phoneNumberId, callId, ...input } as never);
    expect(answer).toEqual({ messagingProduct: 'whatsapp', success: true });
    expect(seen(setup)).toEqual([
      ['POST', `/v23.0/${phoneNumberId}/calls`, { messaging_product: 'whatsapp', call_id: callId, ...body }],
    ]);
  });

  it('places a call of its own', async () => {
    const setup = await sdk(ok({ messaging_product: 'whatsapp', calls: [{ id: 'wacid.B' }] }));
    const answer = await setup.client.calls.connect({ phoneNumberId, to, session: { ...session, sdpType: 'offer' } });
    expect(answer).toEqual({ messagingProduct: 'whatsapp', calls: [{ id: 'wacid.B' }] });
    const found = await setup.client.calls.get({ phoneNumberId, callId: 'wacid.nobody' });
    expect(found).toBeUndefined();
    const { data } = await setup.client.calls.list({ phoneNumberId });
    expect(data).toMatchObject([{ direction: 'outbound', phoneNumberId }]);
  });

  it('reads permissions', async () => {
    const setup = await sdk(ok({ messaging_product: 'whatsapp', permission: { status: 'permanent' }, actions: [] }));
    const { permission } = await setup.client.calls.permissions.get({ phoneNumberId, userWaId: '15550100009' });
    expect(permission?.status).toBe('permanent');
    expect(seen(setup)).toEqual([['GET', `/v23.0/${phoneNumberId}/call_permissions?user_wa_id=15550100009`, {}]]);
  });

  it('asks for permission, and sends what it likes', async () => {
    const setup = await sdk(ok({ messaging_product: 'whatsapp', messages: [{ id: 'wamid.1' }] }));
    const { messages } = setup.client;
    await messages
      .sendInteractiveCallPermission({
        phoneNumberId,
        to: '15550100009',
        bodyText: 'May we call you?',
        parameters: { phoneNumber: '15550100000' },
      })
      .catch(() => {});
    const sent = await messages.sendText({ phoneNumberId, to, body: 'H\u00e9llo' });
    expect(sent.messages).toEqual([{ id: 'wamid.1' }]);
    await messages.markRead({ phoneNumberId, messageId: 'wamid.9' });
    expect(seen(setup).at(-1)).toMatchObject(['POST', `/v23.0/${phoneNumberId}/messages`, { status: 'read' }]);
    expect(setup.api.kept).toHaveLength(2);
  });

  it('reads and changes settings', async () => {
    const calling = { status: 'ENABLED', call_hours: { status: 'DISABLED' } };
    const setup = await sdk(ok({ calling }), ok({ success: true }));
    const { settings } = setup.client.phoneNumbers;
    expect(await settings.get({ phoneNumberId, includeSipCredentials: true })).toEqual({
      calling: { status: 'ENABLED', callHours: { status: 'DISABLED' } },
    });
    const changed = await settings.update({
      phoneNumberId,
      calling: { status: 'DISABLED', callIconVisibility: 'DISABLE_ALL' },
    });
    expect(changed).toEqual({ success: true });
    const written = { status: 'DISABLED', call_icon_visibility: 'DISABLE_ALL' };
    expect(seen(setup)).toEqual([
      ['GET', `/v23.0/${phoneNumberId}/settings?include_sip_credentials=true`, {}],
      ['POST', `/v23.0/${phoneNumberId}/settings`, { calling: written }],
    ]);
    expect(setup.api.mirrored.map((each) => each.calling)).toEqual([calling, written]);
  });

  it('reads and changes the business profile, registers the number, and keeps templates', async () => {
    const setup = await sdk(ok({ success: true, data: [{ about: 'Hi' }] }));
    const { phoneNumbers, templates } = setup.client;
    const profile = await phoneNumbers.businessProfile.get({ phoneNumberId, fields: 'about' });
    expect(profile.data).toEqual([{ about: 'Hi' }]);
    await phoneNumbers.businessProfile.update({ phoneNumberId, about: 'Hello' });
    await phoneNumbers.register({ phoneNumberId, pin: '123456' });
    await phoneNumbers.requestCode({ phoneNumberId, codeMethod: 'SMS', language: 'en' });
    await phoneNumbers.deregister({ phoneNumberId });
    await templates.list({ businessAccountId: WABA, limit: 3 });
    await templates.create({
      businessAccountId: WABA,
      name: 'may_we',
      language: 'en',
      category: 'UTILITY',
      components: [{ type: 'BODY', text: 'Hello' }, { type: 'CALL_PERMISSION_REQUEST' }],
    } as never);
    await templates.get({ businessAccountId: WABA, templateId: '77' });
    await templates.delete({ businessAccountId: WABA, name: 'may_we' });
    expect(seen(setup).map(([method, path]) => `${method} ${String(path).slice(7)}`)).toEqual([
      `GET ${phoneNumberId}/whatsapp_business_profile?fields=about`,
      `POST ${phoneNumberId}/whatsapp_business_profile`,
      `POST ${phoneNumberId}/register`,
      `POST ${phoneNumberId}/request_code`,
      `POST ${phoneNumberId}/deregister`,
      `GET ${WABA}/message_templates?limit=3`,
      `POST ${WABA}/message_templates`,
      `GET ${WABA}/message_templates/77`,
      `DELETE ${WABA}/message_templates?name=may_we`,
    ]);
  });

  it('uploads, finds, downloads and deletes media', async () => {
    const bytes = Buffer.from(Array.from({ length: 5_000 }, (_, place) => place % 256));
    const setup = await sdk(ok({ id: MEDIA }));
    const { api, client } = setup;
    const { media } = client;
    const file = new Blob([bytes], { type: 'audio/ogg' });
    expect(await media.upload({ phoneNumberId, type: 'audio/ogg', file, fileName: 'note.ogg' })).toEqual({ id: MEDIA });
    const [upload] = api.graph.requests;
    expect(upload?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(upload?.bytes.includes(bytes)).toBe(true);
    const form = await new Response(new Uint8Array(upload!.bytes), {
      headers: { 'content-type': upload!.headers['content-type']! },
    }).formData();
    expect([form.get('messaging_product'), form.get('type')]).toEqual(['whatsapp', 'audio/ogg']);

    const about = {
      url: `${api.graph.url}/file?mid=1`,
      mime_type: 'audio/ogg',
      sha256: 'x',
      file_size: 5_000,
      id: MEDIA,
    };
    const download = [ok(about), ok(about), { status: 200, headers: { 'content-type': 'audio/ogg' }, body: bytes }];
    for (const auth of ['auto', 'always', 'never'] as const) {
      api.graph.requests.length = 0;
      api.graph.answers(...download);
      const fetched = await media.download({ mediaId: MEDIA, phoneNumberId, auth });
      expect(Buffer.from(fetched as ArrayBuffer).equals(bytes)).toBe(true);
    }
    expect(api.graph.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      [`/v23.0/${MEDIA}?phone_number_id=${phoneNumberId}`, `Bearer ${TOKEN}`],
      [`/v23.0/${MEDIA}?phone_number_id=${phoneNumberId}`, `Bearer ${TOKEN}`],
      ['/file?mid=1', `Bearer ${TOKEN}`],
    ]);

    api.graph.answers(ok({ success: true }));
    expect(await media.delete({ mediaId: MEDIA, phoneNumberId })).toEqual({ success: true });
    expect(seen(setup).at(-1)).toEqual(['DELETE', `/v23.0/${MEDIA}?phone_number_id=${phoneNumberId}`, {}]);
  });

  /** As Meta gives them (kapso-api.md §5). */
  it.each([
    [401, 138000, 'authorization'],
    [401, 138006, 'authorization'],
    [429, 138002, 'throttling'],
    [429, 138005, 'throttling'],
    [429, 613, 'throttling'],
    [500, 138004, 'server'],
    [500, 138007, 'server'],
    [400, 138001, 'parameter'],
    [400, 138003, 'parameter'],
    [400, 138009, 'parameter'],
    [400, 138012, 'parameter'],
    [400, 138013, 'parameter'],
    [400, 138014, 'parameter'],
    [400, 138017, 'parameter'],
    [400, 138021, 'parameter'],
    [400, 131044, 'parameter'],
    [400, 100, 'parameter'],
    [401, 190, 'authorization'],
    [403, 10, 'permission'],
    [429, 130429, 'throttling'],
  ])("sorts an error of Meta's as it would without us: %d %d %s", async (status, code, category) => {
    const headers = status === 429 ? { 'retry-after': '9' } : {};
    const setup = await sdk(graphRefusal(status, code, 'In the words of Meta', { headers }));
    const { calls, messages, phoneNumbers } = setup.client;
    const direct = kapsoClient(setup.api.graph.url, { base: '' });
    const wanted = await kapsoError(direct.calls.terminate({ phoneNumberId, callId }));
    expect(wanted).toMatchObject({ httpStatus: status, code, category, details: 'In the words of Meta' });
    for (const doing of [
      () => calls.terminate({ phoneNumberId, callId }),
      () => calls.connect({ phoneNumberId, to, session: { ...session, sdpType: 'offer' } }),
      () => messages.sendText({ phoneNumberId, to, body: 'Hello' }),
      () => phoneNumbers.settings.get({ phoneNumberId }),
      () => phoneNumbers.settings.update({ phoneNumberId, calling: { status: 'ENABLED' } }),
      () => phoneNumbers.businessProfile.get({ phoneNumberId }),
    ]) {
      const { httpStatus, retry, raw } = await kapsoError(doing());
      expect({ httpStatus, retry, raw }).toEqual({
        httpStatus: wanted.httpStatus,
        retry: wanted.retry,
        raw: wanted.raw,
      });
    }
  });

  it('sorts errors of ours as those of Meta that mean the same', async () => {
    const { api, client } = await sdk('reset');
    const { businessProfile } = client.phoneNumbers;
    const stranger = kapsoClient(api.url, { key: 'wrong' }).phoneNumbers.businessProfile;
    const reader = kapsoClient(api.url, { key: await apiKeyOf(api.database, { scope: 'read' }) });
    const dead = kapsoClient((await graphApi({ baseUrl: await deadUrl() })).url);
    const errors = [
      await kapsoError(stranger.get({ phoneNumberId })),
      await kapsoError(reader.calls.terminate({ phoneNumberId, callId })),
      await kapsoError(businessProfile.get({ phoneNumberId: '999999999999999' })),
      await kapsoError(client.media.get({ mediaId: MEDIA, phoneNumberId: '999999999999999' })),
      await kapsoError(client.request('GET', `${phoneNumberId}/calls`, { query: { limit: 0 }, responseType: 'json' })),
      await kapsoError(businessProfile.update({ phoneNumberId, about: 'Hello' })),
      await kapsoError(dead.phoneNumbers.businessProfile.get({ phoneNumberId })),
    ];
    expect(errors.map(({ httpStatus, code, category, retry }) => [httpStatus, code, category, retry.action])).toEqual([
      [401, 190, 'authorization', 'refresh_token'],
      [403, 10, 'permission', 'fix_and_retry'],
      [400, 100, 'parameter', 'fix_and_retry'],
      [400, 100, 'parameter', 'fix_and_retry'],
      [400, 100, 'parameter', 'fix_and_retry'],
      [504, 131000, 'server', 'retry'],
      [502, 131016, 'server', 'retry'],
    ]);
    for (const { fbtraceId, details } of errors)
      expect([fbtraceId, details]).toEqual([expect.any(String), expect.any(String)]);
  });
});
