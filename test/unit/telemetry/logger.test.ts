import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLogger, type LoggerOptions } from '../../../src/telemetry/index.ts';
import { auditLine } from '../../support/log-audit.ts';

const SDP = 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n';
const PHONE = '15551234567';

function testLogger(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) }, ...options });
  return { logger, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> };
}

describe('logger', () => {
  it('writes one JSON object per line, with level, time and message', () => {
    const { logger, lines, last } = testLogger();
    logger.info({ call: 'a' }, 'answered');
    logger.debug('too quiet');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\n$/);
    expect(last()).toEqual({ level: 30, time: expect.any(Number), call: 'a', msg: 'answered' });
  });

  it('leaks on none of the ways into a line', () => {
    const { logger, lines } = testLogger();
    const fault = Object.assign(new Error(`could not dial ${PHONE}`), { body: SDP, peerAddress: '192.0.2.1' });
    logger.info(`dialling ${PHONE}`);
    logger.info('dialling %s', PHONE);
    logger.info('got %o', { x: SDP });
    logger.info({ deep: { deeper: [{ what: SDP }, PHONE] } }, 'x');
    logger.child({ number: PHONE, from: PHONE }).info('x');
    logger.child({}, { msgPrefix: `${PHONE} ` }).info('x');
    logger.error(fault);
    logger.error({ err: fault, [PHONE]: 1 }, SDP);
    logger.error({ err: new Error('outer', { cause: fault }) }, 'x');
    logger.info({ buffer: Buffer.from(SDP) }, 'x');
    logger.info({ time: PHONE, level: PHONE, msg: PHONE });
    logger.info({ number: Number(PHONE) }, 'x');
    logger.info({ url: `wss://192.0.2.1:99/x?token=${PHONE}` }, '[2001:db8::1]:443 refused');
    expect(lines).toHaveLength(13);
    for (const line of lines) {
      expect(line).not.toContain(PHONE);
      expect(line).not.toContain('SAVPF');
      expect(auditLine(line)).toEqual([]);
    }
  });

  it('keeps out the secrets it was told of', () => {
    const { logger, lines } = testLogger({ secrets: ['hunter2', ''] });
    logger.info({ reason: 'hunter2' }, 'tried hunter2');
    expect(lines[0]).not.toContain('hunter2');
    expect(lines[0]).toContain('tried [secret]');
  });

  it('keeps the type, message and stack of an error', () => {
    const { logger, last } = testLogger();
    logger.error({ err: new TypeError('no such file') }, 'failed');
    expect(last()['err']).toMatchObject({
      type: 'TypeError',
      message: 'no such file',
      stack: expect.stringContaining('logger.test.ts'),
    });
  });

  it('copies each line to the file that TALKWIRE_LOG_FILE names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'talkwire-'));
    const file = join(folder, 'logs', 'a.ndjson');
    vi.stubEnv('TALKWIRE_LOG_FILE', file);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    });
    const { logger, lines } = testLogger();
    logger.info('one');
    testLogger().logger.info('two');
    const text = readFileSync(file, 'utf8');
    expect(text.startsWith(lines[0]!)).toBe(true);
    expect(text.trim().split('\n')).toHaveLength(2);
  });
});
