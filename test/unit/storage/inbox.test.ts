import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { RawWebhook } from '../../../src/signaling/ports.ts';
import { openDatabase } from '../../../src/storage/index.ts';
import { openTestDatabase, temporaryDatabasePath } from '../../support/database.ts';
import { MASTER_KEY } from '../../support/master-key.ts';

function webhook(deliveryKey: string, parts: Partial<RawWebhook> = {}): RawWebhook {
  return { receivedAt: 1000, source: 'meta', deliveryKey, body: Buffer.from(`{"key":"${deliveryKey}"}`), ...parts };
}

describe('inbox', () => {
  it('gives back what it stored, byte for byte, oldest first', async () => {
    const { inbox } = await openTestDatabase();
    const body = Buffer.from([0, 255, 128, 10, 13, 0]);
    const first = await inbox.store(webhook('a', { body, source: 'kapso', receivedAt: 1_763_000_000_123 }));
    const second = await inbox.store(webhook('b'));
    expect(await inbox.pending(10)).toEqual([
      { id: first, receivedAt: 1_763_000_000_123, source: 'kapso', deliveryKey: 'a', body },
      { id: second, ...webhook('b') },
    ]);
    expect(await inbox.pending(1)).toHaveLength(1);
  });

  it('stores a delivery once, however often and however close together it comes', async () => {
    const { inbox } = await openTestDatabase();
    const ids = await Promise.all([inbox.store(webhook('a')), inbox.store(webhook('a')), inbox.store(webhook('b'))]);
    expect(ids.filter((id) => id === null)).toHaveLength(1);
    expect(await inbox.store(webhook('a'))).toBeNull();
    expect(await inbox.pending(10)).toHaveLength(2);
  });

  it('knows a delivery as a duplicate after it was worked off, until it is pruned', async () => {
    const { inbox } = await openTestDatabase();
    const id = await inbox.store(webhook('a'));
    await inbox.done(id!, 5000, { outcome: 'handled', keepBody: true });
    expect(await inbox.pending(10)).toEqual([]);
    expect(await inbox.store(webhook('a'))).toBeNull();
    expect(await inbox.prune(5000)).toBe(0);
    expect(await inbox.prune(5001)).toBe(1);
    expect(await inbox.store(webhook('a'))).not.toBeNull();
  });

  it('forgets the body of what was no business of ours, and still knows its copies', async () => {
    const path = temporaryDatabasePath();
    const { inbox } = await openTestDatabase(path);
    const chat = await inbox.store(webhook('chat'));
    const call = await inbox.store(webhook('call'));
    await inbox.done(chat!, 5000, { outcome: 'handled', keepBody: false });
    await inbox.done(call!, 5000, { outcome: 'handled', keepBody: true });
    expect(await inbox.store(webhook('chat'))).toBeNull();
    const file = new DatabaseSync(path, { readOnly: true });
    const lengths = file.prepare('select length(body) as n from webhook_inbox order by id').all();
    file.close();
    expect(lengths.map(({ n }) => n)).toEqual([0, webhook('call').body.length]);
  });

  it('never prunes what was not worked off', async () => {
    const { inbox } = await openTestDatabase();
    await inbox.store(webhook('a'));
    expect(await inbox.prune(Number.MAX_SAFE_INTEGER)).toBe(0);
    expect(await inbox.pending(10)).toHaveLength(1);
  });

  it('writes what was asked for before it closes', async () => {
    const path = temporaryDatabasePath();
    const first = await openDatabase({ path, masterKey: MASTER_KEY });
    const stored = Array.from({ length: 600 }, (_, index) => first.inbox.store(webhook(`k${index}`)));
    await first.close();
    expect(await Promise.all(stored)).not.toContain(null);
    const { inbox } = await openTestDatabase(path);
    expect(await inbox.pending(1000)).toHaveLength(600);
  });
});
