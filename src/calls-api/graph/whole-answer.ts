import { Readable } from 'node:stream';
import type { GraphAnswered } from './pass-on.ts';

/** An answer that was read, and can still be sent. */
export interface WholeAnswer {
  readonly answer: GraphAnswered;
  readonly text: string;
  /** What the text says, if it is JSON; else undefined. */
  readonly value: unknown;
}

/** Reads what Graph said; only of answers that are text, which the proxy has had whole already. */
export async function wholeAnswer(answer: GraphAnswered): Promise<WholeAnswer> {
  const bytes = Buffer.concat(await answer.body.toArray());
  const text = bytes.toString('utf8');
  return { answer: { ...answer, body: Readable.from([bytes], { objectMode: false }) }, text, value: jsonIn(text) };
}

/** The answer with another text. */
export function rewritten(answer: GraphAnswered, text: string): GraphAnswered {
  const bytes = Buffer.from(text);
  const headers = { ...answer.headers, 'content-length': String(bytes.length) };
  return { ...answer, headers, body: Readable.from([bytes], { objectMode: false }) };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
