/** Far more than are ever of use at once. */
const MAX_REMEMBERED = 256;

/** Keeps a service that never ends from filling the memory with what it named. */
export function forgetOldest(ids: Map<string, unknown> | Set<string>): void {
  for (const id of ids.keys()) {
    if (ids.size <= MAX_REMEMBERED) return;
    ids.delete(id);
  }
}
