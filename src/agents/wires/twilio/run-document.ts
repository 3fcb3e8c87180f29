import { setTimeout as delay } from 'node:timers/promises';
import { type HttpMethod, TwimlError, type Verb } from './twiml.ts';

/** What a document is run with. Every promise rejects if what is asked for cannot be had. */
export interface Stage {
  /** Asks the agent for another document. */
  fetch(url: string, method: HttpMethod): Promise<readonly Verb[]>;
  /** Joins the call with a stream. Resolves when the agent ends it, to the reason it gave. */
  connect(verb: Extract<Verb, { name: 'connect' }>): Promise<string | null>;
  /** Plays a file to its end. */
  play(verb: Extract<Verb, { name: 'play' }>): Promise<void>;
  /** The agent can talk, and what comes next is for the person. Resolves when the person is on the line. */
  onTheLine(): Promise<void>;
}

/** One after the other with nothing in between. */
const MAX_REDIRECTS = 10;

/**
 * Runs a document, and those it redirects to, until one hangs up or is at its end. Resolves to the reason of the hang-up;
 * to nothing of meaning if the run was abandoned.
 */
export async function runDocument(first: readonly Verb[], stage: Stage, signal: AbortSignal): Promise<string | null> {
  let verbs = first;
  let redirects = 0;
  let reason: string | null = 'end of document';
  while (verbs.length > 0 && !signal.aborted) {
    const [verb, ...rest] = verbs as readonly [Verb, ...Verb[]];
    verbs = rest;
    switch (verb.name) {
      case 'redirect':
        redirects += 1;
        if (redirects > MAX_REDIRECTS) throw new TwimlError(`more than ${MAX_REDIRECTS} redirects in a row`);
        verbs = await stage.fetch(verb.url, verb.method);
        break;
      case 'connect':
        reason = await stage.connect(verb);
        redirects = 0;
        // Pipecat's documents end with a long pause, which keeps calls whose stream does not block. Ours do: after the
        // stream it would be nothing but silence.
        if (rest.every((left) => left.name === 'pause')) return reason;
        break;
      case 'play':
        await stage.onTheLine();
        await stage.play(verb);
        redirects = 0;
        break;
      case 'pause':
        await stage.onTheLine();
        await delay(verb.seconds * 1000, undefined, { signal });
        // One that takes no time does not keep a document that redirects to itself from going round without end.
        if (verb.seconds > 0) redirects = 0;
        break;
      case 'reject':
        return verb.busy ? 'busy' : 'reject';
      case 'hangup':
        return 'hangup';
      default:
        verb satisfies never;
    }
  }
  return reason;
}
