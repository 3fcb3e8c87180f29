import { FaultScript, type GraphFate } from './fault-script.ts';
import { type Fault, parseFaults } from './faults.ts';
import type { ConnectRequest } from './graph-requests.ts';
import type { GraphOutcome } from './graph-server.ts';
import type { RungHandsetFactory } from './handset.ts';
import { type CallManners, MannersBook } from './manners.ts';
import { newCallId, type Office } from './office.ts';
import { OutboundCall } from './outbound-call.ts';
import { refused } from './permissions/permission-desk.ts';
import { SimulatedPhone } from './phone/simulated-phone.ts';
import { phoneOptions } from './phone-options.ts';
import { SimulatedCall } from './simulated-call.ts';

interface Entry {
  readonly manners: CallManners;
  readonly faults: readonly Fault[];
  /** Counts the connects. */
  readonly connects: FaultScript;
}

/** Calls of the business, and how users take them. */
export class BusinessCalls {
  readonly received: SimulatedCall[] = [];
  readonly #office: Office;
  readonly #book: MannersBook<Entry>;
  readonly #waiting: (() => void)[] = [];
  #handedOut = 0;

  constructor(office: Office) {
    this.#office = office;
    this.#book = new MannersBook(this.#entry({}));
  }

  /** @param user key, or null for everybody */
  setManners(user: string | null, manners: CallManners): void {
    this.#book.set(user, this.#entry(manners));
  }

  isReachable(user: string): boolean {
    return this.#book.of(user).manners.reply !== 'unreachable';
  }

  fate({ to }: ConnectRequest): GraphFate {
    return this.#book.of(this.#office.users.know(to.waId ?? to.userId ?? '').key).connects.graph('connect');
  }

  /** Graph's connect: the call is under way when it returns, or refused. */
  connect(phoneNumberId: string, request: ConnectRequest): GraphOutcome {
    const { judge, users, register, options } = this.#office;
    const { key, user } = users.know(request.to.waId ?? request.to.userId ?? '');
    const callId = newCallId();
    const refusal = judge.placeCall({ phoneNumberId, user: key }, callId);
    if (refusal !== null) return refused(refusal);
    const { manners, faults } = this.#book.of(key);
    const { handset, withContacts = true } = manners;
    const about = {
      ...this.#office.number(phoneNumberId),
      callId,
      direction: 'outbound',
      user,
      ctaPayload: null,
      deeplinkPayload: null,
      withContacts,
    } as const;
    const call = new OutboundCall(about, new FaultScript(faults), this.#office.world(callId), {
      ...manners,
      reply: manners.reply ?? (handset === undefined ? 'pick_up' : 'ignore'),
      ringTimeoutMs: options.ringTimeoutMs,
      opaque: request.opaque,
    });
    register.add(call);
    const phone = handset === undefined ? this.#phone(call, manners) : { open: handset, get: () => null };
    this.received.push(new SimulatedCall(call, phone.get));
    call.place(request.sdp, phone.open);
    for (const wake of this.#waiting.splice(0)) wake();
    return {
      ok: true,
      body: { messaging_product: 'whatsapp', calls: [{ id: callId }] },
      callId,
      settled: (event) => call.settled(event),
    };
  }

  /** The next call that was not handed out yet. Rejects with a sentence if none comes within `timeoutMs`. */
  async next(timeoutMs: number): Promise<SimulatedCall> {
    const signal = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const call = this.received[this.#handedOut];
      if (call !== undefined) {
        this.#handedOut += 1;
        return call;
      }
      if (signal.aborted) throw new Error(`The business called nobody within ${timeoutMs} ms.`);
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  #phone(call: OutboundCall, manners: CallManners): { open: RungHandsetFactory; get: () => SimulatedPhone | null } {
    const placed = this.received.length;
    let phone: SimulatedPhone | null = null;
    return {
      get: () => phone,
      open: async (offer, listener) => {
        phone = new SimulatedPhone(await phoneOptions(this.#office.options, manners, call.script, placed));
        return phone.openAnswering(offer, listener);
      },
    };
  }

  #entry(manners: CallManners): Entry {
    const faults = [...this.#office.faults, ...parseFaults(manners.faults ?? [])];
    return { manners, faults, connects: new FaultScript(faults) };
  }
}
