import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SealError, Sealer } from '../../../src/storage/seal.ts';

const KEY = Buffer.alloc(32, 1);
const sealer = new Sealer(KEY);

describe('seal', () => {
  it('opens what it sealed, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (secret, place) => {
        expect(sealer.open(sealer.seal(secret, place), place)).toBe(secret);
      }),
    );
  });

  it('never seals alike twice', () => {
    expect(sealer.seal('secret', 'a')).not.toBe(sealer.seal('secret', 'a'));
  });

  it('says so when the master key is another one', () => {
    const sealed = sealer.seal('secret', 'numbers.credential:1');
    const other = new Sealer(Buffer.alloc(32, 2));
    expect(() => other.open(sealed, 'numbers.credential:1')).toThrow(/another master key/);
  });

  it('does not open in another row', () => {
    const sealed = sealer.seal('secret', 'numbers.credential:1');
    expect(() => sealer.open(sealed, 'numbers.credential:2')).toThrow(SealError);
  });

  it('does not open after any byte was changed', () => {
    const [version, keyId, payload] = sealer.seal('secret', 'a').split('.');
    const bytes = Buffer.from(payload!, 'base64url');
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index]! ^= 1;
      expect(() => sealer.open(`${version}.${keyId}.${changed.toString('base64url')}`, 'a')).toThrow(SealError);
    }
  });

  it('refuses anything else with its own error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => sealer.open(text, 'a')).toThrow(SealError);
      }),
    );
    expect(() => sealer.open(`${sealer.seal('', 'a').split('.').slice(0, 2).join('.')}.AAAA`, 'a')).toThrow(
      /cut short/,
    );
  });

  it('takes no key of another length', () => {
    expect(() => new Sealer(Buffer.alloc(16))).toThrow(/32 bytes/);
  });
});
