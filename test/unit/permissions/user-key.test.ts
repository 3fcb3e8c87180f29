import { describe, expect, it } from 'vitest';
import { canonicalWaId } from '../../../src/permissions/ports.ts';

describe('the key of a WhatsApp user', () => {
  it.each([
    ['a Brazilian mobile with and without the ninth digit', '551187654321', '5511987654321'],
    ['a Brazilian mobile of another state', '556281234567', '5562981234567'],
    ['an Argentine mobile with and without the 9', '541123456789', '5491123456789'],
    ['a Mexican mobile with and without the 1', '5215512345678', '525512345678'],
    ['a number with and without its plus', '+491701234567', '491701234567'],
    ['a number as people write it', '+1 (408) 555-0000', '14085550000'],
  ])('is the same for %s', (_, one, other) => {
    expect(canonicalWaId(one)).toBe(canonicalWaId(other));
  });

  it.each([
    ['a Brazilian land line and the mobile that ends alike', '551132345678', '5511932345678'],
    ['two Brazilian area codes', '551187654321', '552187654321'],
    ['an American number that begins like an Argentine one', '15411234567', '5491123456789'],
  ])('keeps %s apart', (_, one, other) => {
    expect(canonicalWaId(one)).not.toBe(canonicalWaId(other));
  });

  it.each(['551187654321', '5491123456789', '5215512345678', '14085550000', '4915112345678'])(
    'of a key is the key itself (%s)',
    (waId) => {
      expect(canonicalWaId(canonicalWaId(waId))).toBe(canonicalWaId(waId));
    },
  );

  it.each(['US.13491208655302741918', 'US.ENT.12', '', 'anonymous'])('leaves alone what is no number (%s)', (id) => {
    expect(canonicalWaId(id)).toBe(id);
  });
});
