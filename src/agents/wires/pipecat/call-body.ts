import { type callDescription, latestLines } from '../../call-facts.ts';

/** What a bot is told of the call: as `body` when it is started, and in a client message `call` on every connection. */
export type CallBody = ReturnType<typeof callDescription>;

/** Longest `?body=` that Pipecat Cloud takes, base64 characters (agent-protocols.md §1.7), and the bytes that makes. */
const MAX_QUERY_BODY = 4_096;
const MAX_BYTES = (MAX_QUERY_BODY / 4) * 3;

/**
 * The body as a query parameter: base64 of JSON, without as many of the oldest lines of the transcript as it takes to fit;
 * null if it is too long even so.
 */
export function queryBody(body: CallBody): string | null {
  for (let transcript = latestLines(body.transcript, MAX_BYTES); ; transcript = transcript.slice(1)) {
    const text = Buffer.from(JSON.stringify({ ...body, transcript })).toString('base64');
    if (text.length <= MAX_QUERY_BODY) return text;
    if (transcript.length === 0) return null;
  }
}
