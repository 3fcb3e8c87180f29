import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { auditLogs } from '../support/log-audit.ts';

const FOLDER = process.env['TALKWIRE_TEST_LOGS'] ?? '';

describe('The logs of the whole suite', () => {
  it('were written: calls began, ended and were logged', () => {
    const files = existsSync(FOLDER) ? readdirSync(FOLDER) : [];
    const text = files.map((file) => readFileSync(join(FOLDER, file), 'utf8')).join('');
    // Run alone there is nothing to read; this test belongs to the whole suite.
    expect(text).toContain('"call ended"');
    expect(text).toContain('"Graph agreed"');
  });

  it('hold no SDP, phone number, address, token or call id of Meta', () => {
    expect(auditLogs(FOLDER)).toEqual([]);
  });
});
