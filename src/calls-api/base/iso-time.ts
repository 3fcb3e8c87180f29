/** A moment as the API tells it, of Unix milliseconds; null stays null. */
export function isoOrNull(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
