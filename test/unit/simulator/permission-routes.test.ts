import { afterEach, describe, expect, it } from 'vitest';
import type { SimulatedWhatsAppOptions } from '../../../src/simulator/index.ts';
import { ANA, Business, codeOf } from './support/business.ts';

const WEEK_S = 7 * 86_400;

/** The content of a reply, without what is new each time. */
async function reply(business: Business): Promise<Record<string, unknown>> {
  return business.webhook('call_permission_reply');
}

describe('permission, as a business meets it', () => {
  let business: Business;
  afterEach(() => business.close());

  async function start(changes: Partial<SimulatedWhatsAppOptions> = {}): Promise<Business> {
    business = await Business.start(changes);
    return business;
  }

  /** Asks by template. The id of the request. */
  async function request(): Promise<string> {
    const { status, body } = await business.ask('template');
    expect(status).toBe(200);
    return (body['messages'] as [{ id: string }])[0].id;
  }

  it('is asked for by a message, which Graph answers as any other', async () => {
    await start();
    const { body } = await business.ask('template');
    expect(body).toEqual({
      messaging_product: 'whatsapp',
      contacts: [{ input: ANA, wa_id: ANA }],
      messages: [{ id: expect.stringMatching(/^wamid\./) }],
    });
    expect(codeOf(await business.ask('template'))).toBe(138009);
  });

  it('is asked for freely only after the user wrote', async () => {
    await start();
    const refusal = await business.ask('free_form');
    expect([refusal.status, codeOf(refusal)]).toEqual([400, 131047]);
    await business.whatsapp.message(ANA, 'Hi there');
    expect(await business.webhook('text')).toMatchObject({ from: ANA, text: { body: 'Hi there' } });
    expect((await business.ask('free_form')).status).toBe(200);
  });

  it.each(['accept', 'accept_always', 'reject'] as const)('comes or not when the user answers %s', async (answer) => {
    await start();
    business.whatsapp.answerRequests(null, { reply: answer, afterMs: 0 });
    const id = await request();
    const at = Math.floor(Date.now() / 1000);
    const message = await reply(business);
    const content = {
      accept: { response: 'accept', is_permanent: false, expiration_timestamp: expect.any(String) },
      accept_always: { response: 'accept', is_permanent: true },
      reject: { response: 'reject' },
    }[answer];
    expect(message).toEqual({
      from: ANA,
      from_user_id: expect.stringMatching(/^US\./),
      id: expect.stringMatching(/^wamid\./),
      timestamp: expect.stringMatching(/^\d{10}$/),
      type: 'interactive',
      context: { from: '15550001111', id },
      interactive: {
        type: 'call_permission_reply',
        call_permission_reply: { ...content, response_source: 'user_action' },
      },
    });
    if (answer !== 'accept') return;
    const { call_permission_reply } = message['interactive'] as {
      call_permission_reply: { expiration_timestamp: string };
    };
    expect(Number(call_permission_reply.expiration_timestamp)).toBeGreaterThanOrEqual(at + WEEK_S - 1);
    expect(Number(call_permission_reply.expiration_timestamp)).toBeLessThanOrEqual(at + WEEK_S + 5);
  });

  it('is given on the profile, permanently and without context', async () => {
    await start();
    await business.whatsapp.grant(ANA, 'permanent');
    const message = await reply(business);
    expect(message).not.toHaveProperty('context');
    expect(message['interactive']).toEqual({
      type: 'call_permission_reply',
      call_permission_reply: { response: 'accept', is_permanent: true, response_source: 'user_action' },
    });
  });

  it('is given by a user who calls, where the number has that set, naming their call', async () => {
    await start();
    business.whatsapp.judge.configure('111', { callback: true });
    const handset = { offer: 'v=0\r\n', applyAnswer: async () => {}, accepted: () => {}, close: async () => {} };
    const call = await business.whatsapp.call({ user: { waId: ANA }, handset: async () => handset });
    expect(await reply(business)).toMatchObject({
      context: { id: call.callId },
      interactive: {
        call_permission_reply: {
          response: 'accept',
          is_permanent: false,
          expiration_timestamp: expect.any(String),
          response_source: 'automatic',
        },
      },
    });
    call.hangUp();
    await call.waitFor('closed', 2_000);
    expect((await business.connect()).status).toBe(200);
  });

  it('is taken back on the profile, and Meta may tell or not', async () => {
    await start();
    await business.whatsapp.grant(ANA, 'permanent');
    await business.whatsapp.revoke(ANA);
    expect(business.events).toHaveLength(1);
    expect(codeOf(await business.connect())).toBe(138006);
    await business.whatsapp.revoke(ANA, { tell: true });
    expect(business.events).toHaveLength(2);
  });

  it('is no business of a template that does not ask, or of another message', async () => {
    await start({ permissionTemplates: ['other'] });
    for (let n = 0; n < 3; n += 1) expect((await business.ask('template')).status).toBe(200);
    const text = { messaging_product: 'whatsapp', to: ANA, type: 'text', text: { body: 'Hello' } };
    expect((await business.post('111/messages', text)).status).toBe(200);
    expect(business.whatsapp.graphRequests.map(({ action }) => action)).toEqual(Array(4).fill('message'));
  });

  it.each<[string, Record<string, unknown>]>([
    ['nobody', { to: undefined }],
    ['another product', { messaging_product: 'sms' }],
    [
      'a header',
      { interactive: { type: 'call_permission_request', action: { name: 'call_permission_request' }, header: {} } },
    ],
    ['another action', { interactive: { type: 'call_permission_request', action: { name: 'voice_call' } } }],
    [
      'a body without text',
      { interactive: { type: 'call_permission_request', action: { name: 'call_permission_request' }, body: {} } },
    ],
    ['a template without a name', { type: 'template', template: {} }],
  ])('is not asked for with %s', async (_what, more) => {
    await start();
    const body = { messaging_product: 'whatsapp', to: ANA, type: 'interactive', ...more };
    expect(codeOf(await business.post('111/messages', body))).toBe(100);
  });

  it('is reported by number and by BSUID', async () => {
    await start();
    await business.whatsapp.grant(ANA, 'temporary');
    const { status, body } = await business.get(`111/call_permissions?user_wa_id=${ANA}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      permission: { status: 'temporary', expiration_time: expect.any(Number) },
      actions: [
        { action_name: 'send_call_permission_request' },
        { action_name: 'start_call', can_perform_action: true },
      ],
    });
    const userId = (await reply(business))['from_user_id'];
    expect((await business.get(`111/call_permissions?recipient=${userId}`)).body).toEqual(body);
    expect(codeOf(await business.get('111/call_permissions'))).toBe(100);
  });

  it('is reported five times a second at most', async () => {
    const now = Date.now();
    await start({ now: () => now });
    const statuses: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      statuses.push((await business.get(`111/call_permissions?user_wa_id=${ANA}`)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  });

  it('ends by a clock that tests can put forward', async () => {
    let ahead = 0;
    await start({ now: () => Date.now() + ahead });
    await business.whatsapp.grant(ANA, 'temporary');
    ahead = WEEK_S * 1000 + 1_000;
    expect(codeOf(await business.connect())).toBe(138006);
  });

  it('is of no use while calls of the number are paused, of which a webhook tells', async () => {
    await start();
    await business.whatsapp.grant(ANA, 'permanent');
    const until = Math.floor(Date.now() / 1000) * 1000 + 60_000;
    await business.whatsapp.restrict(until);
    const { values, raw } = business.catcher.caught.at(-1) ?? { values: [], raw: '' };
    expect(values[0]).toEqual({
      phone_number: '15550001111',
      event: 'ACCOUNT_RESTRICTION',
      restriction_info: [{ restriction_type: 'RESTRICTED_BUSINESS_INITIATED_CALLING', expiration: until / 1000 }],
    });
    expect(JSON.parse(raw.toString()).entry[0]).toMatchObject({ time: expect.any(Number) });
    expect(codeOf(await business.connect())).toBe(138014);
  });

  it('is of no use while calling is switched off, of which a webhook tells, as when it is on again', async () => {
    await start();
    await business.whatsapp.grant(ANA, 'permanent');
    for (const [on, status] of [
      [false, 'DISABLED'],
      [true, 'ENABLED'],
    ] as const) {
      await business.whatsapp.switchCalling(on);
      const { values, raw } = business.catcher.caught.at(-1) ?? { values: [], raw: '' };
      expect(values[0]).toMatchObject({
        type: 'phone_number_settings',
        phone_number_settings: { calling: { status } },
      });
      expect(JSON.parse(raw.toString()).entry[0].changes[0].field).toBe('account_settings_update');
      const code = codeOf(await business.connect());
      if (on) expect(code).not.toBe(138000);
      else expect(code).toBe(138000);
    }
  });
});
