import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isShallow, parseJson, parseObject } from '../../../src/agents/json.ts';

describe('JSON from outside', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const written: unknown = JSON.parse(text);
        expect(parseJson(Buffer.from(text))).toEqual(written);
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        expect(parseObject(text)).toEqual(isObject ? written : null);
      }),
    );
  });

  it('is undefined if it is none, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string().map(Buffer.from)), (bytes) => {
        const text = Buffer.from(bytes);
        const value = parseJson(text);
        if (value === undefined) expect(() => JSON.parse(text.toString('utf8'))).toThrow();
        if (value === undefined) expect(parseObject(text)).toBeNull();
      }),
    );
    expect(parseJson('')).toBeUndefined();
    expect(parseJson('null')).toBeNull();
  });
});

describe('long JSON', () => {
  const sound = 'A'.repeat(1_000_000);

  it('is read where it is one long string, as sound is', () => {
    expect(parseObject(JSON.stringify({ type: 'audio', delta: sound }))).toEqual({ type: 'audio', delta: sound });
  });

  it.each([
    ['objects', JSON.stringify(Array.from({ length: 30_000 }, () => ({})))],
    ['nested arrays', '['.repeat(70_000) + ']'.repeat(70_000)],
    ['numbers', JSON.stringify(Array.from({ length: 40_000 }, () => 1))],
    ['fields', JSON.stringify(Object.fromEntries(Array.from({ length: 11_000 }, (_, i) => [`field ${i}`, ''])))],
  ])('of nothing but %s is not read: it would hold up the sound of others', (_what, text) => {
    expect(JSON.parse(text)).toBeTypeOf('object');
    expect(parseJson(text)).toBeUndefined();
    expect(parseJson(Buffer.from(text))).toBeUndefined();
  });
});

describe('depth', () => {
  const nested = (levels: number): object => {
    let value: object = {};
    for (let i = 1; i < levels; i += 1) value = i % 2 === 0 ? [value] : { value };
    return value;
  };

  it.each([1, 2, 40])('of %i levels is within its bound and no other', (levels) => {
    expect(isShallow(nested(levels), levels)).toBe(true);
    expect(isShallow(nested(levels), levels - 1)).toBe(false);
  });

  it('of any number of levels is told', () => expect(isShallow(nested(200_000), 64)).toBe(false));

  it('counts no text, number, null or truth', () =>
    expect(isShallow({ a: 'x', b: 1, c: null, d: true }, 1)).toBe(true));
});
