import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ALL = 'var/test-logs';
const KEEP_MS = 60 * 60_000;

/** Before the suite: a folder of its own for the logs of this run; old ones go. */
export function setup(): void {
  mkdirSync(ALL, { recursive: true });
  for (const run of readdirSync(ALL)) {
    const folder = join(ALL, run);
    if (Date.now() - statSync(folder).mtimeMs > KEEP_MS) rmSync(folder, { recursive: true, force: true });
  }
  process.env['TALKWIRE_TEST_LOGS'] = resolve(ALL, `${Date.now()}-${process.pid}`);
}
