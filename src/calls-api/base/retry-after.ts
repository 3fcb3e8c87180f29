/** A time to wait as the header `Retry-After` tells it: in whole seconds, and never too early. */
export function retryAfter(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1_000));
}
