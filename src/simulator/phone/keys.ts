/** Throws a RangeError, for a person, if a phone has no such keys. */
export function assertKeys(keys: string): void {
  if (!/^[0-9*#A-D]+$/i.test(keys)) throw new RangeError('Keys are 0-9, *, # and A-D.');
}
