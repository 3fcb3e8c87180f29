import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** A sealed value cannot be opened: another master key, another place, or changed bytes. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

const VERSION = 'v1';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals secrets for a database row: AES-256-GCM, a random nonce each time. A sealed value carries the id of its key, so a
 * wrong master key is told apart from damage, and is bound to its place (table, column and row): copied into another row,
 * it does not open.
 */
export class Sealer {
  readonly #key: Buffer;
  readonly #keyId: string;

  /** @param masterKey 32 bytes */
  constructor(masterKey: Buffer) {
    if (masterKey.length !== KEY_BYTES) throw new SealError(`The master key must have ${KEY_BYTES} bytes`);
    this.#key = Buffer.from(masterKey);
    this.#keyId = createHash('sha256').update('talkwire key id').update(masterKey).digest('hex').slice(0, 8);
  }

  /** @param place where the value is kept, such as `numbers.credential:1234` */
  seal(secret: string, place: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(place));
    const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${VERSION}.${this.#keyId}.${sealed.toString('base64url')}`;
  }

  /** @throws SealError */
  open(sealed: string, place: string): string {
    const [version, keyId, payload] = sealed.split('.');
    if (version !== VERSION || keyId === undefined || payload === undefined) {
      throw new SealError(`The sealed value at ${place} is not one of ours`);
    }
    if (keyId !== this.#keyId) {
      throw new SealError(
        `The sealed value at ${place} belongs to another master key (its id is ${keyId}, ours is ${this.#keyId}). ` +
          'Start with the master key that the database was made with.',
      );
    }
    const bytes = Buffer.from(payload, 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new SealError(`The sealed value at ${place} is cut short`);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(place));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const secret = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([secret, decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new SealError(`The sealed value at ${place} was changed, or moved from another row`, { cause });
    }
  }
}
