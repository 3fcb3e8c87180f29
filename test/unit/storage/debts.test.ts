import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/storage/index.ts';
import { openTestDatabase } from '../../support/database.ts';
import { DATABASES } from '../../support/databases.ts';
import { MASTER_KEY } from '../../support/master-key.ts';

describe.each(DATABASES)('a debt ($name)', ({ fresh }) => {
  it('stays open over a restart until it is settled, and is one debt however often it is owed', async () => {
    const place = await fresh();
    const debt = { phoneNumberId: '1', callId: 'wacid.a', action: 'terminate', since: 5 } as const;
    const first = await openDatabase({ ...place, masterKey: MASTER_KEY });
    await Promise.all([first.debts.owe(debt), first.debts.owe({ ...debt, since: 6 })]);
    await first.debts.owe({ ...debt, action: 'reject', since: 4 });
    await first.close();
    const { debts } = await openTestDatabase(place);
    expect(await debts.open()).toEqual([{ ...debt, action: 'reject', since: 4 }, debt]);
    await debts.settle('wacid.a', 'terminate');
    await debts.settle('wacid.unknown', 'terminate');
    expect(await debts.open()).toEqual([{ ...debt, action: 'reject', since: 4 }]);
  });
});
