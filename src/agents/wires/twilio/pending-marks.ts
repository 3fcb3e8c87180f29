/**
 * Who is to be told when a mark was reached. Marks of one name are reached in the order in which they were set, whichever
 * stream or file set them.
 */
export class PendingMarks {
  readonly #waiting: { readonly name: string; readonly reached: () => void }[] = [];

  add(name: string, reached: () => void): void {
    this.#waiting.push({ name, reached });
  }

  settle(name: string): void {
    const at = this.#waiting.findIndex((mark) => mark.name === name);
    if (at >= 0) this.#waiting.splice(at, 1)[0]!.reached();
  }
}
