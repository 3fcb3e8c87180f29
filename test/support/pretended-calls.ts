import type { CallIdentity, Ending } from '../../src/call/index.ts';
import type { LiveCalls, Naming } from '../../src/calls-api/ports.ts';
import type { CallPlacer, DialOrder, PlacingRefusal } from '../../src/permissions/index.ts';
import { NameWaiter } from '../../src/runtime/index.ts';
import type { Database } from '../../src/storage/index.ts';

/** The machine room, without machines: writes down what was placed, and makes of each call what the test says. */
export class PretendedCalls implements CallPlacer, LiveCalls {
  readonly placed: DialOrder[] = [];
  readonly followed: CallIdentity[] = [];
  /** Why none can be placed. */
  refuses: PlacingRefusal | null = null;
  /** What becomes of the calls that are placed from now on. */
  becomes: (id: string) => Naming = (id) => ({ type: 'named', callId: nameOf(id) });
  readonly #live = new Set<string>();
  readonly #names = new NameWaiter();
  readonly #database: Database;
  readonly #now: () => number;

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async refusal(): Promise<PlacingRefusal | null> {
    return this.refuses;
  }

  async place(order: DialOrder, identity: CallIdentity): Promise<void> {
    this.placed.push(order);
    const naming = this.becomes(order.id);
    this.#live.add(order.id);
    if (naming.type === 'silent') return this.#names.forget(order.id);
    if (naming.type === 'ended') {
      const { reason, detail } = naming;
      return await this.end(identity, { class: 'failed', reason, endedBy: 'bridge', detail });
    }
    const patch = { callId: naming.callId, status: 'ringing' } as const;
    await this.#database.calls.update(order.id, patch, this.#now());
    this.#names.onUpdated(identity, patch);
  }

  async follow(identity: CallIdentity): Promise<void> {
    this.followed.push(identity);
  }

  expectName(): () => void {
    return () => {};
  }

  async end(identity: Pick<CallIdentity, 'id'>, ending: Ending): Promise<void> {
    this.#live.delete(identity.id);
    const status = ending.class === 'failed' ? 'failed' : 'completed';
    const patch = { ending, endedAt: this.#now(), status } as const;
    await this.#database.calls.update(identity.id, patch, this.#now());
    this.#names.onUpdated(identity as CallIdentity, patch);
  }

  hangUp(id: string): boolean {
    return this.#live.delete(id);
  }

  isOurs(id: string): boolean {
    return this.#live.has(id);
  }

  named(id: string, timeoutMs: number): Promise<Naming> {
    return this.#names.wait(id, timeoutMs);
  }

  forget(id: string): void {
    this.#names.forget(id);
  }
}

/** What Meta calls the call with our id. */
export function nameOf(id: string): string {
  return `wacid.${id}`;
}
