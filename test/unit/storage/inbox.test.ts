import { describe, expect, it } from 'vitest';
import type { RawWebhook } from '../../../src/signaling/ports.ts';
import { openDatabase } from '../../../src/storage/index.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES, rowsIn } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';

function webhook(deliveryKey: string, parts: Partial<RawWebhook> = {}): RawWebhook {
  return { receivedAt: 1000, source: 'meta', deliveryKey, body: Buffer.from(`{"key":"${deliveryKey}"}`), ...parts };
}

describe.each(DATABASES)('inbox ($name)', ({ fresh }) => {
  it('gives back what it stored, byte for byte, oldest first', async () => {
    const { inbox } = await openTestDatabase(await fresh());
    const body = Buffer.from([0, 255, 128, 10, 13, 0]);
    const first = await inbox.store(webhook('a', { body, source: 'kapso', receivedAt: 1_763_000_000_123 }));
    const second = await inbox.store(webhook('b'));
    expect(await inbox.pending(10)).toEqual([
      { id: first, receivedAt: 1_763_000_000_123, source: 'kapso', deliveryKey: 'a', body },
      { id: second, ...webhook('b') },
    ]);
    expect(await inbox.pending(1)).toHaveLength(1);
    expect(await inbox.pending(10, first!)).toEqual([expect.objectContaining({ id: second })]);
  });

  it('keeps for which numbers a webhook speaks', async () => {
    const { inbox } = await openTestDatabase(await fresh());
    await inbox.store(webhook('a', { speaksFor: ['1', '2'] }));
    await inbox.store(webhook('b', { speaksFor: [] }));
    await inbox.store(webhook('c'));
    expect((await inbox.pending(10)).map(({ speaksFor }) => speaksFor)).toEqual([['1', '2'], [], undefined]);
  });

  it('stores a delivery once, however often and however close together it comes', async () => {
    const { inbox } = await openTestDatabase(await fresh());
    const ids = await Promise.all([inbox.store(webhook('a')), inbox.store(webhook('a')), inbox.store(webhook('b'))]);
    expect(ids.filter((id) => id === null)).toHaveLength(1);
    expect(await inbox.store(webhook('a'))).toBeNull();
    expect(await inbox.pending(10)).toHaveLength(2);
  });

  it('knows a delivery as a duplicate after it was worked off, until it is pruned', async () => {
    const { inbox } = await openTestDatabase(await fresh());
    const id = await inbox.store(webhook('a'));
    await inbox.done(id!, 5000, { outcome: 'handled', keepBody: true });
    expect(await inbox.pending(10)).toEqual([]);
    expect(await inbox.store(webhook('a'))).toBeNull();
    expect(await inbox.prune(5000)).toBe(0);
    expect(await inbox.prune(5001)).toBe(1);
    expect(await inbox.store(webhook('a'))).not.toBeNull();
  });

  it('forgets the body of what was no business of ours, and still knows its copies', async () => {
    const place = await fresh();
    const { inbox } = await openTestDatabase(place);
    const chat = await inbox.store(webhook('chat'));
    const call = await inbox.store(webhook('call'));
    await inbox.done(chat!, 5000, { outcome: 'handled', keepBody: false });
    await inbox.done(call!, 5000, { outcome: 'handled', keepBody: true });
    expect(await inbox.store(webhook('chat'))).toBeNull();
    const lengths = await rowsIn(place, 'select length(body) as n from webhook_inbox order by id');
    expect(lengths.map(({ n }) => n)).toEqual([0, webhook('call').body.length]);
  });

  it('never prunes what was not worked off', async () => {
    const { inbox } = await openTestDatabase(await fresh());
    await inbox.store(webhook('a'));
    expect(await inbox.prune(Number.MAX_SAFE_INTEGER)).toBe(0);
    expect(await inbox.pending(10)).toHaveLength(1);
  });

  it('writes what was asked for before it closes', async () => {
    const place = await fresh();
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    const stored = Array.from({ length: 600 }, (_, index) => first.inbox.store(webhook(`k${index}`)));
    await first.close();
    expect(await Promise.all(stored)).not.toContain(null);
    const { inbox } = await openTestDatabase(place);
    expect(await inbox.pending(1000)).toHaveLength(600);
  });
});
