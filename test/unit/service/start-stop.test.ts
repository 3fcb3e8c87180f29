import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Config, loadConfig } from '../../../src/config.ts';
import { startService } from '../../../src/main.ts';
import { claimDatabase } from '../../../src/storage/index.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { bridgeEnvironment } from '../../support/bridge.ts';
import { temporaryDatabasePath } from '../../support/database.ts';
import { openThings, settles } from '../../support/open-things.ts';
import { ServiceProcess } from '../../support/service-process.ts';

const logger = createLogger({ level: 'error', destination: { write: () => {} } });
const start = (config: Config) => startService(config, logger);

function environmentOf(path: string, more: Record<string, string> = {}) {
  const nowhere = { graphUrl: 'http://127.0.0.1:1', agentUrl: 'ws://127.0.0.1:1' };
  return bridgeEnvironment({ folder: dirname(path), app: 'app-secret', token: 'token', ...nowhere, more });
}

describe('The service', () => {
  it('leaves nothing open when its port is taken', async () => {
    const path = temporaryDatabasePath();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { files } = openThings();
    const port = String((other.address() as AddressInfo).port);
    const starting = start(loadConfig(environmentOf(path, { TALKWIRE_PORT: port })));
    await expect(starting).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(openThings().files).toEqual(files);
    await (await claimDatabase({ path }))();
  });

  it('leaves nothing open when a part of it cannot be built', async () => {
    const path = temporaryDatabasePath();
    const config = loadConfig(environmentOf(path));
    const { files } = openThings();
    const broken = { ...config, webhooks: { ...config.webhooks, appSecrets: [''] } };
    await expect(start(broken)).rejects.toThrow('A webhook secret is empty.');
    expect(openThings().files).toEqual(files);
    await (await start(config)).stop();
  });

  it('stops once, however often it is asked', async () => {
    const path = temporaryDatabasePath();
    const faults: string[] = [];
    const destination = { write: (line: string) => void faults.push(line) };
    const service = await startService(loadConfig(environmentOf(path)), createLogger({ level: 'error', destination }));
    await Promise.all([service.stop(), service.stop()]);
    await service.stop(1_000);
    expect(faults).toEqual([]);
    await (await claimDatabase({ path }))();
  });

  it('ends with code 0 when it is told to stop while it still starts', async () => {
    const path = temporaryDatabasePath();
    const service = new ServiceProcess(environmentOf(path));
    onTestFinished(() => service.kill());
    await settles('the claim on the database', () => existsSync(`${path}.lock`), Boolean, 10_000);
    service.signal('SIGTERM');
    expect(await service.exited).toEqual({ code: 0, signal: null });
    await (await claimDatabase({ path }))();
  });

  it.each([
    [
      'the database of another',
      {},
      /^The database \S+ is in use by another talkwire; each process needs one of its own\.\n$/,
    ],
    [
      'an address that is not here',
      { TALKWIRE_HOST: '192.0.2.1' },
      /^talkwire cannot start: it cannot listen on the address of TALKWIRE_HOST \(EADDRNOTAVAIL\)\.\n$/,
    ],
  ])('says in one sentence why it cannot start with %s', async (what, more, sentence) => {
    const path = temporaryDatabasePath();
    if (what.startsWith('the database')) onTestFinished(await claimDatabase({ path }));
    const service = new ServiceProcess(environmentOf(path, more));
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.complaint).toMatch(sentence);
  });
});
