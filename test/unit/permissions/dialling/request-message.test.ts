import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recipientOf, recogniseRequest, requestMessage } from '../../../../src/permissions/dialling/request-message.ts';
import { rulesOf } from '../permission-state.ts';

const PHONE = { waId: '4915500001', userId: 'DE.1' };
const BSUID = { waId: null, userId: 'DE.1' };
const TEMPLATE = { name: 'may_we', language: 'de', components: [{ type: 'body' }] };

describe('the message that asks', () => {
  it('is free of form inside the window, with the words of the number if it has any', () => {
    const message = requestMessage(PHONE, 'free_form', rulesOf({ requestText: 'May we call?' }), null);
    expect(message).toEqual({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: '4915500001',
      type: 'interactive',
      interactive: {
        type: 'call_permission_request',
        action: { name: 'call_permission_request' },
        body: { text: 'May we call?' },
      },
    });
    expect(JSON.stringify(requestMessage(PHONE, 'free_form', rulesOf(), null))).not.toContain('body');
  });

  it('is a template outside: the one of the dial, else that of the number', () => {
    const own = { ...TEMPLATE, name: 'own' };
    const rules = rulesOf({ requestTemplate: TEMPLATE });
    const template = { name: 'may_we', language: { code: 'de' }, components: TEMPLATE.components };
    expect(requestMessage(BSUID, 'template', rules, null)).toMatchObject({
      recipient: 'DE.1',
      type: 'template',
      template,
    });
    expect(requestMessage(BSUID, 'template', rules, own)).toMatchObject({ template: { name: 'own' } });
    expect(() => requestMessage(BSUID, 'template', rulesOf(), null)).toThrow(TypeError);
  });

  it('is recognised by the same rules, whoever wrote it', () => {
    const rules = rulesOf({ requestTemplate: TEMPLATE });
    const free = requestMessage(PHONE, 'free_form', rules, null);
    const template = requestMessage(BSUID, 'template', rules, null);
    expect(recogniseRequest(free, rules)).toEqual({ user: { waId: '4915500001', userId: null }, template: false });
    expect(recogniseRequest(template, rules)).toEqual({ user: BSUID, template: true });
    expect(recogniseRequest(template, rulesOf())).toBeNull();
    expect(recogniseRequest({ to: '1', type: 'text', text: { body: 'Hello' } }, rules)).toBeNull();
  });
});

describe('whom a body is for', () => {
  it.each<[object, object | null]>([
    [{ to: '+49 (155) 00-001' }, { waId: '4915500001', userId: null }],
    [{ to: 4915500001 }, { waId: '4915500001', userId: null }],
    [{ recipient: 'DE.1' }, BSUID],
    [
      { to: '49', recipient: 'DE.1' },
      { waId: '49', userId: 'DE.1' },
    ],
    [{ to: 'nobody' }, null],
    [{}, null],
  ])('%j', (body, user) => {
    expect(recipientOf(body)).toEqual(user);
  });

  it('is nobody in whatever else may come', () => {
    const rules = rulesOf({ requestTemplate: TEMPLATE });
    fc.assert(
      fc.property(fc.anything(), (body) => {
        const user = recipientOf(body);
        expect(user === null || user.waId !== null || user.userId !== null).toBe(true);
        expect(user === null && recogniseRequest(body, rules) !== null).toBe(false);
      }),
    );
  });
});
