import { X509Certificate } from 'node:crypto';
import { CipherContext, HashAlgorithm, NamedCurveAlgorithm, SignatureAlgorithm, type SignatureHash } from 'werift';

/** What a DTLS end shows and proves. */
export interface DtlsCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  readonly signatureHash: SignatureHash;
  /** SHA-256, upper-case hex with colons: the form of `a=fingerprint`. */
  readonly fingerprint: string;
}

let shared: Promise<DtlsCertificate> | undefined;

/** The certificate of this thread, made at first use: making one takes longer than the rest of a call's setup. */
export function sharedCertificate(): Promise<DtlsCertificate> {
  shared ??= makeCertificate();
  return shared;
}

/** A new self-signed ECDSA P-256 certificate: small enough that no DTLS flight is fragmented (meta-calling.md §4.3). */
export async function makeCertificate(): Promise<DtlsCertificate> {
  const { certPem, keyPem, signatureHash } = await CipherContext.createSelfSignedCertificateWithKey(
    { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    NamedCurveAlgorithm.secp256r1_23,
  );
  return { certPem, keyPem, signatureHash, fingerprint: new X509Certificate(certPem).fingerprint256 };
}
