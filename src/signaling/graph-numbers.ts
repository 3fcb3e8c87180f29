import { type GraphAnswer, neverLeft, readAnswer } from './graph-answer.ts';
import { type GraphRequestsOptions, judgeRead, wasNoAnswer } from './graph-requests.ts';
import type { GraphRefused } from './graph-types.ts';
import type { GraphCredentials } from './ports.ts';

/** What the house asks of Graph of numbers themselves. Has the shape of the HTTP routes' NumberGraph. Never rejects. */
export interface GraphNumbers {
  /** `GET {number}`, as the holder of these credentials is told. */
  look(phoneNumberId: string, credentials: GraphCredentials): Promise<GraphTold>;
  /** `GET {number}/settings`; with the credentials of the number where none are given. */
  settings(phoneNumberId: string, credentials: GraphCredentials | null): Promise<GraphTold>;
  /** `POST {number}/settings`. */
  changeSettings(phoneNumberId: string, change: object): Promise<GraphTold>;
}

/** `at`: when it was asked for, Unix milliseconds: what is told is as new as that at least. */
export type GraphTold =
  | { readonly type: 'told'; readonly at: number; readonly body: object }
  | GraphRefused
  | { readonly type: 'unknown' };

/** Every number has these (meta-calling.md §2.7). */
const NUMBER = 'fields=display_phone_number,verified_name';

export function createGraphNumbers({ line, budgetsMs, attemptMs, report }: GraphRequestsOptions): GraphNumbers {
  async function ask(
    phoneNumberId: string,
    resource: string,
    change: object | null,
    credentials: GraphCredentials | null,
  ): Promise<GraphTold> {
    const at = Date.now();
    const began = performance.now();
    const deed = change === null ? 'read' : 'forward';
    const done = await line.run<GraphAnswer>({
      method: change === null ? 'GET' : 'POST',
      phoneNumberId,
      resource,
      body: change === null ? null : JSON.stringify(change),
      ...(credentials !== null && { credentials }),
      budgetMs: budgetsMs[deed],
      attemptMs: change === null ? attemptMs : null,
      judge: change === null ? judgeRead : (outcome) => readAnswer(outcome, Date.now()),
      mayRepeat: change === null ? wasNoAnswer : neverLeft,
    });
    report(deed, phoneNumberId, { ...done, tookMs: performance.now() - began });
    const { verdict } = done;
    if (verdict.type === 'ok') return { type: 'told', at, body: verdict.body };
    if (verdict.type === 'unknown') return { type: 'unknown' };
    const { failure: _, ...refusal } = verdict;
    return refusal;
  }

  return {
    look: (phoneNumberId, credentials) => ask(phoneNumberId, `?${NUMBER}`, null, credentials),
    settings: (phoneNumberId, credentials) => ask(phoneNumberId, 'settings?fields=calling', null, credentials),
    changeSettings: (phoneNumberId, change) => ask(phoneNumberId, 'settings', change, null),
  };
}
