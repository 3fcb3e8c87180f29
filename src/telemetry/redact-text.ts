/** Longer texts are cut; no log line needs more, and the patterns stay quick. */
const MAX_LENGTH = 8_192;

/** One such line, even inside escaped JSON, is enough: the whole text is taken for SDP. */
const SDP = /v=0(?:\r|\n|\\r|\\n)|(?:^|[\s"\\])m=audio |a=(?:fingerprint|candidate|ice-ufrag|ice-pwd|crypto):/i;

const UUID = '(?<![0-9a-f-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f-])';
const DATE = String.raw`(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const CLOCK = String.raw`[0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?`;
/** Made of what looks like phone numbers and addresses, and harmless. */
const HARMLESS = new RegExp(String.raw`${UUID}|(?<![\d-])${DATE}(?:T${CLOCK}Z?)?(?![\d-])`, 'gi');

type Rule = readonly [pattern: RegExp, replacement: string];

/** What is known by its name or its surroundings; a token may well be a UUID. */
const NAMED: readonly Rule[] = [
  [/\b(Bearer|Basic)\s+[^\s"',;]+/gi, '$1 [token]'],
  [
    /\b(authorization|x-api-key|api[_-]?key|access[_-]?token|token|secret|password)(["']?\s*[:=]\s*["']?)(?!\[)[^\s"',;&]+/gi,
    '$1$2[token]',
  ],
  [/\bEAA[A-Za-z0-9]{12,}/g, '[token]'],
  // They are base64 of, among others, the user's number.
  [/\bwa[cm]id\.[^\s"',;]*/gi, '[call id]'],
  [/\/\/[^\s/@]+@/g, '//[credentials]@'],
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/[^\s?"']*)\?[^\s"']*/gi, '$1?[query]'],
  [/\?[\w.~%+-]+=[^\s"']*/g, '?[query]'],
  // BSUIDs (kapso-api.md §11).
  [/\b[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{6,128}\b/g, '[user id]'],
];

/** What is known by its shape. */
const SHAPED: readonly Rule[] = [
  [/(?<![0-9a-f:])[0-9a-f:]*(?:[0-9a-f]::|::[0-9a-f]|(?::[0-9a-f]{1,4}){5})[0-9a-f:.]*(?:%\w+)?/gi, '[ip]'],
  [/\d{1,3}(?:\.\d{1,3}){3}/g, '[ip]'],
  // Keys and tokens without any other mark.
  [/[A-Za-z0-9_+-]{40,}={0,2}/g, '[secret]'],
  // Eight digits or more, plain or as people write phone numbers.
  [/\d(?:[ \u00a0().\-/]{0,3}\d){7,}/g, '[phone]'],
];

/**
 * Strikes SDP, IP addresses, phone numbers, tokens, URL queries, user ids and Meta's call ids out of a text. UUIDs and
 * ISO times stay. It rather strikes too much than too little.
 *
 * @param secrets struck out wherever they stand
 */
export function redactText(text: string, secrets: readonly string[] = []): string {
  for (const secret of secrets) text = text.replaceAll(secret, '[secret]');
  if (SDP.test(text)) return '[sdp]';
  const short = shorten(text);
  const named = strike(short, NAMED);
  const harmless = named.match(HARMLESS) ?? [];
  return named
    .split(HARMLESS)
    .map((part, index) => strike(part, SHAPED) + (harmless[index] ?? ''))
    .join('');
}

function strike(text: string, rules: readonly Rule[]): string {
  for (const [pattern, replacement] of rules) text = text.replace(pattern, replacement);
  return text;
}

/** Cut between words: half a token would not be recognised. */
function shorten(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH).replace(/\S*$/, '')}…`;
}
