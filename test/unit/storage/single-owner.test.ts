import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimDatabase } from '../../../src/storage/index.ts';

describe('The claim on a database file', () => {
  let path: string;
  beforeEach(() => {
    path = join(mkdtempSync(join(tmpdir(), 'talkwire-claim-')), 'folder', 'talkwire.db');
  });
  afterEach(() => rmSync(join(path, '..', '..'), { recursive: true, force: true }));

  it('keeps a second service out, until it is given up', () => {
    const release = claimDatabase(path);
    expect(() => claimDatabase(path)).toThrow(/in use by another talkwire/);
    release();
    claimDatabase(path)();
  });

  it('goes with a process that is killed', async () => {
    const module = JSON.stringify(resolve('src/storage/single-owner.ts'));
    const script = `import(${module}).then((m) => { m.claimDatabase(process.argv[1]); console.log('claimed'); setInterval(() => {}, 1000); })`;
    const other = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    expect(() => claimDatabase(path)).toThrow(/in use/);
    other.kill('SIGKILL');
    await once(other, 'exit');
    claimDatabase(path)();
  });

  it('is not needed for a database in memory', () => {
    claimDatabase(':memory:');
    claimDatabase(':memory:')();
  });
});
