import { describe, expect, it } from 'vitest';
import { NO_RULES, type NumberRules } from '../../../src/agents/ports.ts';
import { DEFAULT_POLICY } from '../../../src/call/index.ts';
import { DEFAULT_DIAL_RULES, type DialRules } from '../../../src/permissions/ports.ts';
import { openDatabase, SealError } from '../../../src/storage/index.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES, everythingIn } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';
import { numberSettings } from '../../support/number-settings.ts';

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

    expect(await numbers.remove('106540352242922')).toBe(true);
    expect(await numbers.remove('106540352242922')).toBe(false);
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
    await numbers.remove('106540352242922');
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
    await numbers.remove('106540352242922');
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
    expect(numbers.numberShowing('15550100000')).toBe('106540352242922');
    expect(numbers.numberShowing('15550100001')).toBeNull();
    expect(numbers.numberShowing('')).toBeNull();
  });

  it('learn how they are displayed from webhooks, and keep it when the environment does not know', async () => {
    const place = await fresh();
    const { numbers } = await openTestDatabase(place);
    await numbers.upsert(numberSettings({ displayPhoneNumber: null }), 1);
    await numbers.showsAs('106540352242922', '15550109999');
    await numbers.showsAs('not ours', '15550100001');
    await numbers.upsert(numberSettings({ displayPhoneNumber: null }), 2);
    expect(numbers.displayPhoneNumber('106540352242922')).toBe('15550109999');
    expect(numbers.numberShowing('15550109999')).toBe('106540352242922');
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
});
