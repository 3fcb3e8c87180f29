import { API_ERRORS } from '../src/calls-api/index.ts';
import { type GraphErrorRule, META_ERRORS } from '../src/signaling/index.ts';

/** A generated part of docs/errors.md stands between its two marks. */
export interface Section {
  readonly begin: string;
  readonly end: string;
}

/** The part that is made from META_ERRORS. */
export const META_SECTION = { begin: '<!-- meta errors: begin -->', end: '<!-- meta errors: end -->' } as const;
/** The part that is made from API_ERRORS. */
const API_SECTION = { begin: '<!-- api errors: begin -->', end: '<!-- api errors: end -->' } as const;

/** Puts the part on Meta's errors into the document, in the place of the old one or at the end. */
export function withMetaErrors(document: string): string {
  return withSection(document, META_SECTION, metaErrors());
}

/** Puts the part on our own errors into the document, in the place of the old one or at the end. */
export function withApiErrors(document: string): string {
  return withSection(document, API_SECTION, apiErrors());
}

export function withSection(document: string, marks: Section, text: string): string {
  const begin = document.indexOf(marks.begin);
  const end = document.indexOf(marks.end);
  if (begin === -1 || end === -1) return `${document.trimEnd()}\n\n${text}\n`.trimStart();
  return document.slice(0, begin) + text + document.slice(end + marks.end.length);
}

/** The part on our own errors, marks included, without a line end after it. */
export function apiErrors(): string {
  const rows = Object.entries(API_ERRORS).map(
    ([name, { status, code, subcode, retryable, message }]) =>
      `| ${[status, code, subcode ?? '', `\`${name}\``, retryable ? 'yes' : 'no', message].join(' | ')} |`,
  );
  return `${API_SECTION.begin}
<!-- Made by \`node scripts/generate-error-docs.ts\` from src/calls-api/base/error-table.ts. Do not edit by hand. -->

## What talkwire's own API answers

Routes in the shape of Meta's (\`/meta/whatsapp/…\`, \`/api/meta/…\`) answer with Graph's envelope; its \`error_data.details\` names
the field and the rule. Routes of the platform (\`/platform/…\`, \`/api/v1/…\`) answer \`{"error": "<details>"}\`; where fields of the
body are at fault (422) \`{"errors": {"<field>": ["<rule>"]}}\`, and to a second primary (409)
\`{"errors": {"base": ["Primary assignment already exists for this number"]}}\`. The webhook route answers 401 to a bad
signature, 413 to more than 3 MB, and 500 if the webhook could not be stored, so that it comes again.

A call or a request for permission that talkwire refuses itself has Meta's code for it and Meta's status, and a text that
begins with "Refused by talkwire". Programs read \`reason\` (which rule) and \`retry_at\` (when the rule lets it pass, or null):
on the platform beside \`error\` and \`code\`, on Graph's routes in \`error_data\`. Where there is a time, the header
\`Retry-After\` has it in seconds. What Graph refused passes on as Graph said it, status and body; of a call that talkwire places
itself it is Graph's code and its status in place of those below. How to dial is in [calling out](calling-out.md).

The name of an error is what OpenAPI and these pages call it; it is not in the answer.

| HTTP | Code | Subcode | Name | Worth repeating | Message |
|---|---|---|---|---|---|
${rows.join('\n')}

${API_SECTION.end}`;
}

/** The part on Meta's errors, marks included, without a line end after it. */
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
seconds. \`accept\`, \`connect\` and messages are repeated only if not one byte of them had left. Of a \`connect\` or a message,
any answer with 4xx counts as refused, throttling included, and any with 5xx as unknown, whatever its code. Otherwise codes
that are not in the table follow their HTTP status: 408, 429 and 5xx are unknown and repeated with pauses, the rest is
refused. Meta gives no code for "the call is already over"; talkwire recognises it by the text, which is a guess.

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
