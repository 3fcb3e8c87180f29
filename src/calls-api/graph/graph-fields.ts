/**
 * What of `fields` is Graph's: all but `kapso(…)`, of which Graph knows nothing (kapso-api.md §2), closed or not. Null if
 * nothing is left; the same text if nothing of it is Kapso's.
 */
export function graphFields(text: string): string | null {
  const items = itemsOf(text);
  const own = items.filter((item) => !/^\s*kapso\s*(?:\(|$)/i.test(item));
  if (own.length === items.length) return text;
  return own.length === 0 ? null : own.join(',');
}

/** Splits at the commas that are in no bracket: `a{b,c},kapso(d,e)` has two items. */
function itemsOf(text: string): string[] {
  const items: string[] = [];
  let [start, depth] = [0, 0];
  for (let at = 0; at <= text.length; at += 1) {
    const char = text[at];
    if (char === '(' || char === '{') depth += 1;
    else if (char === ')' || char === '}') depth -= 1;
    else if (char === undefined || (char === ',' && depth <= 0)) {
      items.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return items;
}
