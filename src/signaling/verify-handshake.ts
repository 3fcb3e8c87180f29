import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Answers Meta's `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…` (meta-calling.md §3.1): 200 with the raw
 * challenge, to be sent as plain text, or 403. An empty `verifyToken` refuses everybody.
 */
export function verifyHandshake(
  query: Readonly<Record<string, unknown>>,
  verifyToken: string,
): { status: number; body: string } {
  const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = query;
  const asked = mode === 'subscribe' && typeof challenge === 'string' && challenge !== '';
  const known = typeof token === 'string' && verifyToken !== '' && equalInConstantTime(token, verifyToken);
  return asked && known ? { status: 200, body: challenge } : { status: 403, body: 'Forbidden' };
}

/** Hashing first makes both sides equally long, so that not even the length of the token leaks. */
function equalInConstantTime(one: string, other: string): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
