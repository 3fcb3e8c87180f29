import { randomUUID } from 'node:crypto';
import type { RungHandset, RungHandsetListener } from '../handset.ts';
import type { SimulatedCall } from '../simulated-call.ts';
import { type CallEvent, whyEnded } from './call-event.ts';
import type { PageLine } from './page-line.ts';

/** A browser needs a few milliseconds for its answer; a page that is gone gives none. */
const ANSWER_PATIENCE_MS = 10_000;

interface Ring {
  readonly call: SimulatedCall | null;
  readonly listener: RungHandsetListener;
  /** Settled once the page has answered. */
  readonly answered: PromiseWithResolvers<RungHandset>;
  readonly patience: NodeJS.Timeout;
  taken: boolean;
}

/** Calls of the business that ring in a page. */
export class PageRings {
  readonly #rings = new Map<string, Ring>();

  /**
   * The page is to answer this call with `answer`; `announce` tells it so, by an id. Rejects if no answer comes in time.
   *
   * @param call null if it is not known, which costs no more than the words at its end
   */
  open(
    call: SimulatedCall | null,
    listener: RungHandsetListener,
    announce: (id: string) => void,
  ): Promise<RungHandset> {
    const id = randomUUID();
    const answered = Promise.withResolvers<RungHandset>();
    const patience = setTimeout(() => {
      this.#rings.delete(id);
      answered.reject(new Error('The page did not answer.'));
    }, ANSWER_PATIENCE_MS);
    this.#rings.set(id, { call, listener, answered, patience, taken: false });
    announce(id);
    return answered.promise;
  }

  /** Whether a call of this id waits for the answer of a page. */
  waits(id: string): boolean {
    return this.#rings.get(id)?.taken === false;
  }

  /** The page has its answer ready: it rings, and is told on `line` what happens. A page that goes away declines or hangs up. */
  answer(id: string, sdp: string, line: PageLine<CallEvent>): void {
    const ring = this.#rings.get(id);
    if (ring === undefined || ring.taken) return;
    ring.taken = true;
    clearTimeout(ring.patience);
    line.onClosed(() => {
      this.#rings.delete(id);
      ring.listener.onHangUp();
    });
    line.tell({ type: 'ringing' });
    ring.answered.resolve({
      answer: sdp,
      pickedUp: () => line.tell({ type: 'accepted' }),
      close: async () => line.end({ type: 'ended', why: whyEnded(ring.call) }),
    });
  }

  /** The person takes the call. False if it does not ring any more. */
  accept(id: string): boolean {
    const ring = this.#rings.get(id);
    if (ring?.taken !== true) return false;
    ring.listener.onPickUp();
    return true;
  }

  close(): void {
    for (const { patience, answered } of this.#rings.values()) {
      clearTimeout(patience);
      answered.reject(new Error('The phone was closed.'));
    }
    this.#rings.clear();
  }
}
