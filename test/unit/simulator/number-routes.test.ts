import { describe, expect, it, onTestFinished } from 'vitest';
import { startGraphServer } from '../../../src/simulator/graph-server.ts';

const NOW = Date.UTC(2026, 10, 20);
const HOURS = {
  status: 'ENABLED',
  timezone_id: 'America/Manaus',
  weekly_operating_hours: [
    { day_of_week: 'MONDAY', open_time: '0400', close_time: '1020' },
    { day_of_week: 'MONDAY', open_time: '1020', close_time: '1800' },
  ],
};
const HOLIDAYS = [{ date: '2027-01-01', start_time: '0000', end_time: '2359' }];

async function graph() {
  const server = await startGraphServer(
    {
      host: '127.0.0.1',
      port: 0,
      phoneNumberIds: ['111', '222'],
      token: 'secret',
      rules: { g711: false },
      latencyMs: 0,
      now: () => NOW,
      displayOf: (id) => `+${id}`,
    },
    {
      find: () => null,
      fate: () => ({ delayMs: 0, answerAfter: null, lost: null, reset: false, refusal: null, failure: null }) as never,
      perform: () => ({ ok: true, body: { done: true } }),
    },
  );
  onTestFinished(() => server.close());
  return async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object | FormData, token = 'secret') => {
    const isForm = body instanceof FormData;
    const response = await fetch(path.startsWith('http') ? path : `${server.url}/v24.0/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      },
      body: isForm ? body : body === undefined ? null : JSON.stringify(body),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, bytes, body: isJson ? JSON.parse(bytes.toString()) : null };
  };
}

describe('settings of the simulated Graph', () => {
  it('are those that were written last, for each number', async () => {
    const ask = await graph();
    expect((await ask('GET', '111/settings')).body).toEqual({
      calling: { status: 'ENABLED', call_icon_visibility: 'DEFAULT' },
    });
    const calling = { callback_permission_status: 'ENABLED', call_hours: { ...HOURS, holiday_schedule: HOLIDAYS } };
    expect((await ask('POST', '111/settings', { calling })).body).toEqual({ success: true });
    expect((await ask('GET', '111/settings')).body.calling).toMatchObject(calling);
    await ask('POST', '111/settings', { calling: { call_hours: HOURS } });
    const { calling: later } = (await ask('GET', '111/settings')).body;
    expect(later.call_hours).toEqual(HOURS);
    expect(later.callback_permission_status).toBe('ENABLED');
    expect((await ask('GET', '222/settings')).body.calling.call_hours).toBeUndefined();
  });

  it('hold passwords of SIP for whoever asks', async () => {
    const ask = await graph();
    const servers = [{ hostname: 'sip.example.com', port: 5061 }];
    await ask('POST', '111/settings', { calling: { sip: { status: 'ENABLED', servers } } });
    expect((await ask('GET', '111/settings')).body.calling.sip.servers).toEqual(servers);
    const { body } = await ask('GET', '111/settings?include_sip_credentials=true');
    expect(body.calling.sip.servers).toEqual([{ ...servers[0], sip_user_password: expect.any(String) }]);
  });

  it.each([
    [{ status: 'ON' }, 'calling.status must be ENABLED or DISABLED'],
    [{ call_icon_visibility: 'HIDE' }, 'calling.call_icon_visibility'],
    [{ colour: 'red' }, 'colour'],
    [{ srtp_key_exchange_protocol: 'MIKEY' }, 'must be DTLS or SDES'],
    [{ audio: { additional_codecs: ['G722'] } }, 'calling.audio.additional_codecs.0'],
    [
      {
        call_hours: { ...HOURS, weekly_operating_hours: [{ day_of_week: 'MONDAY', open_time: '4', close_time: '9' }] },
      },
      'HHMM',
    ],
    [
      {
        call_hours: {
          ...HOURS,
          weekly_operating_hours: [...HOURS.weekly_operating_hours, HOURS.weekly_operating_hours[0]],
        },
      },
      'at most two spans a day',
    ],
    [
      {
        call_hours: {
          ...HOURS,
          weekly_operating_hours: [HOURS.weekly_operating_hours[0], HOURS.weekly_operating_hours[0]],
        },
      },
      'do not overlap',
    ],
    [{ call_hours: { ...HOURS, holiday_schedule: [{ ...HOLIDAYS[0], date: '2026-01-01' }] } }, '2026-01-01 is over'],
    ['on', 'calling'],
  ])('are refused where Meta refuses them: %j', async (calling, words) => {
    const ask = await graph();
    const { status, body } = await ask('POST', '111/settings', { calling });
    expect([status, body.error.code]).toEqual([400, 100]);
    expect(body.error.error_data.details).toContain(words);
  });

  it('with calling off let no call begin', async () => {
    const ask = await graph();
    const asked = '111/call_permissions?user_wa_id=15550100001';
    expect((await ask('GET', asked)).status).toBe(200);
    await ask('POST', '111/settings', { calling: { status: 'DISABLED' } });
    const { status, body } = await ask('GET', asked);
    expect([status, body.error.code]).toEqual([401, 138000]);
    expect((await ask('GET', asked.replace('111', '222'))).status).toBe(200);
  });

  it.each(['GET', 'POST'] as const)('are for the token and the numbers of the business: %s', async (method) => {
    const ask = await graph();
    expect((await ask(method, '111/settings', undefined, 'wrong')).status).toBe(401);
    expect((await ask(method, '333/settings')).status).toBe(400);
  });
});

describe('what else the simulated Graph has', () => {
  it('is a business profile', async () => {
    const ask = await graph();
    await ask('POST', '111/whatsapp_business_profile', { messaging_product: 'whatsapp', about: 'Hello' });
    expect((await ask('GET', '111/whatsapp_business_profile')).body.data).toEqual([
      { messaging_product: 'whatsapp', about: 'Hello' },
    ]);
    expect((await ask('POST', '111/whatsapp_business_profile', { about: 'x' })).status).toBe(400);
    expect((await ask('GET', '111')).body).toMatchObject({ id: '111', display_phone_number: '+111' });
  });

  it('is files', async () => {
    const ask = await graph();
    const bytes = Buffer.from([0, 255, 13, 10, 45, 45]);
    const form = new FormData();
    form.set('messaging_product', 'whatsapp');
    form.set('type', 'audio/ogg');
    form.set('file', new Blob([bytes]), 'note.ogg');
    const { id } = (await ask('POST', '111/media', form)).body;
    const about = (await ask('GET', `${id}?phone_number_id=111`)).body;
    expect(about).toMatchObject({ id, mime_type: 'audio/ogg', file_size: 6 });
    expect((await ask('GET', about.url)).bytes).toEqual(bytes);
    expect((await ask('GET', about.url, undefined, 'wrong')).status).toBe(401);
    expect((await ask('GET', `${id}?phone_number_id=222`)).body.error).toMatchObject({ code: 100, error_subcode: 33 });
    expect((await ask('DELETE', id)).body).toEqual({ success: true });
    expect((await ask('GET', id)).status).toBe(400);
    expect((await ask('POST', '111/media', { file: 'x' })).status).toBe(400);
  });
});
