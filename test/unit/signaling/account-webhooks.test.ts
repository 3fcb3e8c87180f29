import { describe, expect, it } from 'vitest';
import { type AccountFinding, createSettingsMirror, parseWebhook } from '../../../src/signaling/index.ts';
import {
  OUR_DISPLAY,
  OUR_NUMBER,
  restrictionWebhook,
  settingsWebhook,
  violationWebhook,
  webhookBytes,
} from '../../support/webhook.ts';

const RECEIVED_AT = 1_767_168_009_000;
const AT = 1_767_168_000_000;
const EXPIRES = 1_768_550_400;
const OUTBOUND = 'RESTRICTED_BUSINESS_INITIATED_CALLING';

const parse = (body: unknown) => parseWebhook(body, RECEIVED_AT);
const words = (body: unknown): readonly AccountFinding[] => parse(body).accounts;
const reasons = (body: unknown) => parse(body).ignored.map(({ reason }) => reason);
const update = (value: unknown) => ({ entry: [{ changes: [{ field: 'account_update', value }] }] });
const ofDisplay = { of: { displayPhoneNumber: OUR_DISPLAY }, at: AT };
const ofId = { of: { phoneNumberId: OUR_NUMBER }, at: AT };

describe('a restriction of a number', () => {
  it('from starting calls is told with its end, of the number that is displayed so', () => {
    expect(parse(webhookBytes('account-restriction'))).toMatchObject({
      accounts: [
        {
          of: { displayPhoneNumber: OUR_DISPLAY },
          at: 1_641_848_059_000,
          type: 'restricted',
          kind: 'business_calls',
          until: 1_642_452_857_000,
        },
      ],
      permissions: [],
      ignored: [],
    });
  });

  it('may have no end', () => {
    expect(words(restrictionWebhook(OUTBOUND, null))).toMatchObject([{ until: null }]);
  });

  it.each([
    [OUTBOUND, 'business_calls'],
    ['RESTRICTED_USER_INITIATED_CALLING', 'user_calls'],
    ['RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN', 'call_button'],
  ])('%s is told as %s', (type, kind) => {
    const restricted = { type: 'restricted', kind, until: EXPIRES * 1000, remediation: null };
    expect(words(restrictionWebhook(type, EXPIRES))).toEqual([{ ...ofDisplay, ...restricted }]);
  });

  it('of the call button says what is to be done', () => {
    const restriction_info = {
      restriction_type: 'RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN',
      remediation: 'Pick up\nmore calls',
    };
    const body = update({ phone_number: OUR_DISPLAY, event: 'ACCOUNT_RESTRICTION', restriction_info });
    expect(words(body)).toMatchObject([{ kind: 'call_button', until: null, remediation: 'Pick up more calls' }]);
  });

  it('is read in any letter case, from a list, and with the number in any writing', () => {
    const value = {
      phone_number: '+1 (555) 000-1111',
      event: 'account_restriction',
      restriction_info: { restriction_type: OUTBOUND.toLowerCase(), expiration: `${EXPIRES}` },
    };
    expect(words(update([value]))).toMatchObject([{ ...ofDisplay, at: RECEIVED_AT, until: EXPIRES * 1000 }]);
  });

  it('may be one of several', () => {
    const items = [OUTBOUND, 'RESTRICTED_USER_INITIATED_CALLING', 'RESTRICTED_DANCING'];
    const restriction_info = items.map((restriction_type) => ({ restriction_type }));
    const body = update({ phone_number: OUR_DISPLAY, event: 'ACCOUNT_RESTRICTION', restriction_info });
    expect(words(body)).toMatchObject([{ kind: 'business_calls' }, { kind: 'user_calls' }]);
  });

  it('of a kind that is not of calls is ignored with a reason', () => {
    const body = restrictionWebhook('RESTRICTED_ADD_PHONE_NUMBER_ACTION', EXPIRES);
    expect(words(body)).toEqual([]);
    expect(reasons(body)).toEqual(['no restriction of calls']);
  });

  it('of a number that cannot be read is of nobody', () => {
    const value = {
      phone_number: 'US.ENT',
      event: 'ACCOUNT_RESTRICTION',
      restriction_info: [{ restriction_type: OUTBOUND }],
    };
    expect(reasons(update(value))).toEqual(['no phone number']);
  });
});

describe('a warning', () => {
  it('is told, and what is to be done', () => {
    expect(parse(webhookBytes('account-update'))).toMatchObject({
      accounts: [{ type: 'warned', violation: 'USER_INITIATED_CALLS_LOW_PICKUP_RATE', remediation: null }],
      ignored: [],
    });
    const violation = 'LOW_BUSINESS_INITIATED_CALLING_QUALITY';
    expect(words(violationWebhook(violation, 'Call fewer people'))).toEqual([
      { ...ofDisplay, type: 'warned', violation, remediation: 'Call fewer people' },
    ]);
  });

  it.each(['', 'not a word of Meta', 'X'.repeat(101)])('that is %j is none', (violation) => {
    expect(reasons(violationWebhook(violation, null))).toEqual(['no violation']);
  });
});

describe('another account update', () => {
  it('is ignored with its name', () => {
    const body = update({ phone_number: OUR_DISPLAY, event: 'VOLUME_BASED_PRICING_TIER_UPDATE' });
    expect(words(body)).toEqual([]);
    expect(reasons(body)).toEqual(['event volume_based_pricing_tier_update is not worked off']);
  });
});

describe('a change of settings', () => {
  it.each(['phone_number_settings', 'PHONE_NUMBER_SETTINGS'])('is told as it was made, with the type %s', (type) => {
    const calling = { status: 'DISABLED', call_icon_visibility: 'DEFAULT', call_hours: { status: 'DISABLED' } };
    expect(words(settingsWebhook(calling, AT / 1000, type))).toEqual([
      { ...ofId, type: 'calling_settings', calling, changed: true },
    ]);
  });

  it('is read from the capture', () => {
    const [word] = words(webhookBytes('account-settings-update'));
    expect(word).toMatchObject({ of: { phoneNumberId: OUR_NUMBER }, type: 'calling_settings' });
    expect(parse(webhookBytes('account-settings-update')).ignored).toEqual([]);
  });

  it('says nothing if nothing of calling changed', () => {
    expect(words(settingsWebhook(null))).toEqual([]);
    expect(reasons(settingsWebhook(null))).toEqual(['nothing of calling']);
  });

  it('has no passwords, wherever they stand', () => {
    const servers = [{ hostname: 'sip.example.com', sip_user_password: 'SECRET', nested: { Password: 'SECRET' } }];
    const found = words(settingsWebhook({ status: 'ENABLED', sip: { status: 'ENABLED', servers } }));
    expect(found).toMatchObject([{ calling: { sip: { servers: [{ hostname: 'sip.example.com', nested: {} }] } } }]);
    expect(JSON.stringify(found)).not.toContain('SECRET');
  });

  it.each([
    ['too large', { status: 'ENABLED', note: 'x'.repeat(40_000) }],
    ['too deep', JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`)],
    ['a list', []],
    ['a text', 'ENABLED'],
  ])('that is %s is none', (_, calling) => {
    expect(words(settingsWebhook(calling))).toEqual([]);
    expect(reasons(settingsWebhook(calling))).toEqual(['nothing of calling']);
  });

  it('of something else, or of nobody, is ignored with a reason', () => {
    expect(reasons(settingsWebhook({ status: 'ENABLED' }, 1, 'waba_settings'))).toEqual([
      'type waba_settings is not worked off',
    ]);
    const value = { type: 'phone_number_settings', phone_number_settings: { calling: { status: 'ENABLED' } } };
    const body = { entry: [{ changes: [{ field: 'account_settings_update', value }] }] };
    expect(reasons(body)).toEqual(['no phone number id']);
  });
});

describe('settings that are read', () => {
  const read = async (calling: unknown) => {
    const told: object[] = [];
    const mirror = createSettingsMirror({ handle: async (event) => void told.push(event) });
    await mirror.seen(OUR_NUMBER, calling, AT);
    return told;
  };

  it('are told, and what is restricted by them, and what is not any more', async () => {
    const restriction = { type: OUTBOUND, reason: 'LOW_QUALITY', expiration: EXPIRES };
    for (const spelling of ['restrictions_list', 'restriction_list']) {
      const calling = { status: 'ENABLED', restrictions: { [spelling]: [restriction] } };
      expect(await read(calling)).toEqual([
        {
          phoneNumberId: OUR_NUMBER,
          at: AT,
          type: 'calling_settings',
          calling: { status: 'ENABLED' },
          changed: false,
        },
        expect.objectContaining({ type: 'restricted', kind: 'business_calls', until: EXPIRES * 1000 }),
        { phoneNumberId: OUR_NUMBER, at: AT, type: 'lifted', kind: 'user_calls' },
      ]);
    }
  });

  it('say nothing of restrictions without a list of them', async () => {
    expect(await read({ status: 'ENABLED' })).toMatchObject([{ type: 'calling_settings' }]);
    expect(await read({ status: 'ENABLED', restrictions: null })).toMatchObject([{ type: 'calling_settings' }]);
  });

  it.each([undefined, null, 1, 'ENABLED', []])('say nothing if they are %j', async (calling) => {
    expect(await read(calling)).toEqual([]);
  });
});
