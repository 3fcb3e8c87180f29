import { describe, expect, it } from 'vitest';
import { NO_RULES, type NumberRules } from '../../../src/agents/ports.ts';
import { DEFAULT_POLICY, DEFAULT_PROJECT_ID } from '../../../src/call/index.ts';
import type { NewNumber } from '../../../src/calls-api/ports.ts';
import { DEFAULT_DIAL_RULES, type DialRules } from '../../../src/permissions/ports.ts';
import { openDatabase, SealError } from '../../../src/storage/index.ts';
import { callIdentity, PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES, everythingIn } from '../../support/databases.ts';
import { dialOrder } from '../../support/dial-order.ts';
import { MASTER_KEY } from '../../support/master-key.ts';
import { numberSettings } from '../../support/number-settings.ts';
import { hearAll, toldIn } from '../../support/told.ts';
import { assignmentOf, voiceAgent } from '../../support/voice-agent.ts';

describe.each(DATABASES)('numbers ($name)', ({ fresh }) => {
  it('are the same after a restart, secrets included', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const bare = numberSettings({
      phoneNumberId: '2',
      displayPhoneNumber: null,
      credentials: { kind: 'api-key', secret: 'k' },
      policy: {
        ...DEFAULT_POLICY,
        maxDurationMs: 60_000,
        onAgentUnavailable: { action: 'prompt', prompt: 'a.ogg' },
      },
    });
    await first.numbers.upsert(numberSettings(), 1);
    await first.numbers.upsert(bare, 2);
    await first.close();
    const { numbers } = await openTestDatabase(place);
    expect(numbers.list()).toEqual([numberSettings(), bare]);
    expect(await numbers.credentials('2')).toEqual({ kind: 'api-key', secret: 'k' });
    expect(numbers.handlingOf('106540352242922')).toEqual({ policy: numberSettings().policy, rules: NO_RULES });
  });

  it('are never in the database with their tokens in clear', async () => {
    const place = await fresh();
    const { numbers } = await openTestDatabase(place);
    await numbers.upsert(numberSettings(), 1);
    const stored = await everythingIn(place);
    expect(stored).toContain('106540352242922');
    expect(stored).not.toContain('the-access-token-in-clear');
  });

  it('do not open with another master key, and the error says why', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    await first.numbers.upsert(numberSettings(), 1);
    await first.close();
    const other = openDatabase({ ...place, masterKey: Buffer.alloc(32, 9) });
    await expect(other).rejects.toThrow(SealError);
    await expect(other).rejects.toThrow(/another master key/);
  });

  it('are replaced as a whole, and gone when removed', async () => {
    const place = await fresh();
    const { numbers } = await openTestDatabase(place);
    await numbers.upsert(numberSettings(), 1);
    await numbers.upsert(numberSettings({ policy: DEFAULT_POLICY }), 2);
    const again = await openTestDatabase(place);
    expect(again.numbers.handlingOf('106540352242922')?.policy).toEqual(DEFAULT_POLICY);

    expect(await numbers.remove('106540352242922', 3)).toBe('removed');
    expect(await numbers.remove('106540352242922', 4)).toBe('unknown');
    expect(numbers.isOurs('106540352242922')).toBe(false);
    expect(await numbers.credentials('106540352242922')).toBeNull();
    expect((await openTestDatabase(place)).numbers.list()).toEqual([]);
  });

  it('keep their rules when they are described anew, and over a restart', async () => {
    const rules: NumberRules = {
      maxConcurrentCalls: 3,
      hours: {
        timeZone: 'Europe/Berlin',
        weekly: [{ day: 'mon', from: '09:00', to: '24:00' }],
        closedOn: ['2026-12-24'],
      },
      outsideHours: { action: 'prompt', prompt: 'closed.ogg' },
      allow: ['15550100001'],
      deny: ['US.134912345'],
      answerWithinMs: 20_000,
    };
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    await first.numbers.upsert(numberSettings(), 1);
    await first.numbers.setRules('106540352242922', rules, 2);
    await first.numbers.setRules('not ours', rules, 2);
    await first.numbers.upsert(numberSettings({ policy: DEFAULT_POLICY }), 3);
    expect(first.numbers.rules('106540352242922')).toEqual(rules);
    await first.close();
    const { numbers } = await openTestDatabase(place);
    expect(numbers.handlingOf('106540352242922')).toEqual({ policy: DEFAULT_POLICY, rules });
    expect(numbers.rules('not ours')).toBeNull();
    await numbers.remove('106540352242922', 4);
    await numbers.upsert(numberSettings(), 4);
    expect(numbers.rules('106540352242922')).toEqual(NO_RULES);
  });

  it('keep how they call people, as they keep their rules', async () => {
    const dialRules: DialRules = {
      profile: 'sandbox',
      stopAfterUnanswered: null,
      warnAfterUnanswered: 1,
      ringTimeoutMs: 30_000,
      answeredBy: 'accepted_or_media',
      permissionDeadlineMs: 60_000,
      quietHours: { from: '21:00', to: '08:00' },
      requestText: 'May we call you?',
      requestTemplate: { name: 'may_we', language: 'en_US', components: [{ type: 'body' }] },
      messagingTier: 2_000,
    };
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    await first.numbers.upsert(numberSettings(), 1);
    expect(first.numbers.dialRules('106540352242922')).toEqual(DEFAULT_DIAL_RULES);
    await first.numbers.setDialRules('106540352242922', dialRules, 2);
    await first.numbers.setDialRules('not ours', dialRules, 2);
    await first.numbers.setRules('106540352242922', NO_RULES, 3);
    await first.numbers.upsert(numberSettings({ policy: DEFAULT_POLICY }), 4);
    expect(first.numbers.dialRules('106540352242922')).toEqual(dialRules);
    await first.close();
    const { numbers } = await openTestDatabase(place);
    expect(numbers.dialRules('106540352242922')).toEqual(dialRules);
    expect(numbers.dialRules('not ours')).toBeNull();
    await numbers.remove('106540352242922', 5);
    await numbers.upsert(numberSettings(), 5);
    expect(numbers.dialRules('106540352242922')).toEqual(DEFAULT_DIAL_RULES);
  });

  it('are found by what they display, however that is written', async () => {
    const { numbers } = await openTestDatabase(await fresh());
    await numbers.upsert(numberSettings(), 1);
    await numbers.upsert(numberSettings({ phoneNumberId: '2', displayPhoneNumber: null }), 2);
    expect(numbers.displayPhoneNumber('106540352242922')).toBe('+1 555-010-0000');
    expect(numbers.displayPhoneNumber('2')).toBeNull();
    expect(numbers.displayPhoneNumber('not ours')).toBeNull();
    expect(numbers.numbersShowing('15550100000')).toEqual(['106540352242922']);
    expect(numbers.numbersShowing('15550100001')).toEqual([]);
    expect(numbers.numbersShowing('')).toEqual([]);
  });

  it('learn how they are displayed from webhooks, and keep it when the environment does not know', async () => {
    const place = await fresh();
    const { numbers } = await openTestDatabase(place);
    await numbers.upsert(numberSettings({ displayPhoneNumber: null }), 1);
    await numbers.showsAs('106540352242922', '15550109999');
    await numbers.showsAs('not ours', '15550100001');
    await numbers.upsert(numberSettings({ displayPhoneNumber: null }), 2);
    expect(numbers.displayPhoneNumber('106540352242922')).toBe('15550109999');
    expect(numbers.numbersShowing('15550109999')).toEqual(['106540352242922']);
    const again = await openTestDatabase(place);
    expect(again.numbers.displayPhoneNumber('106540352242922')).toBe('15550109999');
    expect(numbers.isOurs('not ours')).toBe(false);
  });

  it('that are not ours have neither credentials nor a policy', async () => {
    const { numbers } = await openTestDatabase(await fresh());
    expect(numbers.isOurs('1')).toBe(false);
    expect(await numbers.credentials('1')).toBeNull();
    expect(numbers.handlingOf('1')).toBeNull();
    expect(numbers.rules('1')).toBeNull();
  });

  it('are connected once, whoever asks first', async () => {
    const place = await fresh();
    const database = await openTestDatabase(place);
    await hearAll(database);
    const { numbers } = database;
    const answers = await Promise.all([1, 2].map((at) => numbers.connect(newNumber({ verifiedName: `${at}` }), at)));
    expect(answers).toEqual([true, false]);
    expect(numbers.connectedNumber('7')).toEqual({
      phoneNumberId: '7',
      projectId: DEFAULT_PROJECT_ID,
      displayPhoneNumber: '+49 30 7',
      verifiedName: '1',
      businessAccountId: '99',
      credentialKind: 'api-key',
      hasAppSecret: true,
      storesMessages: true,
      createdAt: 1,
      updatedAt: 1,
    });
    expect(numbers.connected(DEFAULT_PROJECT_ID)).toHaveLength(1);
    expect(numbers.connected('another project')).toEqual([]);
    const again = await openTestDatabase(place);
    expect(again.numbers.connectedNumber('7')).toEqual(numbers.connectedNumber('7'));
    expect(await again.numbers.credentials('7')).toEqual({ kind: 'api-key', secret: 'the-key-in-clear' });
    expect(again.numbers.storesMessages('7')).toBe(true);
    expect(again.numbers.storesMessages('8')).toBe(false);
    expect(await everythingIn(place)).not.toMatch(/in-clear/);
    expect((await toldIn(place)).map(({ type, body }) => [type, body.phone_number_id])).toEqual([
      ['whatsapp.phone_number.created', '7'],
    ]);
  });

  it('change in what is named alone, also when two change them at once', async () => {
    const place = await fresh();
    const { numbers } = await openTestDatabase(place);
    await numbers.connect(newNumber(), 1);
    const credentials = { kind: 'bearer', secret: 'the new one' } as const;
    await Promise.all([
      numbers.change('7', { credentials }, 2),
      numbers.showsAs('7', '4930777'),
      numbers.change('7', { storesMessages: false, businessAccountId: null, appSecret: null }, 3),
    ]);
    for (const { numbers: each } of [{ numbers }, await openTestDatabase(place)]) {
      expect(await each.credentials('7')).toEqual(credentials);
      expect(each.connectedNumber('7')).toMatchObject({
        displayPhoneNumber: '4930777',
        businessAccountId: null,
        hasAppSecret: false,
        storesMessages: false,
        verifiedName: 'Ada',
      });
    }
    expect(await numbers.change('8', { storesMessages: true }, 4)).toBe(false);
  });

  it('keep what the environment does not say when it describes them anew', async () => {
    const { numbers } = await openTestDatabase(await fresh());
    await numbers.connect(newNumber(), 1);
    const credentials = { kind: 'bearer', secret: 'of the environment' } as const;
    await numbers.upsert({ phoneNumberId: '7', displayPhoneNumber: null, credentials, policy: DEFAULT_POLICY }, 2);
    expect(numbers.connectedNumber('7')).toMatchObject({
      displayPhoneNumber: '+49 30 7',
      credentialKind: 'bearer',
      businessAccountId: '99',
      hasAppSecret: true,
    });
  });

  it('are found by their account and by the secrets of their apps, which follow every change', async () => {
    const { numbers } = await openTestDatabase(await fresh());
    await numbers.connect(newNumber(), 1);
    await numbers.connect(newNumber({ phoneNumberId: '8' }), 1);
    await numbers.connect(newNumber({ phoneNumberId: '9', appSecret: null, businessAccountId: '1' }), 1);
    expect(numbers.numbersOfAccount('99')).toEqual(['7', '8']);
    expect(numbers.numbersOfAccount('2')).toEqual([]);
    expect(numbers.signers()).toEqual([{ appSecret: 'the-secret-in-clear', phoneNumberIds: ['7', '8'] }]);
    await numbers.change('8', { appSecret: 'another' }, 2);
    expect(numbers.signers()).toEqual([
      { appSecret: 'the-secret-in-clear', phoneNumberIds: ['7'] },
      { appSecret: 'another', phoneNumberIds: ['8'] },
    ]);
    await numbers.remove('7', 3);
    expect(numbers.signers().map(({ phoneNumberIds }) => phoneNumberIds)).toEqual([['8']]);
  });

  it('leave with what is known of them and with dials that wait, and their calls stay in the log', async () => {
    const place = await fresh();
    const database = await openTestDatabase(place);
    await hearAll(database);
    const { numbers, numberStates, permissions, calls } = database;
    await numbers.upsert(numberSettings(), 1);
    const off = { type: 'calling_settings', calling: { status: 'DISABLED' }, changed: true } as const;
    await numberStates.handle({ phoneNumberId: PHONE_NUMBER_ID, at: 1_000, ...off });
    const call = callIdentity();
    await calls.create(call, 'answered', 1, null);
    const order = dialOrder({ user: { waId: '15550100002', userId: null } });
    await permissions.wait({ order, state: 'scheduled', nextAt: 9 }, 1);
    expect(await numbers.remove(PHONE_NUMBER_ID, 2)).toBe('calls_live');
    expect(numbers.isOurs(PHONE_NUMBER_ID)).toBe(true);
    expect(await permissions.waiting(order.id)).not.toBeNull();

    const ending = { class: 'completed', reason: 'user_hangup', endedBy: 'user', detail: null } as const;
    await calls.update(call.id, { status: 'completed', ending, endedAt: 3 }, 3);
    expect(await numbers.remove(PHONE_NUMBER_ID, 4)).toBe('removed');
    expect(await permissions.waiting(order.id)).toBeNull();
    expect(await calls.find(DEFAULT_PROJECT_ID, order.id)).toMatchObject({ ending: { reason: 'cancelled' } });
    expect(await calls.find(DEFAULT_PROJECT_ID, call.id)).toMatchObject({ status: 'completed' });
    const deleted = (await toldIn(place)).filter(({ type }) => type === 'whatsapp.phone_number.deleted');
    expect(deleted).toHaveLength(1);

    await numbers.upsert(numberSettings(), 5);
    expect((await numberStates.standingOf([PHONE_NUMBER_ID], 5)).size).toBe(0);
  });

  it('leave their agents', async () => {
    const place = await fresh();
    const { numbers, agents } = await openTestDatabase(place);
    await numbers.upsert(numberSettings(), 1);
    const agent = voiceAgent();
    await agents.put(agent);
    await agents.putAssignments([assignmentOf(agent)]);
    await numbers.remove(PHONE_NUMBER_ID, 2);
    expect((await openTestDatabase(place)).agents.assignments({ phoneNumberId: PHONE_NUMBER_ID })).toEqual([]);
  });
});

function newNumber(differences: Partial<NewNumber> = {}): NewNumber {
  return {
    phoneNumberId: '7',
    projectId: DEFAULT_PROJECT_ID,
    displayPhoneNumber: '+49 30 7',
    verifiedName: 'Ada',
    businessAccountId: '99',
    credentials: { kind: 'api-key', secret: 'the-key-in-clear' },
    appSecret: 'the-secret-in-clear',
    storesMessages: true,
    ...differences,
  };
}
