/** Whether `tag` stands at `at` in `packet`, in a time that does not depend on where they differ. */
export function tagMatches(tag: Uint8Array, packet: Uint8Array, at: number): boolean {
  let difference = 0;
  for (let i = 0; i < tag.length; i++) difference |= tag[i]! ^ packet[at + i]!;
  return difference === 0;
}
