import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { claimDatabase } from '../../../src/storage/index.ts';
import { atPostgres, freshPostgres, hasPostgres } from '../../support/postgres.ts';
import { TcpGate } from '../../support/tcp-gate.ts';

const CLAIMANT = `
  const { claimDatabase } = await import('./src/storage/single-owner.ts');
  await claimDatabase({ url: process.argv[1] });
  console.log('claimed');
  setInterval(() => {}, 1000);`;

const END_CLAIMS = `
  select pg_terminate_backend(pid) from pg_stat_activity
  where application_name = 'talkwire claim' and datname = current_database()`;

/** What a watch was told, in order. */
class Told {
  readonly said: string[] = [];
  readonly onLost = (fault: Error) => void this.said.push(fault.message);
  readonly onBack = () => void this.said.push('back');

  async until(count: number): Promise<string[]> {
    while (this.said.length < count) await sleep(10);
    return this.said;
  }
}

const LOST = 'The claim on the PostgreSQL database was lost with its connection.';
const TAKEN = /^The PostgreSQL database is in use by another talkwire; it has taken over while/;

describe.runIf(hasPostgres)('The claim on a PostgreSQL database', () => {
  it('keeps a second service out, until it is given up', async () => {
    const url = await freshPostgres();
    const release = await claimDatabase({ url });
    const second = claimDatabase({ url });
    await expect(second).rejects.toThrow(
      'The PostgreSQL database is in use by another talkwire; each process needs one of its own.',
    );
    await release();
    await (await claimDatabase({ url }))();
  });

  it('goes with a process that is killed, and the one after it need not wait long', async () => {
    const url = await freshPostgres();
    const options = ['--input-type=module', '-e', CLAIMANT, url];
    const other = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void other.kill('SIGKILL'));
    await once(other.stdout, 'data');
    const next = claimDatabase({ url });
    other.kill('SIGKILL');
    await (await next)();
  });

  it('is taken back when its connection was lost', async () => {
    const url = await freshPostgres();
    const told = new Told();
    onTestFinished(await claimDatabase({ url }, told));
    await atPostgres(url, END_CLAIMS);
    expect(await told.until(2)).toEqual([LOST, 'back']);
    await expect(claimDatabase({ url })).rejects.toThrow(/in use by another/);
  });

  it('is asked for until the server is back, and says once that another has it meanwhile', async () => {
    const url = await freshPostgres();
    const gate = await TcpGate.before(url);
    const told = new Told();
    onTestFinished(await claimDatabase({ url: gate.url }, told));
    gate.shut();
    await told.until(1);
    const giveUp = await claimDatabase({ url });
    gate.reopen();
    expect(await told.until(2)).toEqual([LOST, expect.stringMatching(TAKEN)]);
    await sleep(1_500);
    await giveUp();
    expect(await told.until(3)).toEqual([LOST, expect.stringMatching(TAKEN), 'back']);
  });

  it('can be given up while it is lost', async () => {
    const url = await freshPostgres();
    const gate = await TcpGate.before(url);
    const told = new Told();
    const giveUp = await claimDatabase({ url: gate.url }, told);
    gate.shut();
    await told.until(1);
    await giveUp();
    gate.reopen();
    await (await claimDatabase({ url }))();
    expect(told.said).toEqual([LOST]);
  });

  it('is of one schema, and leaves the others of the database free', async () => {
    const url = await freshPostgres();
    await atPostgres(url, 'create schema other');
    const other = `${url}?options=${encodeURIComponent('-c search_path=other')}`;
    onTestFinished(await claimDatabase({ url }));
    await (await claimDatabase({ url: other }))();
  });
});
