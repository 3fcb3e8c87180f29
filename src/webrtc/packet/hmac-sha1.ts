import { createHash } from 'node:crypto';

const BLOCK = 64;
const DIGEST = 20;

// Filled and read within one call, so all instances of a thread share them.
const schedule = new Int32Array(80);
const tail = new Uint8Array(2 * BLOCK);

/**
 * HMAC-SHA1 (RFC 2104) with both pad states computed once per key, and no object made per packet: `createHmac` costs
 * 13 us a time on Node 24 (media.md §1).
 */
export class HmacSha1 {
  readonly #innerPad: Int32Array;
  readonly #outerPad: Int32Array;
  readonly #state = new Int32Array(5);

  constructor(key: Uint8Array) {
    const short = key.length > BLOCK ? createHash('sha1').update(key).digest() : key;
    this.#innerPad = padState(0x36, short);
    this.#outerPad = padState(0x5c, short);
  }

  /**
   * Writes the first `tag.length` bytes (at most 20) of the MAC over `data[0, length)` followed by `word` as four
   * big-endian bytes. SRTP and SRTCP both authenticate one word after the packet (RFC 3711 §4.2).
   */
  sign(data: Uint8Array, length: number, word: number, tag: Uint8Array): void {
    const state = this.#state;
    state.set(this.#innerPad);
    const whole = length - (length % BLOCK);
    for (let at = 0; at < whole; at += BLOCK) compress(state, data, at);
    let used = 0;
    for (let at = whole; at < length; at++) tail[used++] = data[at]!;
    writeWord(tail, used, word);
    finish(state, used + 4, BLOCK + length + 4);
    for (let i = 0; i < 5; i++) writeWord(tail, i * 4, state[i]!);
    state.set(this.#outerPad);
    finish(state, DIGEST, BLOCK + DIGEST);
    for (let i = 0; i < tag.length; i++) tag[i] = state[i >> 2]! >>> (24 - (i & 3) * 8);
  }
}

function padState(pad: number, key: Uint8Array): Int32Array {
  const block = new Uint8Array(BLOCK);
  block.set(key);
  for (let i = 0; i < BLOCK; i++) block[i]! ^= pad;
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  compress(state, block, 0);
  return state;
}

/** Pads the `used` bytes in `tail` for a message of `total` bytes and compresses them. */
function finish(state: Int32Array, used: number, total: number): void {
  const end = used + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
  tail[used] = 0x80;
  tail.fill(0, used + 1, end - 4);
  writeWord(tail, end - 4, total * 8);
  compress(state, tail, 0);
  if (end > BLOCK) compress(state, tail, BLOCK);
}

function writeWord(into: Uint8Array, at: number, word: number): void {
  into[at] = word >>> 24;
  into[at + 1] = word >>> 16;
  into[at + 2] = word >>> 8;
  into[at + 3] = word;
}

/** One SHA-1 block (FIPS 180-4 §6.1.2). */
function compress(state: Int32Array, bytes: Uint8Array, from: number): void {
  const w = schedule;
  for (let i = 0, at = from; i < 16; i++, at += 4) {
    w[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3]! ^ w[i - 8]! ^ w[i - 14]! ^ w[i - 16]!;
    w[i] = (x << 1) | (x >>> 31);
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let i = 0;
  for (; i < 20; i++) {
    const t = (((a << 5) | (a >>> 27)) + (d ^ (b & (c ^ d))) + e + w[i]! + 0x5a827999) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (; i < 40; i++) {
    const t = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + w[i]! + 0x6ed9eba1) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (; i < 60; i++) {
    const t = (((a << 5) | (a >>> 27)) + ((b & c) | (d & (b | c))) + e + w[i]! - 0x70e44324) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  for (; i < 80; i++) {
    const t = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + w[i]! - 0x359d3e2a) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = t;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
  state[4] = state[4]! + e;
}
