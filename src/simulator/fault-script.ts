import type { Fault, GraphAction, WebhookEvent } from './faults.ts';
import { type GraphError, graphError } from './graph-errors.ts';

/** What happens to one Graph request, on top of Meta's rules. */
export interface GraphFate {
  readonly delayMs: number;
  readonly refusal: GraphError | null;
  /** No answer is given: the action does not happen (`before`) or has happened (`after`). */
  readonly lost: 'before' | 'after' | null;
}

/** What happens to one webhook. */
export interface WebhookFate {
  readonly lost: boolean;
  readonly delayMs: number;
  readonly copies: number;
  readonly copyGapMs: number;
}

/** The faults of one call, with the counting that `nth` needs. */
export class FaultScript {
  readonly #faults: readonly Fault[];
  readonly #seen = new Map<GraphAction, number>();

  constructor(faults: readonly Fault[]) {
    this.#faults = faults;
  }

  /** What becomes of the next request of this action. Delays add up, the first refusal and the first timeout win. */
  graph(action: GraphAction): GraphFate {
    const nth = (this.#seen.get(action) ?? 0) + 1;
    this.#seen.set(action, nth);
    let delayMs = 0;
    let refusal: GraphError | null = null;
    let lost: GraphFate['lost'] = null;
    for (const fault of this.#faults) {
      if (!('action' in fault) || fault.action !== action || (fault.nth !== undefined && fault.nth !== nth)) continue;
      switch (fault.type) {
        case 'graph.delay':
          delayMs += fault.delayMs;
          break;
        case 'graph.refuse':
          refusal ??= graphError(fault.code, fault.details);
          break;
        case 'graph.timeout':
          lost ??= fault.performed ? 'after' : 'before';
          break;
        default:
          fault satisfies never;
      }
    }
    return { delayMs, refusal, lost };
  }

  webhook(event: WebhookEvent): WebhookFate {
    let lost = false;
    let delayMs = 0;
    let copies = 0;
    let copyGapMs = 0;
    for (const fault of this.#faults) {
      if (!('event' in fault) || fault.event !== event) continue;
      switch (fault.type) {
        case 'webhook.lose':
          lost = true;
          break;
        case 'webhook.delay':
          delayMs += fault.delayMs;
          break;
        case 'webhook.duplicate':
          copies += fault.copies;
          copyGapMs = Math.max(copyGapMs, fault.gapMs);
          break;
        default:
          fault satisfies never;
      }
    }
    return { lost, delayMs, copies, copyGapMs };
  }

  /** Whether connect waits for terminate: to go after it, or in one body with it. */
  get holdsConnect(): 'reorder' | 'batch' | null {
    if (this.#faults.some((fault) => fault.type === 'webhook.batch')) return 'batch';
    return this.#faults.some((fault) => fault.type === 'webhook.reorder') ? 'reorder' : null;
  }

  get iceNeverConnects(): boolean {
    return this.#faults.some((fault) => fault.type === 'ice.never');
  }

  get networkCuts(): readonly Extract<Fault, { type: 'network.cut' }>[] {
    return this.#faults.filter((fault) => fault.type === 'network.cut');
  }
}
