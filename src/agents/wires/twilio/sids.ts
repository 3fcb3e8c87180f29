import { randomBytes } from 'node:crypto';

/** Twilio's name for a call: `CA` and 32 hexadecimal digits, made of our own id of it (a UUID). */
export function callSidOf(key: string): string {
  return `CA${key.replaceAll('-', '')}`;
}

/** Our own id of the call with this name; null if no call can have it. */
export function keyOfCallSid(sid: string): string | null {
  const parts = /^CA([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/.exec(sid);
  return parts === null ? null : parts.slice(1).join('-');
}

/** A new name for a stream: `MZ` and 32 hexadecimal digits. */
export function newStreamSid(): string {
  return `MZ${randomBytes(16).toString('hex')}`;
}
