import type { CallEvent, Fault, GraphAction, WebhookEvent } from './faults.ts';
import { type GraphError, graphError } from './graph-errors.ts';

/** What happens to one Graph request, on top of Meta's rules. */
export interface GraphFate {
  readonly delayMs: number;
  readonly refusal: GraphError | null;
  /** No answer is given: the action does not happen (`before`) or has happened (`after`). */
  readonly lost: 'before' | 'after' | null;
  /** With `lost`: the connection breaks at once. */
  readonly reset: boolean;
  /** A server's error in place of an answer. */
  readonly failure: { readonly httpStatus: number; readonly performed: boolean } | null;
  /** The answer waits until the bridge has answered this webhook. */
  readonly answerAfter: CallEvent | null;
}

/** What happens to one webhook. */
export interface WebhookFate {
  readonly lost: boolean;
  readonly delayMs: number;
  readonly copies: number;
  readonly copyGapMs: number;
  /** It waits until the bridge has answered this one. */
  readonly heldUntil: CallEvent | null;
}

/** The faults of one call, with the counting that `nth` needs. */
export class FaultScript {
  readonly #faults: readonly Fault[];
  readonly #seen = new Map<GraphAction, number>();

  constructor(faults: readonly Fault[]) {
    this.#faults = faults;
  }

  /** What becomes of the next request of this action. Delays add up; of everything else the first that applies wins. */
  graph(action: GraphAction): GraphFate {
    const nth = (this.#seen.get(action) ?? 0) + 1;
    this.#seen.set(action, nth);
    const fate = {
      delayMs: 0,
      refusal: null as GraphFate['refusal'],
      lost: null as GraphFate['lost'],
      reset: false,
      failure: null as GraphFate['failure'],
      answerAfter: null as GraphFate['answerAfter'],
    };
    for (const fault of this.#faults) {
      if (!('action' in fault) || fault.action !== action || (fault.nth !== undefined && fault.nth !== nth)) continue;
      switch (fault.type) {
        case 'graph.delay':
          fate.delayMs += fault.delayMs;
          break;
        case 'graph.refuse':
          fate.refusal ??= graphError(fault.code, fault.details);
          break;
        case 'graph.timeout':
          if (fate.lost === null) fate.reset = fault.reset;
          fate.lost ??= fault.performed ? 'after' : 'before';
          break;
        case 'graph.fail':
          fate.failure ??= { httpStatus: fault.httpStatus, performed: fault.performed };
          break;
        case 'graph.answer_after':
          fate.answerAfter ??= fault.event;
          break;
        default:
          fault satisfies never;
      }
    }
    return fate;
  }

  webhook(event: WebhookEvent): WebhookFate {
    let lost = false;
    let delayMs = 0;
    let copies = 0;
    let copyGapMs = 0;
    let heldUntil: CallEvent | null = null;
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
        case 'webhook.hold':
          heldUntil ??= fault.until;
          break;
        case 'graph.answer_after':
          // About an answer of Graph, not about the webhook.
          break;
        default:
          fault satisfies never;
      }
    }
    return { lost, delayMs, copies, copyGapMs, heldUntil };
  }

  /** Whether connect waits for terminate: to go after it, or in one body with it. */
  get holdsConnect(): 'reorder' | 'batch' | null {
    if (this.#has('webhook.batch')) return 'batch';
    return this.#has('webhook.reorder') ? 'reorder' : null;
  }

  get iceNeverConnects(): boolean {
    return this.#has('ice.never');
  }

  /** The DTLS role that the phone's answer names; null: the phone's own choice. */
  get answerSetup(): Extract<Fault, { type: 'sdp.setup' }>['setup'] | null {
    return this.#faults.find((fault) => fault.type === 'sdp.setup')?.setup ?? null;
  }

  get networkCuts(): readonly Extract<Fault, { type: 'network.cut' }>[] {
    return this.#faults.filter((fault) => fault.type === 'network.cut');
  }

  #has(type: Fault['type']): boolean {
    return this.#faults.some((fault) => fault.type === type);
  }
}
