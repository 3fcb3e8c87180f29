/** A text of Graph's without the token or key that asked, as it is or as a URL has it. */
export function withoutSecret(text: string, secret: string): string {
  return text.replaceAll(secret, 'REMOVED').replaceAll(encodeURIComponent(secret), 'REMOVED');
}
