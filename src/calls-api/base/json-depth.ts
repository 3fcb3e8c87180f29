const [QUOTE, BACKSLASH, ARRAY, ARRAY_END, OBJECT, OBJECT_END] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Whether the objects and arrays of a JSON text are nested deeper than `levels`, told before it is read as JSON: what is very
 * deep takes long to read, and another way through whoever reads it. Of a text that is no JSON the answer means nothing.
 */
export function isDeeper(text: string, levels: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case ARRAY:
      case OBJECT:
        depth += 1;
        if (depth > levels) return true;
        break;
      case ARRAY_END:
      case OBJECT_END:
        depth -= 1;
        break;
      default:
    }
  }
  return false;
}

/** Where the string ends that begins at `start`: at a quote that an even number of backslashes stands before. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
