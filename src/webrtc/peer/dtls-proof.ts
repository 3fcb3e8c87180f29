import { createHash, createHmac, type KeyObject, timingSafeEqual, verify, X509Certificate } from 'node:crypto';
import { LegError } from '../leg-error.ts';

export type DtlsRole = 'client' | 'server';

/** What the proof needs to know of the handshake at the moment a message comes. */
export interface HandshakeView {
  /** 32 bytes, the client's. */
  clientRandom(): Buffer;
  /** All handshake messages so far, with headers, as the transcript hash takes them. */
  transcript(): Buffer;
  masterSecret(): Buffer;
}

/** Handshake types of RFC 5246 §7.4 and RFC 6347 §4.3.2. */
export const HandshakeType = {
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** Which message may follow which, by our role; 0 is the start. Without it a message could come before what proves it. */
const FOLLOWS: Record<DtlsRole, Readonly<Record<number, readonly number[]>>> = {
  client: { 0: [2, 3], 3: [2], 2: [11], 11: [12], 12: [13, 14], 13: [14], 14: [20] },
  server: { 0: [1], 1: [1, 11], 11: [16], 16: [15], 15: [20] },
};

const SHA256 = 4;
const SIGNATURES: Readonly<Record<number, string>> = { 1: 'rsa', 3: 'ec' };
const NAMED_CURVE = 3;
const RANDOM_BYTES = 32;
const VERIFY_DATA_BYTES = 12;

/**
 * Holds the peer to its certificate: the certificate must be the one whose SHA-256 the SDP gave, its key must have
 * signed this very handshake (ServerKeyExchange, RFC 5246 §7.4.3 and RFC 8422 §5.4; or CertificateVerify, RFC 5246
 * §7.4.8), and Finished must agree with all that was said (§7.4.9). RFC 8827 §6.5 asks for it.
 *
 * werift 0.25.2 checks none of the three but the fingerprint, so whoever is on the path could take the media keys
 * (media.md §1, table of faults). Upstream: https://github.com/shinyoshiaki/werift-webrtc/issues/582 (the fingerprint,
 * mended in 0.23; the proof of the key is not)
 *
 * Messages must be examined in order, whole, once each, and before werift acts on them.
 */
export class DtlsProof {
  readonly #role: DtlsRole;
  readonly #fingerprints: readonly string[];
  #last = 0;
  #serverRandom: Buffer | null = null;
  #key: KeyObject | null = null;

  /** `fingerprints`: SHA-256 in lower-case hex; the peer's certificate must match one. */
  constructor(ourRole: DtlsRole, fingerprints: readonly string[]) {
    this.#role = ourRole;
    this.#fingerprints = fingerprints;
  }

  /** @throws LegError `dtls_key_refused` for a false proof, `dtls_failed` for a handshake out of order or broken */
  examine(type: number, body: Buffer, view: HandshakeView): void {
    if (!FOLLOWS[this.#role][this.#last]?.includes(type)) {
      throw new LegError('dtls_failed', `DTLS handshake message ${type} is out of order`);
    }
    this.#last = type;
    switch (type) {
      case HandshakeType.serverHello:
        this.#serverRandom = body.subarray(2, 2 + RANDOM_BYTES);
        return;
      case HandshakeType.certificate:
        this.#key = this.#takeCertificate(body);
        return;
      case HandshakeType.serverKeyExchange:
        this.#checkKeyExchange(body, view.clientRandom());
        return;
      case HandshakeType.certificateVerify:
        this.#checkSignature(body, view.transcript());
        return;
      case HandshakeType.finished:
        this.#checkFinished(body, view);
        return;
      default:
        return;
    }
  }

  #takeCertificate(body: Buffer): KeyObject {
    const length = body.length >= 6 ? body.readUIntBE(3, 3) : 0;
    if (length === 0 || 6 + length > body.length) throw refused('the peer showed no certificate');
    const der = body.subarray(6, 6 + length);
    const print = createHash('sha256').update(der).digest('hex');
    if (!this.#fingerprints.includes(print)) throw refused('the certificate is not the one of the SDP fingerprint');
    try {
      return new X509Certificate(der).publicKey;
    } catch {
      throw refused('the certificate cannot be read');
    }
  }

  /** The signature covers both randoms and the key that the secret will be made with. */
  #checkKeyExchange(body: Buffer, clientRandom: Buffer): void {
    const paramsEnd = body.length >= 4 ? 4 + body.readUInt8(3) : body.length;
    if (body[0] !== NAMED_CURVE || paramsEnd > body.length || this.#serverRandom === null) {
      throw refused('ServerKeyExchange is not a named curve');
    }
    const signed = Buffer.concat([clientRandom, this.#serverRandom, body.subarray(0, paramsEnd)]);
    this.#checkSignature(body.subarray(paramsEnd), signed);
  }

  /** `proof` is hash, signature algorithm, length, signature. */
  #checkSignature(proof: Buffer, signed: Buffer): void {
    const length = proof.length >= 4 ? proof.readUInt16BE(2) : 0;
    if (length === 0 || 4 + length !== proof.length) throw refused('the signature of the peer is broken');
    const key = this.#key;
    if (key === null || proof[0] !== SHA256 || SIGNATURES[proof[1] ?? 0] !== key.asymmetricKeyType) {
      throw refused('the signature is not of the kind that the certificate makes');
    }
    if (!verify('sha256', signed, key, proof.subarray(4))) {
      throw refused('the peer does not hold the key of its certificate');
    }
  }

  #checkFinished(body: Buffer, view: HandshakeView): void {
    const label = this.#role === 'client' ? 'server finished' : 'client finished';
    const seed = Buffer.concat([Buffer.from(label), createHash('sha256').update(view.transcript()).digest()]);
    const expected = prf(view.masterSecret(), seed).subarray(0, VERIFY_DATA_BYTES);
    if (body.length !== VERIFY_DATA_BYTES || !timingSafeEqual(body, expected)) {
      throw refused('Finished does not agree with the handshake');
    }
  }
}

/** First block of P_SHA256 (RFC 5246 §5). */
function prf(secret: Buffer, seed: Buffer): Buffer {
  const first = createHmac('sha256', secret).update(seed).digest();
  return createHmac('sha256', secret).update(first).update(seed).digest();
}

function refused(message: string): LegError {
  return new LegError('dtls_key_refused', message);
}
