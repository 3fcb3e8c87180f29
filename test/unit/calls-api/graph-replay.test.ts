import { describe, expect, it } from 'vitest';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { USER } from '../../support/dial-order.ts';
import { type GraphApi, graphApi, TOKEN } from '../../support/graph-api.ts';
import { numberSettings } from '../../support/number-settings.ts';
import { askRaw, type RawRequest } from '../../support/raw-request.ts';

const PN = PHONE_NUMBER_ID;
const WABA = '102290129340398';
const MEDIA = '1037543291543636';
const SDP = 'v=0\\r\\no=- 3626166318745852955 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n';
const JSON_TYPE = { 'content-type': 'application/json' };

const json = (path: string, body: string): [string, RawRequest] => [
  path,
  { method: 'POST', headers: JSON_TYPE, body: body.replaceAll('{USER}', USER.waId!).replaceAll('{SDP}', SDP) },
];
const get = (path: string): [string, RawRequest] => [path, { headers: { accept: '*/*' } }];

const FORM = [
  '--Bound',
  'Content-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n--Bound',
  'Content-Disposition: form-data; name="use_case"\r\n\r\ncall_voicemail_announcement\r\n--Bound',
  'Content-Disposition: form-data; name="file"; filename="h\u00e9llo.ogg"\r\nContent-Type: audio/ogg; codecs=opus\r\n',
].join('\r\n');
const SOUND = Buffer.from(Array.from({ length: 70_000 }, (_, place) => (place * 7919) % 256));

const CALLING = `{"calling":{
  "status":"ENABLED", "call_icon_visibility":"DEFAULT",
  "call_icons":{"restrict_to_user_countries":["US","BR"]},
  "callback_permission_status":"ENABLED",
  "call_hours":{"status":"ENABLED","timezone_id":"America/Manaus",
    "weekly_operating_hours":[{"day_of_week":"MONDAY","open_time":"0400","close_time":"1020"}],
    "holiday_schedule":[{"date":"2027-01-01","start_time":"0000","end_time":"2359"}]},
  "sip":{"status":"DISABLED","webhook_delivery":"ENABLED",
    "servers":[{"hostname":"sip.example.com","port":5061,"request_uri_user_params":{"tgrp":"x"}}]},
  "srtp_key_exchange_protocol":"DTLS","audio":{"additional_codecs":["PCMA","PCMU"]},
  "voicemail":{"status":"ENABLED","triggers":["REJECT","TIMEOUT"],
     "audio":{"default":{"announcement_media_id":123,"timeout_seconds":20}}}}}`;

/** Every request that meta-calling.md §2 documents, and the spellings in which clients write them. */
const REQUESTS: readonly (readonly [string, string, RawRequest])[] = [
  [
    '2.1 connect',
    ...json(
      `${PN}/calls`,
      '{"messaging_product":"whatsapp","to":"{USER}","action":"connect","session":{"sdp_type":"offer","sdp":"{SDP}"},"biz_opaque_callback_data":"corr-1"}',
    ),
  ],
  [
    '2.1 connect, in another order, with space',
    ...json(
      `${PN}/calls`,
      '\n{ "session" :\t{"sdp":"{SDP}" , "sdp_type":"offer"},"action" : "connect" ,\r\n "to":{USER}, "messaging_product":"whatsapp" }\n',
    ),
  ],
  [
    '2.1 connect, in escapes',
    ...json(
      `${PN}/calls`,
      '{"messaging_product":"what\\u0073app","\\u0061ction":"connect","to":"+{USER}","session":{"sdp_type":"offer","sdp":"{SDP}"},"biz_opaque_callback_data":"caf\\u00e9 \ud83d\udcde \\/ \\ud83d\\ude00"}',
    ),
  ],
  [
    '2.1 connect, with numbers that JavaScript cannot keep',
    ...json(
      `${PN}/calls`,
      '{"messaging_product":"whatsapp","to":"{USER}","action":"connect","session":{"sdp_type":"offer","sdp":"{SDP}"},"x":12345678901234567890,"y":1.0,"z":1e2}',
    ),
  ],
  [
    '2.1 pre_accept',
    ...json(
      `${PN}/calls`,
      '{"messaging_product":"whatsapp","call_id":"wacid.A","action":"pre_accept","session":{"sdp_type":"answer","sdp":"{SDP}"}}',
    ),
  ],
  [
    '2.1 accept',
    ...json(
      `${PN}/calls`,
      '{"messaging_product":"whatsapp","call_id":"wacid.A","action":"accept","session":{"sdp_type":"answer","sdp":"{SDP}"},"biz_opaque_callback_data":"corr-1"}',
    ),
  ],
  [
    '2.1 accept with to, which is harmless',
    ...json(
      `${PN}/calls`,
      '{"to":"{USER}","messaging_product":"whatsapp","call_id":"wacid.A","action":"accept","session":{"sdp_type":"answer","sdp":"{SDP}"}}',
    ),
  ],
  ['2.1 reject', ...json(`${PN}/calls`, '{"messaging_product":"whatsapp","call_id":"wacid.A","action":"reject"}')],
  [
    '2.1 terminate',
    ...json(`${PN}/calls`, '{"messaging_product":"whatsapp","call_id":"wacid.A","action":"terminate"}'),
  ],
  ['2.2 call_permissions of a number', ...get(`${PN}/call_permissions?user_wa_id=15550100001`)],
  ['2.2 call_permissions of a BSUID', ...get(`${PN}/call_permissions?recipient=US.13491208655302741918`)],
  ['2.3 settings', ...get(`${PN}/settings`)],
  ['2.3 settings, some of them', ...get(`${PN}/settings?fields=calling`)],
  ['2.3 settings with SIP passwords', ...get(`${PN}/settings?include_sip_credentials=true`)],
  ['2.3 settings changed', ...json(`${PN}/settings`, CALLING)],
  [
    '2.4 free-form permission request',
    ...json(
      `${PN}/messages`,
      '{"messaging_product":"whatsapp","recipient_type":"individual","to":"{USER}","type":"interactive",\n "interactive":{"type":"call_permission_request","action":{"name":"call_permission_request"},\n  "body":{"text":"May we call you about order 12853? \u00a1S\u00ed!"}}}',
    ),
  ],
  [
    '2.4 permission request without a body',
    ...json(
      `${PN}/messages`,
      '{"to":"{USER}","type":"interactive","interactive":{"action":{"name":"call_permission_request"},"type":"call_permission_request"},"messaging_product":"whatsapp"}',
    ),
  ],
  [
    '2.4 call button',
    ...json(
      `${PN}/messages`,
      '{"messaging_product":"whatsapp","recipient_type":"individual","to":"{USER}","type":"interactive","interactive":{"type":"voice_call","body":{"text":"Call us here"},"action":{"name":"voice_call","parameters":{"display_text":"Call on WhatsApp","ttl_minutes":100,"payload":"ctx-1"}}}}',
    ),
  ],
  [
    '2.4 template with a permission request',
    ...json(
      `${PN}/messages`,
      '{"messaging_product":"whatsapp","to":"{USER}","type":"template","template":{"name":"may_we_call","language":{"code":"en"},"components":[{"type":"body","parameters":[{"type":"text","text":"Ada"}]}]}}',
    ),
  ],
  [
    '2.4 template with a call button',
    ...json(
      `${PN}/messages`,
      '{"messaging_product":"whatsapp","to":"{USER}","type":"template","template":{"name":"call_us","language":{"code":"en"},"components":[{"type":"button","sub_type":"voice_call","parameters":[{"type":"ttl_minutes","ttl_minutes":100},{"type":"payload","payload":"ctx"}]}]}}',
    ),
  ],
  [
    '2.4 text',
    ...json(
      `${PN}/messages`,
      '{ "messaging_product" : "whatsapp","to":"{USER}","text":{"preview_url":false,"body":"\ud83d\udc4b\\n\\u2028 caf\u00e9"} }',
    ),
  ],
  [
    '2.4 template created',
    ...json(
      `${WABA}/message_templates`,
      '{"name":"may_we_call","language":"en","category":"UTILITY","components":[{"type":"BODY","text":"Hello"},{"type":"call_permission_request"}]}',
    ),
  ],
  [
    '2.4 template with a call button created',
    ...json(
      `${WABA}/message_templates`,
      '{"name":"call_us","language":"en","category":"MARKETING","components":[{"type":"BODY","text":"Hello"},{"type":"BUTTONS","buttons":[{"type":"voice_call","text":"Call Now","ttl_minutes":1440}]}]}',
    ),
  ],
  [
    '2.6 connect with recording and transcription',
    ...json(
      `${PN}/calls`,
      '{"messaging_product":"whatsapp","to":"{USER}","action":"connect","session":{"sdp_type":"offer","sdp":"{SDP}"},"recording":{"status":"ENABLED","purpose":"quality assurance","announcement_language":"en_US"},"transcription":{"status":"ENABLED","purpose":"quality assurance","announcement_language":"en_US"}}',
    ),
  ],
  [
    '2.6 accept with recording',
    ...json(
      `${PN}/calls`,
      '{"messaging_product":"whatsapp","call_id":"wacid.A","action":"accept","session":{"sdp_type":"answer","sdp":"{SDP}"},"recording":{"status":"ENABLED","purpose":"qu\u00e4lity","announcement_language":"de"}}',
    ),
  ],
  ['2.7 the messaging limit of a number', ...get(`${PN}?fields=whatsapp_business_manager_messaging_limit`)],
  ['2.7 health', ...get(`${PN}?fields=health_status,id,verified_name`)],
  [
    '2.7 analytics of an account',
    ...get(`${WABA}?fields=call_analytics.start(1693506600).end(1706725800).granularity(DAILY)`),
  ],
  [
    '2.7 analytics, escaped',
    ...get(`${WABA}?fields=call_analytics.start%281693506600%29.dimensions%28%5B%22DIRECTION%22%5D%29&pretty=0`),
  ],
  [
    '2.3 announcement of the voicemail',
    `${PN}/media`,
    {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=Bound' },
      body: Buffer.concat([Buffer.from(`${FORM}\r\n`), SOUND, Buffer.from('\r\n--Bound--\r\n')]),
    },
  ],
  ['2.7 media', ...get(`${MEDIA}?phone_number_id=${PN}`)],
  ['2.7 media deleted', `${MEDIA}?phone_number_id=${PN}`, { method: 'DELETE' }],
];

/** Graph's answer, written as no JSON library here would. */
const ANSWER = {
  status: 200,
  headers: {
    'content-type': 'application/json; charset=UTF-8',
    'x-fb-trace-id': 'Abc',
    'x-business-use-case-usage': '{}',
  },
  body: '{"messaging_product":"whatsapp", "success" : true,"calls":[{"id":"wacid.HBgL\\u00e9"}],"messages":[{"id":"wamid.1"}],"big":12345678901234567890}',
};

async function apiOfGraph(): Promise<GraphApi> {
  const api = await graphApi();
  await api.database.numbers.upsert(numberSettings({ businessAccountId: WABA }), 1);
  await api.grant();
  await api.message();
  api.graph.answers(ANSWER);
  return api;
}

const seen = ({ graph }: GraphApi) =>
  graph.requests.splice(0).map(({ method, path, bytes, headers }) => ({
    method,
    path,
    text: bytes.toString('latin1'),
    type: headers['content-type'],
  }));

describe('what an application written for Graph sends', () => {
  it.each(REQUESTS)('reaches Graph byte for byte, and so does the answer: %s', async (name, path, sent) => {
    const api = await apiOfGraph();
    const authorization = `Bearer ${TOKEN}`;
    const direct = await askRaw(api.graph.url, `/v24.0/${path}`, {
      ...sent,
      headers: { ...sent.headers, authorization },
    });
    const wanted = seen(api);
    expect(wanted).toHaveLength(1);
    const answer = await api.ask(`/meta/whatsapp/v24.0/${path}`, sent);
    // Whether a call is allowed is asked for before it is placed.
    const asked = seen(api).filter(
      ({ path: each }) => path.includes('call_permissions') || !each.includes('call_permissions'),
    );
    expect(asked).toEqual(wanted);
    expect(answer.status).toBe(direct.status);
    // A report is told with what was counted here.
    if (name.startsWith('2.2')) return;
    expect(answer.bytes.toString()).toBe(direct.bytes.toString());
    for (const header of ['content-type', 'x-fb-trace-id', 'x-business-use-case-usage']) {
      expect([header, answer.headers[header]]).toEqual([header, direct.headers[header]]);
    }
  });

  it.each(['v16.0', 'v19.0', 'v23.0', 'v25.0', 'v99.0', null])(
    'speaks its own version of Graph: %s',
    async (version) => {
      const api = await apiOfGraph();
      for (const base of ['/meta/whatsapp', '/api/meta']) {
        const way = version === null ? base : `${base}/${version}`;
        await api.ask(`${way}/${PN}/call_permissions?user_wa_id=15550100009`);
        await api.ask(`${way}/${PN}/settings`);
        await api.ask(`${way}/${PN}/whatsapp_business_profile`);
        await api.ask(`${way}/${PN}`);
        await api.ask(`${way}/${PN}/messages`, {
          method: 'POST',
          headers: JSON_TYPE,
          body: '{"to":"1","type":"text"}',
        });
        await api.ask(`${way}/${PN}/calls`, {
          method: 'POST',
          headers: JSON_TYPE,
          body: '{"action":"reject","call_id":"wacid.A"}',
        });
        await api.clock.advance(10_000);
      }
      const paths = api.graph.requests.map(({ path }) => path);
      expect(paths).toHaveLength(12);
      for (const path of paths) expect(path.startsWith(`/${version ?? 'v24.0'}/${PN}`)).toBe(true);
    },
  );
});
