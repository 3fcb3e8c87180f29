import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { auditLine, auditLogs, type LeakKind } from '../../support/log-audit.ts';

describe('log audit', () => {
  it.each<[LeakKind, unknown]>([
    ['sdp', { msg: 'v=0\r\no=- 1' }],
    ['sdp', { deep: [{ detail: 'a=fingerprint:sha-256 AB' }] }],
    ['phone number', { msg: 'call from +15551234567' }],
    ['phone number', { msg: 'call from +1 (555) 123-4567' }],
    ['phone number', { wa: 15_551_234_567 }],
    ['phone number', { '15551234567': 1 }],
    ['phone number', { number: '106540352242922' }],
    ['ip address', { msg: 'refused 192.0.2.1:443' }],
    ['ip address', { msg: 'peer [2001:db8::1]' }],
    ['ip address', { msg: 'peer: fe80::1: refused' }],
    ['token', { header: 'Bearer abc' }],
    ['token', { msg: 'EAAGm0PX4ZCpsBAKZCZA1' }],
    ['token', { url: 'wss://a/b?x=1&access_token=abc' }],
    ['call id', { msg: 'wacid.HBgL' }],
    ['known secret', { msg: 'it is hunter2' }],
  ])('finds a planted %s in %j', (kind, line) => {
    expect(auditLine(JSON.stringify(line), ['hunter2']).map((found) => found.kind)).toContain(kind);
  });

  it('finds nothing in lines that are as they should be', () => {
    const line = {
      level: 30,
      time: 1_763_600_000_123,
      call: '123e4567-e89b-42d3-a456-426614174000',
      at: '2026-11-20T09:30:00.123Z',
      phoneNumberId: '106540352242922',
      url: 'wss://a/b?[query]',
      header: 'Bearer [token]',
      code: 138_021,
      msg: 'node:net 12:34:56 took 12.5 ms, 24 kbit/s, a::b std::string',
    };
    expect(auditLine(JSON.stringify({ ...line, msg: 'node:net 12:34:56 took 12.5 ms' }), ['hunter2'])).toEqual([]);
    expect(auditLine('')).toEqual([]);
  });

  it('says where, but not what', () => {
    const folder = mkdtempSync(join(tmpdir(), 'talkwire-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(
      join(folder, 'a.ndjson'),
      '{"msg":"fine"}\n{"err":{"message":"at 192.0.2.1"}}\nnot json 15551234567\n',
    );
    writeFileSync(join(folder, 'b.txt'), '192.0.2.1');
    expect(auditLogs(folder)).toEqual([
      { file: 'a.ndjson', line: 2, kind: 'ip address', path: 'err.message' },
      { file: 'a.ndjson', line: 3, kind: 'not json', path: '' },
      { file: 'a.ndjson', line: 3, kind: 'phone number', path: '' },
    ]);
    expect(auditLogs(join(folder, 'missing'))).toEqual([]);
  });
});
