import { describe, expect, it } from 'vitest';
import { splitWebhook } from '../../../src/signaling/forward/split-webhook.ts';
import { callsWebhook, OUR_NUMBER } from '../../support/webhook.ts';

const options = { wants: (id: string) => id === OUR_NUMBER, numbersShowing: () => [] };
const split = (body: unknown) => splitWebhook(Buffer.from(JSON.stringify(body)), options);
const changeIn = (body: string) => JSON.parse(body).entry[0].changes[0].value;

describe('of a change with several calls', () => {
  const ANA = { wa_id: '15550100001' };
  const BOB = { user_id: 'US.2' };
  const calls = [
    { id: 'wacid.A', from: '15550100001', event: 'terminate', status: 'COMPLETED' },
    { id: 'wacid.B', from_user_id: 'US.2', event: 'terminate', status: 'FAILED' },
  ];

  it('each part has the people of its call, and strangers are with the first', () => {
    const parts = split(callsWebhook({ calls, contacts: [ANA, BOB, { wa_id: '15550100009' }] }));
    expect(parts.map(({ callId, body }) => [callId, changeIn(body).contacts])).toEqual([
      ['wacid.A', [ANA, { wa_id: '15550100009' }]],
      ['wacid.B', [BOB]],
    ]);
  });

  it('errors beside the calls go with the call that failed and names none', () => {
    const errors = [{ code: 138_021 }];
    expect(split(callsWebhook({ calls, errors })).map(({ body }) => changeIn(body).errors)).toEqual([
      undefined,
      errors,
    ]);
    const [first] = calls;
    const both = [first, { ...first, id: 'wacid.B' }];
    expect(split(callsWebhook({ calls: both, errors })).map(({ body }) => changeIn(body).errors)).toEqual([
      errors,
      undefined,
    ]);
  });

  it('everything else of the change stays in each', () => {
    for (const { body } of split(callsWebhook({ calls }))) {
      expect(JSON.parse(body)).toMatchObject({
        object: 'whatsapp_business_account',
        entry: [{ id: '100000000000001' }],
      });
      expect(changeIn(body)).toMatchObject({
        messaging_product: 'whatsapp',
        metadata: { phone_number_id: OUR_NUMBER },
      });
    }
  });
});

describe('a part', () => {
  it('has every digit of its numbers', () => {
    const own = JSON.stringify(callsWebhook({ calls: [{ id: 'wacid.A' }] }));
    const [text, other] = [own.replace('"wacid.A"', '"wacid.A","media_id":122119000000000123456'), own];
    const [change, foreign] = [text, other.replaceAll(OUR_NUMBER, '999')].map((body) =>
      body.slice(body.indexOf('{"field"'), -4),
    );
    const whole = `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[${change},${foreign}]}]}`;
    const [part, ...more] = splitWebhook(Buffer.from(whole), options);
    expect(more).toEqual([]);
    expect(part?.body).toContain('"media_id":122119000000000123456');
    expect(part?.body).not.toContain('999');
  });
});

describe('a body that is made to grow', () => {
  it.each([
    ['by many calls', Array.from({ length: 20_000 }, (_, n) => ({ id: `w${n}` })), ''],
    ['by what every part repeats', Array.from({ length: 900 }, (_, n) => ({ id: `w${n}` })), 'x'.repeat(2_000_000)],
  ])('%s is handed on as one', (_how, calls, note) => {
    const parts = split(callsWebhook({ calls, note }));
    expect(parts.map(({ phoneNumberId, callId }) => [phoneNumberId, callId])).toEqual([[OUR_NUMBER, null]]);
  });

  it('by a batch as large as Meta sends is split all the same', () => {
    const calls = Array.from({ length: 1_000 }, (_, n) => ({ id: `w${n}`, from: `1555010${n}` }));
    expect(split(callsWebhook({ calls }))).toHaveLength(1_000);
  });
});
