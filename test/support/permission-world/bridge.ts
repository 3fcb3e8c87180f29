import { randomUUID } from 'node:crypto';
import { CallPlanner } from '../../../src/agents/index.ts';
import { NO_RULES } from '../../../src/agents/ports.ts';
import { type Dials, joinDials } from '../../../src/main-dials.ts';
import type { PermissionBook } from '../../../src/permissions/index.ts';
import { CallRuntime, type Clock, DebtCollector } from '../../../src/runtime/index.ts';
import { createInboxWorker, type GraphClient, type InboxWorker } from '../../../src/signaling/index.ts';
import type { Database } from '../../../src/storage/index.ts';
import { choice } from '../call.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { ScriptedMedia, SMOOTH } from '../world.ts';
import type { Fact } from './facts.ts';
import type { MetaSide } from './meta-side.ts';
import { Life, type UnderWay } from './mortal.ts';

export interface BridgeOptions {
  readonly clock: VirtualClock;
  readonly database: Database;
  readonly meta: MetaSide;
  readonly underWay: UnderWay;
  /** What the webhooks in the inbox tell; the same over all lives. */
  readonly inbox: Map<number, readonly Fact[]>;
  /** Stands before the ledger, to look at what it decides. */
  readonly book: (book: PermissionBook) => PermissionBook;
  readonly onFault: (fault: unknown) => void;
}

/** The collector looks every 15 s; in a week that nobody calls, that would be all that the test does. */
function seldom(clock: Clock): Clock {
  return { now: () => clock.now(), at: (time, run) => clock.at(clock.now() + 60 * (time - clock.now()), run) };
}

/** One process of the service: everything of `main.ts` but HTTP, sound and agents, joined as there. */
export class Bridge {
  readonly dials: Dials;
  readonly runtime: CallRuntime;
  readonly #life = new Life();
  readonly #options: BridgeOptions;
  readonly #collector: DebtCollector;
  readonly #worker: InboxWorker;

  constructor(options: BridgeOptions) {
    this.#options = options;
    const { meta, underWay, onFault } = options;
    const life = this.#life;
    const clock = life.clock(options.clock);
    const stored = <T extends object>(port: T) => life.port(port, underWay);
    const { numbers } = options.database;
    const database: Database = {
      ...options.database,
      permissions: stored(options.book(options.database.permissions)),
      calls: stored(options.database.calls),
      debts: stored(options.database.debts),
      inbox: stored(options.database.inbox),
      close: async () => {},
    };
    const planner = new CallPlanner({
      rulesOf: (phoneNumberId) => {
        const handling = numbers.handlingOf(phoneNumberId);
        return handling === null ? null : { policy: handling.policy, rules: NO_RULES, chain: [choice()] };
      },
      choiceOf: () => null,
    });
    const graph = life.port({
      act: (request: Parameters<MetaSide['act']>[0]) => meta.act(request),
      connect: (request: Parameters<MetaSide['connect']>[0]) => meta.connect(request),
      requests: life.port(meta.asked),
      numbers: NO_NUMBERS,
      close: async () => {},
    });
    this.dials = joinDials({
      database,
      graph,
      calling: { recheck: async () => {} },
      planner,
      runtime: () => this.runtime,
      clock,
      onFault: (_during, fault) => onFault(fault),
    });
    this.runtime = new CallRuntime({
      clock,
      graph: this.dials.graph,
      media: new ScriptedMedia(clock, () => SMOOTH, {
        set onAnswer(listener: (callId: string) => void) {
          meta.calls.onAnswer = listener;
        },
        phones: { onPickedUp: () => {} },
      }),
      launcher: { launch: async () => ({ type: 'failed', code: 'agent_error', detail: '' }) },
      log: database.calls,
      debts: database.debts,
      policies: planner,
      maxCalls: 1_000,
      observer: {},
      onOwed: () => this.#collector.wake(),
      onFault,
    });
    this.#collector = new DebtCollector({
      clock: seldom(clock),
      graph,
      debts: database.debts,
      isLive: (callId) => this.runtime.isLive(callId),
      onFault,
    });
    this.#worker = createInboxWorker({
      inbox: database.inbox,
      sink: this.runtime,
      permissions: this.dials.desk,
      accounts: database.numberStates,
      directory: numbers,
      clock,
      observer: {
        onWorkedOff: (id) => meta.facts.tell(options.inbox.get(id) ?? [], clock.now()),
        onFault: (_during, fault) => onFault(fault),
      },
    });
  }

  async start(): Promise<void> {
    await this.runtime.recover();
    this.#worker.start();
    this.#collector.start();
    this.dials.desk.start();
  }

  /** A webhook is kept, then answered, then worked off. */
  async take(body: Buffer, tells: readonly Fact[]): Promise<void> {
    const { database, clock, inbox } = this.#options;
    const webhook = { receivedAt: clock.now(), source: 'meta', deliveryKey: randomUUID(), body } as const;
    const id = await database.inbox.store(webhook);
    if (id !== null) inbox.set(id, tells);
    this.#worker.wake();
  }

  /** Lets calls end, and everything that is under way. Takes time of the clock. */
  async stop(): Promise<void> {
    await this.runtime.drain(0);
    await this.#worker.stop();
    await this.dials.desk.stop();
    await this.#collector.stop();
    this.#life.end();
  }

  /** As kill -9 does. */
  kill(): void {
    this.#life.end();
  }
}

/** Nobody asks Graph of numbers in this world. */
const NO_NUMBERS: GraphClient['numbers'] = {
  look: async () => ({ type: 'unknown' }),
  settings: async () => ({ type: 'unknown' }),
  changeSettings: async () => ({ type: 'unknown' }),
};
