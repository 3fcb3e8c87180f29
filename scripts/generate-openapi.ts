/** Writes docs/openapi.json as a running service tells it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../src/config.ts';
import { startService } from '../src/main.ts';
import { createLogger } from '../src/telemetry/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'talkwire-openapi-'));
const config = loadConfig({
  TALKWIRE_HOST: '127.0.0.1',
  TALKWIRE_PORT: '0',
  TALKWIRE_API_KEYS: 'a-key-nobody-asks-for',
  TALKWIRE_MASTER_KEY: Buffer.alloc(32).toString('base64'),
  TALKWIRE_APP_SECRETS: 'no-webhook-comes',
  TALKWIRE_DATABASE: join(folder, 'talkwire.db'),
  TALKWIRE_MEDIA_THREADS: '1',
  TALKWIRE_LOG_LEVEL: 'silent',
});
const service = await startService(config, createLogger({ level: 'silent' }));
try {
  const answer = await fetch(`${service.url}/openapi.json`);
  writeFileSync(new URL('../docs/openapi.json', import.meta.url), `${JSON.stringify(await answer.json(), null, 2)}\n`);
} finally {
  await service.stop();
  rmSync(folder, { recursive: true });
}
