import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../../src/telemetry/index.ts';
import { auditLine } from '../../support/log-audit.ts';

const SDP = 'v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nm=audio 3484 UDP/TLS/RTP/SAVPF 111\r\na=ice-pwd:abc\r\n';

const phone = fc
  .tuple(fc.constantFrom('', '+', '00'), fc.integer({ min: 10_000_000, max: 999_999_999_999_999 }))
  .map(([prefix, digits]) => ({ written: `${prefix}${digits}`, digits: String(digits) }));
const address = fc.oneof(fc.ipV4(), fc.ipV6());
const surrounding = fc.constantFrom('', ' ', ': ', '=', '"', '(', '[', ', ', '/', ' at ', 'z', '\n', '{"a":"');
const key = fc.oneof(fc.constantFrom('msg', 'detail', 'err', 'what', 'call'), fc.string());

/** A value with a text somewhere inside it. */
function hiddenIn(text: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  return fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      text,
      text.map((message) => new Error(message, { cause: message })),
      text.map((keyText) => ({ [keyText]: 1 })),
      fc.tuple(key, tie('value')).map(([name, value]) => ({ [name]: value, other: 1 })),
      tie('value').map((value) => [1, value]),
    ),
  })).value;
}

describe('redact', () => {
  it('lets no phone number through, wherever it is', () => {
    fc.assert(
      fc.property(
        fc.tuple(phone, surrounding, surrounding).chain(([{ written, digits }, before, after]) => {
          return hiddenIn(fc.constant(`${before}${written}${after}`)).map((value) => ({ digits, value }));
        }),
        ({ digits, value }) => {
          const text = JSON.stringify(redact(value));
          expect(text).not.toContain(digits);
          expect(auditLine(text, [digits])).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('lets no address through, wherever it is', () => {
    fc.assert(
      fc.property(
        fc.tuple(address, surrounding, surrounding).chain(([ip, before, after]) => {
          return hiddenIn(fc.constant(`${before}${ip}${after}`)).map((value) => ({ ip, value }));
        }),
        ({ ip, value }) => {
          // Two groups around a double colon can be any two words of a text; they are struck out, but not worth searching for.
          const text = JSON.stringify(redact(value));
          if (ip.length > 4) expect(text).not.toContain(ip);
          expect(auditLine(text)).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    '+1 (555) 123-4567',
    '+49 170 1234567',
    '0049-170-123-4567',
    '1.555.123.4567',
    'tel:15551234567@wa',
    'user15551234567x',
    '%2B15551234567',
  ])('strikes out the phone number in %j', (text) => {
    expect(redact(`calling ${text} now`)).not.toMatch(/123|4567/);
  });

  it.each([
    ['Authorization: Bearer abc.def', /abc|def/],
    ['Bearer 123e4567-e89b-42d3-a456-426614174000', /426614174000/],
    ['token=123e4567-e89b-42d3-a456-426614174000', /426614174000/],
    ['EAAGm0PX4ZCpsBAKZCZA1', /EAAG/],
    ['"access_token": "short"', /short/],
    ['GET wss://agent.example.com/talk?sig=short#x', /short/],
    ['/talk?sig=short', /short/],
    ['turn://ada:pass@relay', /pass/],
    ['wacid.HBgLMTU1NTEyMzQ1NjcVAgASGBQz', /HBg/],
    ['wamid.HBgLMTU1NTEyMzQ1NjcVAgASGBQz', /HBg/],
    ['user US.13491208655302741918 called', /1349/],
    ['key 0123456789abcdef0123456789abcdef0123456789abcdef', /0123/],
  ])('strikes out the secret in %j', (text, secret) => {
    expect(redact(text)).not.toMatch(secret);
  });

  it('takes the whole text for SDP when it holds a line of it', () => {
    for (const text of [SDP, `answer was ${SDP}`, JSON.stringify({ sdp: SDP }), 'a=candidate:1 1 udp 2 x 1 typ host']) {
      expect(redact({ detail: text })).toEqual({ detail: '[sdp]' });
    }
  });

  it('hides what a telling key holds, in any spelling, and keeps that there was something', () => {
    expect(
      redact({
        sdp: 'x',
        access_token: 'x',
        'X-API-Key': 'x',
        from: 1,
        userWaId: ['x'],
        remoteAddress: { family: 'x' },
        user: { name: 'Ada' },
        to: null,
        token: true,
      }),
    ).toEqual({
      sdp: '[redacted]',
      access_token: '[redacted]',
      'X-API-Key': '[redacted]',
      from: '[redacted]',
      userWaId: '[redacted]',
      remoteAddress: '[redacted]',
      user: '[redacted]',
      to: null,
      token: true,
    });
  });

  it('keeps what an operator needs', () => {
    const line = {
      level: 30,
      time: 1_763_600_000_123,
      call: '123e4567-e89b-42d3-a456-426614174000',
      at: '2026-11-20T09:30:00.123Z',
      day: '2026-11-20',
      phoneNumberId: '106540352242922',
      code: 138_021,
      tookMs: 12.345_678_912_3,
      reason: 'agent_unavailable',
      route: '/meta/whatsapp/:version/:phoneNumberId/calls',
      msg: 'listening on port 8080, 3 calls, node:net v24.21.0 (12:34:56)',
      ok: true,
      none: null,
    };
    expect(redact(line)).toEqual(line);
  });

  it('hides a phone number that comes as a number', () => {
    expect(redact({ a: 15_551_234_567, b: 4_915_112_345_678, c: 15551234567n, ms: 1_763_600_000_123 })).toEqual({
      a: '[number]',
      b: '[number]',
      c: '[phone]',
      ms: 1_763_600_000_123,
    });
  });

  it('hides bytes, also after they went through JSON', () => {
    const bytes = Buffer.from(SDP);
    expect(
      redact({ a: bytes, b: JSON.parse(JSON.stringify(bytes)), c: [...bytes], d: { ...new Uint8Array(bytes) } }),
    ).toEqual({
      a: '[bytes]',
      b: '[bytes]',
      c: '[bytes]',
      d: '[bytes]',
    });
  });

  it('strikes out the secrets it was given', () => {
    expect(redact({ msg: 'the pass-word!' }, ['pass-word!'])).toEqual({ msg: 'the [secret]' });
  });

  it('never throws, whatever it is given, and always gives JSON', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const hostile = {
      get trap(): string {
        throw new Error('no');
      },
    };
    for (const value of [circular, hostile, Symbol('a'), () => 1, new Date(Number.NaN), new Map([[1, 2]]), undefined]) {
      expect(() => JSON.stringify(redact(value))).not.toThrow();
    }
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }), (value) => {
        expect(() => JSON.stringify(redact(value))).not.toThrow();
      }),
    );
  });

  it('stays quick on long and hostile texts', () => {
    const start = performance.now();
    for (const unit of ['a', '1', ':', 'a:', '1.', '/', '//', '?', 'a.', ' ', '1 ', '-', 'v=0'])
      redact(unit.repeat(200_000));
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
