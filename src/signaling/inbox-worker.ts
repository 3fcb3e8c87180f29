import { setImmediate as nextTurn } from 'node:timers/promises';
import { deliverEvents, type Recipients } from './deliver-events.ts';
import { forwardWebhook } from './forward/forward-webhook.ts';
import type { WebhookForwarder } from './forward/forwarder.ts';
import { Lanes, lanesOf } from './lanes.ts';
import type { Inbox, SignalingClock, SignalingObserver, StoredWebhook, WorkedOff } from './ports.ts';
import { quietObserver } from './quiet-observer.ts';
import { type ParsedWebhook, parseJson, parseWebhook } from './webhook-parser.ts';
import { within } from './within.ts';

export interface InboxWorkerOptions extends Recipients {
  /** Default: nobody asked for webhooks as they come. */
  readonly forwarder?: WebhookForwarder;
  readonly inbox: Inbox;
  readonly clock: SignalingClock;
  readonly observer?: SignalingObserver;
  /** How long a worked-off webhook is kept. Default 8 days, because Meta repeats deliveries for 7 (meta-calling.md §3.2). */
  readonly keepMs?: number;
}

/**
 * Works off stored webhooks, those of one call in order of arrival. One is closed when what it said is written down: a
 * process that dies before has the next one hear it again.
 */
export interface InboxWorker {
  /** Begins, with what an earlier process left. */
  start(): void;
  /** There is something new. Returns at once; without `start` it does nothing. */
  wake(): void;
  /** Resolves when nothing that came waits any more, but what is set aside; after `timeoutMs` at the latest. */
  idle(timeoutMs: number): Promise<void>;
  /** Resolves when the webhooks at hand are finished; the others stay for the next start, as do those not yet written down. */
  stop(): Promise<void>;
}

/** Rows asked for at once. */
const BATCH = 50;
/** Begun before others get a turn of the event loop; more, when turns are so long that a whole batch came in one. */
const AT_ONCE = { abreast: 3, behind: 8 };
/** A webhook that fails this often is closed as failed; what spoke of calls stays in the inbox until it is pruned. */
const ATTEMPTS = 5;
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;
/** The sink only hands events to their calls. One that takes longer is stuck, and must not hold up every other call. */
const SINK_TIMEOUT_MS = 10_000;
const PRUNE_EVERY_MS = 60 * 60_000;
const DEFAULT_KEEP_MS = 8 * 24 * 60 * 60_000;

/**
 * A webhook that fails is set aside and tried again later, while those behind it go on: a row that nobody can work off must
 * not stop all calls. This can put the events of one call out of order, which Meta does as well; the call machine takes
 * every order, and every event more than once.
 */
export function createInboxWorker(options: InboxWorkerOptions): InboxWorker {
  return new Worker(options);
}

interface SetAside {
  readonly attempts: number;
  readonly cancel: () => void;
  due: boolean;
}

/** `written` resolves when what was said is. */
type Handled = { readonly workedOff: WorkedOff; readonly written: Promise<unknown> };

class Worker implements InboxWorker {
  readonly #options: InboxWorkerOptions;
  readonly #observer: Required<SignalingObserver>;
  readonly #setAside = new Map<number, SetAside>();
  /** Those that were handed on, until they are closed. */
  readonly #closing = new Map<number, Promise<void>>();
  readonly #halt = Promise.withResolvers<void>();
  /** The newest that was handed on; new ones have higher ids. */
  #reached = 0;
  #started = false;
  #stopped = false;
  #running: Promise<void> | null = null;
  #pruning: Promise<void> | null = null;
  #again = false;
  #faults = 0;
  #cancelPrune: () => void = () => {};
  #cancelRetry: () => void = () => {};

  constructor(options: InboxWorkerOptions) {
    this.#options = options;
    this.#observer = quietObserver(options.observer);
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.wake();
    this.#pruning = this.#prune();
  }

  wake(): void {
    if (!this.#started || this.#stopped) return;
    this.#again = true;
    this.#running ??= this.#run();
  }

  async idle(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    const late = Promise.withResolvers<void>();
    const cancel = clock.at(clock.now() + timeoutMs, late.resolve);
    await Promise.race([this.#finished(), late.promise]);
    cancel();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelPrune();
    this.#cancelRetry();
    for (const { cancel } of this.#setAside.values()) cancel();
    await Promise.all([this.#running, this.#pruning]);
    // What is being written down at this moment can still be closed.
    await nextTurn();
    this.#halt.resolve();
    await Promise.all(this.#closing.values());
  }

  async #finished(): Promise<void> {
    while (this.#running !== null || this.#closing.size > 0) {
      await Promise.all([this.#running, ...this.#closing.values()]);
    }
  }

  async #run(): Promise<void> {
    try {
      while (this.#again) {
        // Gives way first, so that the webhook that woke us is answered before it is worked off.
        await nextTurn();
        if (this.#stopped) return;
        this.#again = false;
        const rows = await this.#nextRows();
        if (rows.length > 0) this.#again = true;
        await this.#workOff(rows);
      }
    } finally {
      // In the same step as the last look at #again: no wake can fall between the two.
      this.#running = null;
    }
  }

  async #nextRows(): Promise<readonly StoredWebhook[]> {
    const { inbox, clock } = this.#options;
    try {
      const again = await Promise.all(this.#dueAgain().map((id) => this.#readAgain(id)));
      const fresh = await inbox.pending(BATCH, this.#reached);
      this.#reached = fresh.at(-1)?.id ?? this.#reached;
      this.#faults = 0;
      return [...again.flat(), ...fresh];
    } catch (fault) {
      this.#observer.onFault('reading the inbox', fault);
      this.#faults += 1;
      if (this.#stopped) return [];
      this.#cancelRetry();
      this.#cancelRetry = clock.at(clock.now() + backoff(this.#faults), () => this.wake());
      return [];
    }
  }

  #dueAgain(): readonly number[] {
    return [...this.#setAside].filter(([id, { due }]) => due && !this.#closing.has(id)).map(([id]) => id);
  }

  async #readAgain(id: number): Promise<readonly StoredWebhook[]> {
    const rows = await this.#options.inbox.pending(1, id - 1);
    if (rows[0]?.id === id) return rows;
    // It was closed after all: the database had lost only its answer.
    this.#setAside.delete(id);
    return [];
  }

  /**
   * Hands all of them on side by side, but those of one call, and before the first is closed: a call waits for the commits of
   * no other, and they are closed with one, unless what one of them said takes longer to be written.
   */
  async #workOff(rows: readonly StoredWebhook[]): Promise<void> {
    const lanes = new Lanes();
    const atOnce = rows.length < BATCH ? AT_ONCE.abreast : AT_ONCE.behind;
    const attempts: Promise<{ readonly id: number; readonly close: () => Promise<void> }>[] = [];
    for (const row of rows) {
      if (this.#stopped) break;
      attempts.push(this.#attempt(row, lanes).then((close) => ({ id: row.id, close })));
      if (attempts.length % atOnce === 0) await nextTurn();
    }
    for (const { id, close } of await Promise.all(attempts)) this.#closing.set(id, this.#untilClosed(id, close));
  }

  async #untilClosed(id: number, close: () => Promise<void>): Promise<void> {
    await close();
    this.#closing.delete(id);
  }

  /** Returns what is left to do for the row; that never rejects. */
  async #attempt(row: StoredWebhook, lanes: Lanes): Promise<() => Promise<void>> {
    try {
      const json = parseJson(row.body);
      const parsed = parseWebhook(json, row.receivedAt, this.#options.messages?.keeps);
      const handle = async () => (this.#stopped ? null : await this.#handle(row, json, parsed));
      const handled = await lanes.run(lanesOf(parsed), handle);
      if (handled === null) return async () => {};
      const { workedOff, written } = handled;
      return async () => {
        const isWritten = await Promise.race([written.then(() => true), this.#halt.promise.then(() => false)]);
        if (isWritten) await this.#close(row, workedOff);
      };
    } catch (fault) {
      return () => this.#failed(row, fault);
    }
  }

  async #close(row: StoredWebhook, workedOff: WorkedOff): Promise<void> {
    const { inbox, clock } = this.#options;
    try {
      await inbox.done(row.id, clock.now(), workedOff);
      this.#setAside.delete(row.id);
      this.#observer.onWorkedOff(row.id, workedOff.outcome);
    } catch (fault) {
      await this.#failed(row, fault);
    }
  }

  async #failed(row: StoredWebhook, fault: unknown): Promise<void> {
    const attempts = (this.#setAside.get(row.id)?.attempts ?? 0) + 1;
    this.#observer.onFault('working off a webhook', fault);
    if (attempts < ATTEMPTS || !(await this.#giveUp(row, fault))) this.#putAside(row.id, attempts);
  }

  async #handle(row: StoredWebhook, json: unknown, parsed: ParsedWebhook): Promise<Handled> {
    const { clock } = this.#options;
    for (const item of parsed.ignored) this.#observer.onIgnored(item);
    // Whatever becomes of its events here, it is handed on; somebody is on the phone, so nothing waits for that.
    const [{ taken, foreign, written }] = await Promise.all([
      deliverEvents(parsed, row, this.#options, (handling) => within(clock, SINK_TIMEOUT_MS, handling)),
      this.#forward(row, json),
    ]);
    const outcome = `taken ${taken}, ignored ${parsed.ignored.length}, of other numbers ${foreign}`;
    return { workedOff: { outcome, keepBody: this.#speaksOfOurCalls(parsed) }, written };
  }

  async #forward(row: StoredWebhook, json: unknown): Promise<void> {
    const { forwarder, directory, clock } = this.#options;
    if (forwarder !== undefined) await forwardWebhook(row, json, { forwarder, directory }, clock.now());
  }

  /** An app that subscribes to `messages` as well hands us people's chats, which are nothing to keep. */
  #speaksOfOurCalls({ numbers }: ParsedWebhook): boolean {
    return [...numbers].some((number) => this.#options.directory.isOurs(number));
  }

  /** True if the row is closed. */
  async #giveUp({ id, body, receivedAt }: StoredWebhook, fault: unknown): Promise<boolean> {
    const { inbox, clock } = this.#options;
    const keepBody = this.#speaksOfOurCalls(parseWebhook(body, receivedAt));
    const outcome = `failed: ${fault instanceof Error ? fault.message : String(fault)}`.slice(0, 300);
    try {
      await inbox.done(id, clock.now(), { outcome, keepBody });
      this.#setAside.delete(id);
      this.#observer.onWorkedOff(id, outcome);
      return true;
    } catch (another) {
      this.#observer.onFault('closing a webhook', another);
      return false;
    }
  }

  #putAside(id: number, attempts: number): void {
    const { clock } = this.#options;
    if (this.#stopped) return;
    const cancel = clock.at(clock.now() + backoff(attempts), () => {
      aside.due = true;
      this.wake();
    });
    const aside: SetAside = { attempts, cancel, due: false };
    this.#setAside.set(id, aside);
  }

  async #prune(): Promise<void> {
    const { inbox, clock, keepMs = DEFAULT_KEEP_MS } = this.#options;
    try {
      await inbox.prune(clock.now() - keepMs);
    } catch (fault) {
      this.#observer.onFault('pruning the inbox', fault);
    }
    if (this.#stopped) return;
    this.#cancelPrune = clock.at(clock.now() + PRUNE_EVERY_MS, () => {
      this.#pruning = this.#prune();
    });
  }
}

function backoff(attempts: number): number {
  return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempts - 1));
}
