const BLOCK = 16;

/** What the byte that falls off on a shift by eight folds back into the top word: b * x^128 mod the GCM polynomial. */
const folded = Int32Array.from({ length: 256 }, (_, byte) => {
  const block = Int32Array.of(0, 0, 0, byte);
  for (let i = 0; i < 8; i++) timesX(block);
  return block[0]!;
});

/**
 * GHASH (NIST SP 800-38D §6.4) over a table of all byte multiples of the hash key. Strings go in one after the other,
 * each padded with zeros to whole blocks.
 */
export class Ghash {
  readonly #table = new Int32Array(256 * 4);
  #y0 = 0;
  #y1 = 0;
  #y2 = 0;
  #y3 = 0;

  /** @param hashKey 16 bytes: the zero block encrypted */
  constructor(hashKey: Buffer) {
    const power = Int32Array.of(
      hashKey.readInt32BE(0),
      hashKey.readInt32BE(4),
      hashKey.readInt32BE(8),
      hashKey.readInt32BE(12),
    );
    for (let bit = 0x80; bit > 0; bit >>= 1) {
      for (let byte = 0; byte < 256; byte++) {
        if ((byte & bit) !== 0) for (let i = 0; i < 4; i++) this.#table[byte * 4 + i]! ^= power[i]!;
      }
      timesX(power);
    }
  }

  reset(): void {
    this.#y0 = 0;
    this.#y1 = 0;
    this.#y2 = 0;
    this.#y3 = 0;
  }

  update(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    for (; at + BLOCK <= to; at += BLOCK) {
      this.#absorb(word(bytes, at), word(bytes, at + 4), word(bytes, at + 8), word(bytes, at + 12));
    }
    if (at < to) {
      this.#absorb(
        wordUpTo(bytes, at, to),
        wordUpTo(bytes, at + 4, to),
        wordUpTo(bytes, at + 8, to),
        wordUpTo(bytes, at + 12, to),
      );
    }
  }

  /** Closes with both lengths (in bytes) and writes the 16-byte result, masked with `mask[0, 16)`. */
  finish(aadLength: number, textLength: number, mask: Uint8Array, tag: Uint8Array): void {
    this.#absorb(0, aadLength * 8, 0, textLength * 8);
    writeMasked(tag, 0, this.#y0, mask);
    writeMasked(tag, 4, this.#y1, mask);
    writeMasked(tag, 8, this.#y2, mask);
    writeMasked(tag, 12, this.#y3, mask);
  }

  #absorb(w0: number, w1: number, w2: number, w3: number): void {
    const x0 = this.#y0 ^ w0;
    const x1 = this.#y1 ^ w1;
    const x2 = this.#y2 ^ w2;
    const x3 = this.#y3 ^ w3;
    const table = this.#table;
    let z0 = 0;
    let z1 = 0;
    let z2 = 0;
    let z3 = 0;
    // Horner's rule from the highest power (the last byte) down: one shift by eight and one table row per byte.
    for (let i = 15; i >= 0; i--) {
      const source = i < 8 ? (i < 4 ? x0 : x1) : i < 12 ? x2 : x3;
      const row = ((source >>> (24 - (i & 3) * 8)) & 0xff) << 2;
      const fold = folded[z3 & 0xff]!;
      z3 = ((z3 >>> 8) | (z2 << 24)) ^ table[row + 3]!;
      z2 = ((z2 >>> 8) | (z1 << 24)) ^ table[row + 2]!;
      z1 = ((z1 >>> 8) | (z0 << 24)) ^ table[row + 1]!;
      z0 = (z0 >>> 8) ^ fold ^ table[row]!;
    }
    this.#y0 = z0;
    this.#y1 = z1;
    this.#y2 = z2;
    this.#y3 = z3;
  }
}

/** Multiplies by x: GCM's bits run from the left, so this is a shift to the right. */
function timesX(block: Int32Array): void {
  const carry = block[3]! & 1;
  for (let i = 3; i > 0; i--) block[i] = (block[i]! >>> 1) | (block[i - 1]! << 31);
  block[0] = (block[0]! >>> 1) ^ (carry === 1 ? 0xe1000000 : 0);
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function wordUpTo(bytes: Uint8Array, at: number, to: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value = (value << 8) | (at + i < to ? bytes[at + i]! : 0);
  return value;
}

function writeMasked(tag: Uint8Array, at: number, value: number, mask: Uint8Array): void {
  tag[at] = (value >>> 24) ^ mask[at]!;
  tag[at + 1] = (value >>> 16) ^ mask[at + 1]!;
  tag[at + 2] = (value >>> 8) ^ mask[at + 2]!;
  tag[at + 3] = value ^ mask[at + 3]!;
}
