import { DeliveryRound, type DeliveryRoundOptions } from './delivery-round.ts';
import { hearingOf } from './hearing.ts';
import { Lane } from './lane.ts';

export interface DispatcherOptions extends DeliveryRoundOptions {
  readonly onFault: (fault: unknown) => void;
}

/** At once, to all receivers together. */
const MAX_AT_ONCE = 256;
/** Given up or deleted in one transaction. */
const BATCH = 500;
/** After trouble with the database: what went out meanwhile may not be written down, and goes out again. */
const TROUBLE_MS = 5_000;

/**
 * Sends what is due, to many receivers side by side, each delivery at least once: it is a row before it is sent, and stays
 * due until what came of it is a row as well.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #round: DeliveryRound;
  readonly #lanes = new Map<string, Lane>();
  /** Whose turn it is. A lane that was served goes to the end. */
  readonly #turns = new Set<Lane>();
  /** The lanes that are being filled, and whether they are to be filled again after it. */
  readonly #filling = new Map<Lane, boolean>();
  /** Everything that runs. */
  readonly #work = new Set<Promise<void>>();
  #sending = 0;
  #stopped = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#round = new DeliveryRound(options);
  }

  /** Something may be due for this webhook, or may not be sent any more. */
  look(webhookId: string): void {
    if (this.#stopped) return;
    const lane = this.#laneOf(webhookId);
    if (this.#filling.has(lane)) {
      this.#filling.set(lane, true);
      return;
    }
    this.#filling.set(lane, false);
    this.#run(this.#fill(lane));
  }

  /** Begins nothing new. */
  halt(): void {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) lane.clear();
  }

  /** Resolves when nothing is under way; after `halt`. */
  async idle(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  #laneOf(webhookId: string): Lane {
    const known = this.#lanes.get(webhookId);
    if (known !== undefined) return known;
    const { queue, clock } = this.#options;
    const lane = new Lane(webhookId, { queue, clock, onDue: () => this.look(webhookId) });
    this.#lanes.set(webhookId, lane);
    return lane;
  }

  async #fill(lane: Lane): Promise<void> {
    try {
      do {
        this.#filling.set(lane, false);
        await this.#fillOnce(lane);
      } while (this.#filling.get(lane) === true && !this.#stopped);
    } catch (fault) {
      this.#troubled(lane, fault);
    }
    this.#filling.delete(lane);
    this.#turns.add(lane);
    this.#serve();
  }

  async #fillOnce(lane: Lane): Promise<void> {
    const { queue, webhooks, clock } = this.#options;
    const { webhookId } = lane;
    const hearing = hearingOf(webhooks.get(webhookId));
    if (hearing === 'sending') return await lane.fill();
    lane.clear();
    if (hearing === 'off') await this.#whole(() => queue.giveUp(webhookId, clock.now(), BATCH));
    if (hearing !== 'gone') return;
    await this.#whole(() => queue.prune(0, BATCH));
    if (lane.isIdle) this.#lanes.delete(webhookId);
  }

  async #whole(doBatch: () => Promise<number>): Promise<void> {
    let done = BATCH;
    while (done === BATCH && !this.#stopped) done = await doBatch();
  }

  /** Sends as long as there is room, one of each webhook in turn. */
  #serve(): void {
    for (const lane of this.#turns) {
      if (this.#stopped || this.#sending >= MAX_AT_ONCE) return;
      this.#turns.delete(lane);
      if (!lane.hasNext) continue;
      this.#sending += 1;
      this.#run(this.#send(lane, lane.take()));
      this.#turns.add(lane);
    }
  }

  async #send(lane: Lane, id: string): Promise<void> {
    try {
      await this.#round.send(lane, id);
    } catch (fault) {
      this.#troubled(lane, fault);
    }
    this.#sending -= 1;
    lane.done(id);
    if (lane.isToBeFilled) this.look(lane.webhookId);
    this.#turns.add(lane);
    this.#serve();
  }

  #troubled(lane: Lane, fault: unknown): void {
    const { clock, onFault } = this.#options;
    onFault(fault);
    if (!this.#stopped) lane.hold(clock.now() + TROUBLE_MS);
  }

  #run(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }
}
