import type { ToolBox, ToolOutcome } from '../../tools/tools.ts';
import { forgetOldest } from './forget-oldest.ts';
import type { ToolCallEvent } from './server-events.ts';

export interface ToolCallsOwner {
  /** What came of a call; in the order in which they end. */
  onOutcome(callId: string, outcome: ToolOutcome): void;
}

/** Calls that are under way at once. */
const MAX_RUNNING = 16;

const TOO_MANY: ToolOutcome = { type: 'answer', output: 'Too many tools are running. Wait for them.', failed: true };

/** Runs the tools that a model calls. Services tell a call once or twice, and its name at one place or the other. */
export class ToolCalls {
  readonly #box: ToolBox;
  readonly #owner: ToolCallsOwner;
  readonly #names = new Map<string, string>();
  readonly #seen = new Set<string>();
  #running = 0;

  constructor(box: ToolBox, owner: ToolCallsOwner) {
    this.#box = box;
    this.#owner = owner;
  }

  get running(): number {
    return this.#running;
  }

  named(itemId: string | null, callId: string | null, name: string): void {
    for (const id of [itemId, callId]) if (id !== null) this.#names.set(id, name);
    forgetOldest(this.#names);
  }

  called({ itemId, callId, name: given, args }: ToolCallEvent): void {
    const name = given ?? this.#names.get(callId) ?? (itemId === null ? undefined : this.#names.get(itemId));
    // Its name comes with the item, when that is done.
    if (name === undefined || this.#seen.has(callId)) return;
    this.#seen.add(callId);
    forgetOldest(this.#seen);
    if (this.#running >= MAX_RUNNING) return this.#owner.onOutcome(callId, TOO_MANY);
    this.#running += 1;
    void this.#box.run(name, args).then((outcome) => {
      this.#running -= 1;
      this.#owner.onOutcome(callId, outcome);
    });
  }
}
