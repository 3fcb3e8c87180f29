import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const TELEMETRY = JSON.stringify(resolve('src/telemetry/index.ts'));

/** Runs a program that has `createLogger` and `logLastWords`. */
function run(program: string, stdout: 'pipe' | number = 'pipe') {
  const script = `const { createLogger, logLastWords } = await import(${TELEMETRY}); ${program}`;
  const {
    status,
    stdout: out,
    stderr,
  } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', stdout, 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, TALKWIRE_LOG_FILE: '' },
  });
  return { status, out, stderr };
}

describe('A process that logs', () => {
  it.each([
    ['thrown', 'setTimeout(() => { throw new Error("15551234567 is bad"); });'],
    ['a rejection', 'void Promise.reject(new Error("15551234567 is bad"));'],
  ])('ends with a guarded line on what nobody caught (%s)', (_, fault) => {
    const { status, out, stderr } = run(`logLastWords(createLogger({ level: 'info' })); ${fault}`);
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ level: 60, err: { message: '[phone] is bad' } });
    expect(stderr).toBe('');
  });

  it('goes on when its log cannot be written', () => {
    const full = openSync('/dev/full', 'w');
    const { status } = run(
      `const l = createLogger({ level: 'info' }); l.info('one'); l.info('two'); setTimeout(() => process.exit(7), 20);`,
      full,
    );
    closeSync(full);
    expect(status).toBe(7);
  });
});
