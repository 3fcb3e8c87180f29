import type { WhatsAppCall } from './call.ts';
import type { GraphCallView } from './graph-rules.ts';
import type { OutboundCall } from './outbound-call.ts';

export type AnyCall = WhatsAppCall | OutboundCall;

/** So many ended calls are remembered, so that Graph can tell `ended` from `unknown`. */
const REMEMBERED_CALLS = 10_000;

type PastCall = GraphCallView & { readonly phoneNumberId: string };

/** The calls that there are and were, for Graph to find. */
export class CallRegister {
  readonly #live = new Map<string, AnyCall>();
  readonly #past = new Map<string, PastCall>();

  get live(): readonly AnyCall[] {
    return [...this.#live.values()];
  }

  get size(): number {
    return this.#live.size;
  }

  add(call: AnyCall): void {
    this.#live.set(call.callId, call);
  }

  /** It never came to be. */
  forget(callId: string): void {
    this.#live.delete(callId);
  }

  /** Everything of it is closed. */
  closed(callId: string): void {
    const call = this.#live.get(callId);
    if (call === undefined) return;
    const { phoneNumberId, direction, phase } = call;
    this.#live.delete(callId);
    this.#past.set(callId, { phoneNumberId, direction, phase, answer: null });
    if (this.#past.size <= REMEMBERED_CALLS) return;
    for (const oldest of this.#past.keys()) {
      this.#past.delete(oldest);
      break;
    }
  }

  /** One that is not closed yet. */
  get(callId: string): AnyCall | null {
    return this.#live.get(callId) ?? null;
  }

  find(callId: string, phoneNumberId: string): GraphCallView | null {
    const call = this.#live.get(callId) ?? this.#past.get(callId);
    return call?.phoneNumberId === phoneNumberId ? call : null;
  }
}
