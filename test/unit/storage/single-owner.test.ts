import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimDatabase, DatabaseError } from '../../../src/storage/index.ts';

describe('The claim on a database file', () => {
  let path: string;
  beforeEach(() => {
    path = join(mkdtempSync(join(tmpdir(), 'talkwire-claim-')), 'folder', 'talkwire.db');
  });
  afterEach(() => rmSync(join(path, '..', '..'), { recursive: true, force: true }));

  it('keeps a second service out, until it is given up', async () => {
    const release = await claimDatabase({ path });
    await expect(claimDatabase({ path })).rejects.toThrow(/in use by another talkwire/);
    await release();
    await (await claimDatabase({ path }))();
  });

  it('goes with a process that is killed', async () => {
    const module = JSON.stringify(resolve('src/storage/single-owner.ts'));
    const script = `import(${module}).then((m) => { m.claimDatabase({ path: process.argv[1] }).then(() => console.log('claimed')); setInterval(() => {}, 1000); })`;
    const other = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    await expect(claimDatabase({ path })).rejects.toThrow(/in use/);
    other.kill('SIGKILL');
    await once(other, 'exit');
    await (await claimDatabase({ path }))();
  });

  it('says why a file cannot be claimed, and blames no other process for it', async () => {
    const release = await claimDatabase({ path });
    await release();
    writeFileSync(`${path}.lock`, 'this is no database, and far too long for an empty one'.repeat(20));
    await expect(claimDatabase({ path })).rejects.toThrow(DatabaseError);
    await expect(claimDatabase({ path })).rejects.toThrow(/cannot be opened: file is not a database/);
    await expect(claimDatabase({ path: `${path}.lock/talkwire.db` })).rejects.toThrow(
      /cannot be opened: .*(ENOTDIR|EEXIST)/,
    );
  });

  it('is not needed for a database in memory', async () => {
    await claimDatabase({ path: ':memory:' });
    await (await claimDatabase({ path: ':memory:' }))();
  });
});
