import { createHmac, timingSafeEqual } from 'node:crypto';

/** Several at once, so that a secret can be rotated without losing a webhook. */
export interface SignatureSecrets {
  /** Meta app secrets. */
  readonly appSecrets: readonly string[];
  /** Secrets of Kapso webhooks that forward to us. */
  readonly kapsoSecrets: readonly string[];
}

/** Who signed a body. */
export type SignedBy = 'meta' | 'kapso';

export type WebhookHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Says by whose signature the raw bytes are genuine, or null. Meta signs `X-Hub-Signature-256: sha256=<hex>`
 * (meta-calling.md §3.1), Kapso `X-Webhook-Signature: <hex>` (kapso-api.md §10); both are HMAC-SHA256 over the raw body.
 * A body may carry both headers, one good signature is enough. Header names are expected in lower case, as Node gives them.
 */
export function verifySignature(headers: WebhookHeaders, body: Buffer, secrets: SignatureSecrets): SignedBy | null {
  const meta = digestIn(headers['x-hub-signature-256'], META_FORM);
  if (meta !== null && isSignedWithOne(secrets.appSecrets, body, meta)) return 'meta';
  const kapso = digestIn(headers['x-webhook-signature'], KAPSO_FORM);
  if (kapso !== null && isSignedWithOne(secrets.kapsoSecrets, body, kapso)) return 'kapso';
  return null;
}

/** Whose signature of Meta's kind the raw bytes have: all of them, for several may have one secret. */
export function signersOf<Signer extends { readonly appSecret: string }>(
  headers: WebhookHeaders,
  body: Buffer,
  signers: readonly Signer[],
): readonly Signer[] {
  const digest = digestIn(headers['x-hub-signature-256'], META_FORM);
  return digest === null ? [] : signers.filter(({ appSecret }) => isSignedWithOne([appSecret], body, digest));
}

/** The value of `X-Hub-Signature-256` for this body. */
export function signMeta(secret: string, body: Buffer): string {
  return `sha256=${hmac(secret, body).toString('hex')}`;
}

/** The value of `X-Webhook-Signature` for this body. */
export function signKapso(secret: string, body: Buffer): string {
  return hmac(secret, body).toString('hex');
}

const META_FORM = /^sha256=([0-9a-f]{64})$/i;
const KAPSO_FORM = /^([0-9a-f]{64})$/i;

function digestIn(header: string | string[] | undefined, form: RegExp): Buffer | null {
  if (typeof header !== 'string') return null;
  const hex = form.exec(header.trim())?.[1];
  return hex === undefined ? null : Buffer.from(hex, 'hex');
}

/** Stops at the first that fits: the time says at most which of our secrets is in use, never anything about one. */
function isSignedWithOne(secrets: readonly string[], body: Buffer, digest: Buffer): boolean {
  return secrets.some((secret) => timingSafeEqual(hmac(secret, body), digest));
}

function hmac(secret: string, body: Buffer): Buffer {
  return createHmac('sha256', secret).update(body).digest();
}
