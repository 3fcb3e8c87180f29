import type { ParsedWebhook } from './webhook-parser.ts';

/** Works that share a lane go one after the other, in the order in which they were asked for; all others side by side. */
export class Lanes {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Begins `work` when what was asked for before it in any of `lanes` is over, however that ended. */
  async run<T>(lanes: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = lanes.flatMap((lane) => this.#last.get(lane) ?? []);
    const running = before.length === 0 ? work() : Promise.allSettled(before).then(work);
    for (const lane of lanes) this.#last.set(lane, running);
    return await running;
  }
}

/** One for all that is not said of a call: of people, of their messages and of numbers. No call has an empty id. */
const REST = '';

/** What is said of one call is heard in its order, and so is all that is not said of a call. */
export function lanesOf(parsed: ParsedWebhook): readonly string[] {
  const { events, permissions, accounts, artifacts, messages } = parsed;
  const lanes = new Set(events.map(({ identity }) => identity.callId));
  if ([permissions, accounts, artifacts, messages].some(({ length }) => length > 0)) lanes.add(REST);
  return [...lanes];
}
