const COLON = /\s*:/y;

/**
 * A name that one object of a JSON text has twice; null if there is none. Who reads such a text takes the one or the other,
 * so a rule that was held against the one says nothing of what the next reader takes.
 *
 * @param text valid JSON
 */
export function duplicateName(text: string): string | null {
  /** The names of the objects that are open; null for an array. */
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '{') open.push(new Set());
    else if (char === '[') open.push(null);
    else if (char === '}' || char === ']') open.pop();
    else if (char === '"') {
      const start = at;
      for (at += 1; text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1;
      const names = open.at(-1) ?? null;
      COLON.lastIndex = at + 1;
      if (names === null || !COLON.test(text)) continue;
      const name: string = JSON.parse(text.slice(start, at + 1));
      if (names.has(name)) return name;
      names.add(name);
    }
  }
  return null;
}
