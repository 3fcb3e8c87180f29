import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type Config, loadConfig } from '../config.ts';
import type { DemoOptions } from './options.ts';

/** The business number of the demo: its id at Meta, and how it is shown. */
export const NUMBER = { id: '106540352242922', display: '15550001111' } as const;

/**
 * A user's phone number, `usual` if it can be. The simulated WhatsApp forgets at its end who may be called, and a folder that
 * is kept remembers, so there it is somebody new.
 */
export function demoUser({ folder }: DemoOptions, usual: string): string {
  return folder === undefined ? usual : `1415555${String(randomInt(10_000)).padStart(4, '0')}`;
}

export interface Setting {
  readonly folder: string;
  readonly agentUrl: string;
  readonly graphUrl: string;
  readonly app: string;
  readonly token: string;
}

/** The demo is configured as any installation is: through the environment. */
export function configure(options: DemoOptions, setting: Setting): Config {
  return loadConfig({
    TALKWIRE_HOST: '127.0.0.1',
    TALKWIRE_PORT: String(options.port),
    TALKWIRE_DATABASE: join(setting.folder, 'talkwire.db'),
    TALKWIRE_MASTER_KEY_FILE: masterKeyFile(setting.folder),
    TALKWIRE_API_KEYS: randomBytes(16).toString('hex'),
    TALKWIRE_APP_SECRETS: setting.app,
    TALKWIRE_VERIFY_TOKEN: randomBytes(8).toString('hex'),
    TALKWIRE_GRAPH_URL: setting.graphUrl,
    TALKWIRE_PHONE_NUMBER_ID: NUMBER.id,
    TALKWIRE_ACCESS_TOKEN: setting.token,
    TALKWIRE_AGENT_URL: setting.agentUrl,
    TALKWIRE_MEDIA_THREADS: '1',
    // Loopback for the simulated phone; the others because a browser's candidates are on them.
    TALKWIRE_BIND_ADDRESSES: ['127.0.0.1', ...lanAddresses()].join(','),
    TALKWIRE_LOG_LEVEL: 'error',
  });
}

/** A folder that is kept needs its key again the next time. */
function masterKeyFile(folder: string): string {
  const file = join(folder, 'master.key');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600 });
  return file;
}

function lanAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter((each) => each.family === 'IPv4' && !each.internal).map((each) => each.address);
}
