import { describe, expect, it } from 'vitest';
import type { IdempotentRequest } from '../../../../src/permissions/ports.ts';
import { T0 } from '../../../support/call.ts';
import { openTestDatabase } from '../../../support/database.ts';
import { DATABASES } from '../../../support/databases.ts';

const DAY = 24 * 3_600_000;

function request(differences: Partial<IdempotentRequest> = {}): IdempotentRequest {
  return { key: 'a', digest: 'x', id: 'call-1', at: T0, ...differences };
}

describe.each(DATABASES)('an idempotency key ($name)', ({ fresh }) => {
  it('is fresh once; then it has what it was first used for', async () => {
    const { permissions } = await openTestDatabase(await fresh());
    expect(await permissions.remember(request())).toEqual({ ...request(), fresh: true });
    const again = request({ digest: 'y', id: 'call-2', at: T0 + 1 });
    expect(await permissions.remember(again)).toEqual({ ...request(), fresh: false });
    expect(await permissions.remember(request({ key: 'b' }))).toMatchObject({ fresh: true });
  });

  it('is fresh for exactly one of many requests at once, over two processes', async () => {
    const place = await fresh();
    const both = [await openTestDatabase(place), await openTestDatabase(place)];
    const kept = await Promise.all(
      Array.from({ length: 20 }, (_, index) => both[index % 2]!.permissions.remember(request({ id: `call-${index}` }))),
    );
    expect(kept.filter(({ fresh }) => fresh)).toHaveLength(1);
    expect(new Set(kept.map(({ id }) => id)).size).toBe(1);
  });

  it('is kept for 24 hours', async () => {
    const { permissions } = await openTestDatabase(await fresh());
    await permissions.remember(request());
    expect(await permissions.remember(request({ at: T0 + DAY - 1 }))).toMatchObject({ fresh: false, at: T0 });
    expect(await permissions.remember(request({ at: T0 + DAY }))).toMatchObject({ fresh: true, at: T0 + DAY });
  });

  it('may be used again when nothing came of it', async () => {
    const { permissions } = await openTestDatabase(await fresh());
    await permissions.remember(request());
    await permissions.forget('a');
    expect(await permissions.remember(request({ digest: 'y' }))).toMatchObject({ fresh: true, digest: 'y' });
  });
});
