import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NO_RULES, type NumberRules } from '../../../src/agents/ports.ts';
import { DEFAULT_POLICY } from '../../../src/call/index.ts';
import { type NumberSettings, openDatabase, SealError } from '../../../src/storage/index.ts';
import { openTestDatabase, temporaryDatabasePath } from '../../support/database.ts';
import { MASTER_KEY } from '../../support/master-key.ts';

function settings(parts: Partial<NumberSettings> = {}): NumberSettings {
  return {
    phoneNumberId: '106540352242922',
    displayPhoneNumber: '+1 555-010-0000',
    credentials: { kind: 'bearer', secret: 'EAAG-the-access-token-in-clear' },
    policy: { ...DEFAULT_POLICY, maxDurationMs: 600_000 },
    ...parts,
  };
}

describe('numbers', () => {
  it('are the same after a restart, secrets included', async () => {
    const path = temporaryDatabasePath();
    const first = await openDatabase({ path, masterKey: MASTER_KEY });
    const bare = settings({
      phoneNumberId: '2',
      displayPhoneNumber: null,
      credentials: { kind: 'api-key', secret: 'k' },
      policy: {
        ...DEFAULT_POLICY,
        maxDurationMs: 60_000,
        onAgentUnavailable: { action: 'prompt', prompt: 'a.ogg' },
      },
    });
    await first.numbers.upsert(settings(), 1);
    await first.numbers.upsert(bare, 2);
    await first.close();
    const { numbers } = await openTestDatabase(path);
    expect(numbers.list()).toEqual([settings(), bare]);
    expect(await numbers.credentials('2')).toEqual({ kind: 'api-key', secret: 'k' });
    expect(numbers.handlingOf('106540352242922')).toEqual({ policy: settings().policy, rules: NO_RULES });
  });

  it('never stand in the files of the database with their tokens in clear', async () => {
    const path = temporaryDatabasePath();
    const { numbers } = await openTestDatabase(path);
    await numbers.upsert(settings(), 1);
    const files = readdirSync(dirname(path)).map((name) => readFileSync(join(dirname(path), name)).toString('latin1'));
    expect(files.join()).toContain('106540352242922');
    for (const file of files) {
      expect(file).not.toContain('the-access-token-in-clear');
    }
  });

  it('do not open with another master key, and the error says why', async () => {
    const path = temporaryDatabasePath();
    const first = await openDatabase({ path, masterKey: MASTER_KEY });
    await first.numbers.upsert(settings(), 1);
    await first.close();
    const other = openDatabase({ path, masterKey: Buffer.alloc(32, 9) });
    await expect(other).rejects.toThrow(SealError);
    await expect(other).rejects.toThrow(/another master key/);
  });

  it('are replaced as a whole, and gone when removed', async () => {
    const path = temporaryDatabasePath();
    const { numbers } = await openTestDatabase(path);
    await numbers.upsert(settings(), 1);
    await numbers.upsert(settings({ policy: DEFAULT_POLICY }), 2);
    const again = await openTestDatabase(path);
    expect(again.numbers.handlingOf('106540352242922')?.policy).toEqual(DEFAULT_POLICY);

    expect(await numbers.remove('106540352242922')).toBe(true);
    expect(await numbers.remove('106540352242922')).toBe(false);
    expect(numbers.isOurs('106540352242922')).toBe(false);
    expect(await numbers.credentials('106540352242922')).toBeNull();
    expect((await openTestDatabase(path)).numbers.list()).toEqual([]);
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
    const path = temporaryDatabasePath();
    const first = await openDatabase({ path, masterKey: MASTER_KEY });
    await first.numbers.upsert(settings(), 1);
    await first.numbers.setRules('106540352242922', rules, 2);
    await first.numbers.setRules('not ours', rules, 2);
    await first.numbers.upsert(settings({ policy: DEFAULT_POLICY }), 3);
    expect(first.numbers.rules('106540352242922')).toEqual(rules);
    await first.close();
    const { numbers } = await openTestDatabase(path);
    expect(numbers.handlingOf('106540352242922')).toEqual({ policy: DEFAULT_POLICY, rules });
    expect(numbers.rules('not ours')).toBeNull();
    await numbers.remove('106540352242922');
    await numbers.upsert(settings(), 4);
    expect(numbers.rules('106540352242922')).toEqual(NO_RULES);
  });

  it('that are not ours have neither credentials nor a policy', async () => {
    const { numbers } = await openTestDatabase();
    expect(numbers.isOurs('1')).toBe(false);
    expect(await numbers.credentials('1')).toBeNull();
    expect(numbers.handlingOf('1')).toBeNull();
    expect(numbers.rules('1')).toBeNull();
  });
});
