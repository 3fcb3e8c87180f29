import { randomBytes } from 'node:crypto';

/** How Standard Webhooks writes a key that is bytes: this, and then base64. */
const PREFIX = 'whsec_';
const NEW_KEY_BYTES = 32;

/** A new secret of a webhook, as it is shown to its owner. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(NEW_KEY_BYTES).toString('base64');
}

/** Why this cannot be the secret of a webhook, as the end of a sentence that begins with the name of the field; null if it can. */
export function secretFault(secret: string): string | null {
  if (!/^[\x21-\x7e]{8,256}$/.test(secret)) return 'must be 8 to 256 printable ASCII characters without spaces';
  if (!secret.startsWith(PREFIX)) return null;
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const isBase64 = key.toString('base64') === secret.slice(PREFIX.length);
  return isBase64 && key.length >= 16
    ? null
    : 'must be whsec_ and the base64 of at least 16 bytes, if it begins with whsec_';
}

/**
 * The key that Standard Webhooks signs with: what `whsec_` is followed by, decoded; of any other secret its characters.
 * Kapso and Meta sign with the characters of the secret, whatever they are.
 */
export function standardKey(secret: string): Buffer {
  return secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : Buffer.from(secret);
}
