declare global {
  interface JSON {
    /** JSON.parse with source text access; TypeScript does not know it yet. */
    rawJSON(text: string): unknown;
  }
}

/**
 * Parses JSON so that `JSON.stringify` writes every number as it stood: a media id of Meta's may have more digits than a
 * number of JavaScript. Undefined if it is no JSON.
 */
export function parseExactly(json: string): unknown {
  try {
    return JSON.parse(json, keepDigits);
  } catch {
    return undefined;
  }
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && String(value) !== source ? JSON.rawJSON(source) : value;
}
