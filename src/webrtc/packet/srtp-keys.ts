import { CounterKeystream } from './counter-keystream.ts';

/** The SRTP protection profiles that we negotiate (RFC 5764 §4.1.2, RFC 7714 §14.2). */
export type SrtpProfile = 'AES_CM_128_HMAC_SHA1_80' | 'AEAD_AES_128_GCM';

/** What DTLS-SRTP exports for one direction. */
export interface SrtpKeys {
  /** 16 bytes. */
  readonly masterKey: Buffer;
  /** 14 bytes for AES_CM_128_HMAC_SHA1_80, 12 for AEAD_AES_128_GCM. */
  readonly masterSalt: Buffer;
}

/** Session keys of one direction (RFC 3711 §4.3.1). */
export interface SessionKeys {
  readonly rtp: StreamKeys;
  readonly rtcp: StreamKeys;
}

export interface StreamKeys {
  /** 16 bytes. */
  readonly cipherKey: Buffer;
  /** 20 bytes; unused by AEAD. */
  readonly authKey: Buffer;
  /** 14 bytes, or 12 for AEAD. */
  readonly salt: Buffer;
}

/** Bytes of the master salt and of the session salts. */
export const saltLength: Readonly<Record<SrtpProfile, 14 | 12>> = {
  AES_CM_128_HMAC_SHA1_80: 14,
  AEAD_AES_128_GCM: 12,
};

/** Derives the session keys, key derivation rate zero. Throws RangeError on keys of a wrong length. */
export function deriveSessionKeys(keys: SrtpKeys, profile: SrtpProfile): SessionKeys {
  const salt = saltLength[profile];
  if (keys.masterKey.length !== 16) throw new RangeError('an SRTP master key has 16 bytes');
  if (keys.masterSalt.length !== salt) throw new RangeError(`the SRTP master salt of ${profile} has ${salt} bytes`);
  const source = new KeySource(keys);
  return {
    rtp: { cipherKey: source.derive(0, 16), authKey: source.derive(1, 20), salt: source.derive(2, salt) },
    rtcp: { cipherKey: source.derive(3, 16), authKey: source.derive(4, 20), salt: source.derive(5, salt) },
  };
}

class KeySource {
  readonly #keystream: CounterKeystream;
  readonly #salt = Buffer.alloc(16);

  constructor(keys: SrtpKeys) {
    this.#keystream = new CounterKeystream(keys.masterKey);
    // A 12-byte salt counts as 14 bytes with two zero bytes behind it (RFC 7714 §11).
    keys.masterSalt.copy(this.#salt);
  }

  derive(label: number, length: number): Buffer {
    const salt = this.#salt;
    const word1 = salt.readInt32BE(4) ^ label;
    const blocks = Math.ceil(length / 16);
    const stream = this.#keystream.generate(
      salt.readInt32BE(0),
      word1,
      salt.readInt32BE(8),
      salt.readInt32BE(12),
      blocks,
    );
    return stream.subarray(0, length);
  }
}
