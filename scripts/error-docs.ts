import { type GraphErrorRule, META_ERRORS } from '../src/signaling/index.ts';

/** The part of docs/errors.md that is made from META_ERRORS, between its two marks. */
export const META_SECTION = { begin: '<!-- meta errors: begin -->', end: '<!-- meta errors: end -->' } as const;

/** Puts the generated part into the document, in the place of the old one or at the end. */
export function withMetaErrors(document: string): string {
  const begin = document.indexOf(META_SECTION.begin);
  const end = document.indexOf(META_SECTION.end);
  if (begin === -1 || end === -1) return `${document.trimEnd()}\n\n${metaErrors()}\n`.trimStart();
  return document.slice(0, begin) + metaErrors() + document.slice(end + META_SECTION.end.length);
}

/** The generated part, marks included, without a line end after it. */
export function metaErrors(): string {
  return `${META_SECTION.begin}
<!-- Made by \`node scripts/generate-error-docs.ts\` from src/signaling/graph-error-table.ts. Do not edit by hand. -->

## Meta's errors and what talkwire does

Graph answers a failed action with an error code; some codes come by webhook when a call is over. talkwire keeps code and
text with the call, and sorts each failure into one of three kinds:

- **refused**: Graph said no, and will say no again.
- **gone**: the call is over, or Graph does not know it. Nothing is owed any more.
- **unknown**: no answer that decides anything (timeout, throttling, a fault at Meta). The action may have happened or not;
  a reject or terminate stays owed, and is sent again later.

Repeating, where the table allows it, happens only for \`pre_accept\`, \`reject\` and \`terminate\`, and within 8, 10 and 15
seconds. \`accept\` is repeated only if not one byte of it had left. Codes that are not in the table follow their HTTP status:
408, 429 and 5xx are unknown and repeated with pauses, the rest is refused. Meta gives no code for "the call is already
over"; talkwire recognises it by the text, which is a guess.

The last column says whether Meta documents the code. **Alert** marks errors that a person has to remedy.

| Code | Seen in | Meaning | Kind | Repeated | Alert | What happens, or what to do | Known |
|---|---|---|---|---|---|---|---|
${META_ERRORS.map(row).join('\n')}

${META_SECTION.end}`;
}

function row({ code, seenIn, meaning, kind, retry, alert, reaction, known }: GraphErrorRule): string {
  const place = typeof seenIn === 'number' ? `HTTP ${seenIn}` : (seenIn ?? 'unknown');
  const repeated = { never: 'no', once: 'once', backoff: 'with pauses' }[retry];
  return `| ${[code, place, meaning, kind, repeated, alert ? 'yes' : 'no', reaction, known].join(' | ')} |`;
}
