import { decide } from '../decide.ts';
import type {
  CallingWatch,
  CallPlacer,
  Decide,
  Decision,
  Denial,
  DialOrder,
  DialRules,
  DialRulesBook,
  GraphRefusal,
  PermissionBook,
  PermissionClock,
  PermissionEvent,
  PermissionEventSink,
  PermissionGraph,
  Reservation,
  WaitingDial,
  WaitingEnding,
  Wish,
} from '../ports.ts';
import { identityOf } from './dial-identity.ts';
import type { DialOutcome, DialRequest } from './dial-request.ts';
import { GraphLessons } from './graph-lessons.ts';
import { LiveReader } from './live-reader.ts';
import { requestMessage } from './request-message.ts';
import { UnsureRequests } from './unsure-requests.ts';
import { WaitingRoom } from './waiting-room.ts';
import { whenToRing } from './when-to-ring.ts';
import { writeEvent } from './write-event.ts';

export interface DialDeskOptions {
  readonly book: PermissionBook;
  readonly numbers: DialRulesBook;
  readonly graph: PermissionGraph;
  readonly calls: CallPlacer;
  readonly calling: CallingWatch;
  readonly clock: PermissionClock;
  /** Something failed that nobody waits for. The desk goes on. */
  readonly onFault: (during: string, fault: unknown) => void;
}

/** A scheduled dial that cannot be placed at its time is tried for so long. */
const SCHEDULE_PATIENCE_MS = 3_600_000;
/** When no clock says when a limit falls (a call with the same user is live), it is looked at again after this. */
const LOOK_AGAIN_MS = 15_000;
/** Graph refuses a request because it had one before, or because the user has answered one for good. */
const ASKED_BEFORE: ReadonlySet<number | null> = new Set([138009, 138017]);

type PermissionReply = Extract<PermissionEvent, { type: 'permission_reply' }>;

/**
 * Takes dials from their request to the moment that the call machine has them: decides, reserves, asks the user, waits,
 * and resumes. All that waits is in the book, so a restart forgets nothing and places nothing twice.
 */
export class DialDesk implements PermissionEventSink {
  readonly #options: DialDeskOptions;
  readonly #lessons: GraphLessons;
  readonly #waiting: WaitingRoom;
  readonly #unsure: UnsureRequests;

  constructor(options: DialDeskOptions) {
    this.#options = options;
    const { book, graph, calling, clock, onFault } = options;
    const reader = new LiveReader({ graph, clock });
    this.#lessons = new GraphLessons({ book, reader, calling, clock, onDoubt: (id) => this.#unsure.doubt(id) });
    this.#waiting = new WaitingRoom({ book, clock, onFault, onDue: (dial) => this.#onDue(dial) });
    this.#unsure = new UnsureRequests({
      book,
      clock,
      onFault,
      read: (...asked) => this.#lessons.read(...asked),
      onDue: () => this.#waiting.look(),
    });
  }

  /** What Graph says of limits, for those who ask it for clients. */
  get lessons(): GraphLessons {
    return this.#lessons;
  }

  /** Begins to look after what waits, with what an earlier process left. */
  start(): void {
    this.#waiting.start();
    this.#unsure.start();
  }

  /** Resolves when nothing is under way any more; what waits stays for the next start. */
  async stop(): Promise<void> {
    await Promise.all([this.#waiting.stop(), this.#unsure.stop()]);
  }

  /** Places a call, or keeps it until it may be placed. */
  async dial(request: DialRequest): Promise<DialOutcome> {
    const { numbers, calls, clock, book } = this.#options;
    const { phoneNumberId } = request;
    const now = clock.now();
    const rules = numbers.dialRules(phoneNumberId);
    if (rules === null) return { type: 'unavailable', why: 'unknown_number' };
    const why = await calls.refusal(phoneNumberId, request.voiceAgentId);
    if (why !== null) return { type: 'unavailable', why };
    const order = orderOf(request, rules, numbers.displayPhoneNumber(phoneNumberId), now);
    if (order.notBefore === null || order.notBefore <= now) return await this.#attempt(order, rules, null);
    await book.wait({ order, state: 'scheduled', nextAt: order.notBefore }, now);
    this.#waiting.look();
    return { type: 'accepted', id: order.id, state: 'scheduled', warnings: [] };
  }

  /** Gives up a dial that waits. False if none does with this id. */
  async cancel(id: string): Promise<boolean> {
    return await this.#options.book.giveUp(id, 'cancelled', this.#options.clock.now());
  }

  /** What a webhook said. Resolves when it is written down, and with it what is to follow: that goes on by itself. */
  async handle(event: PermissionEvent): Promise<void> {
    const { book } = this.#options;
    await writeEvent(book, event);
    switch (event.type) {
      case 'permission_reply':
        return await this.#onReply(event);
      case 'message_failed': {
        const dial = await book.waitingForMessage(event.messageId);
        return dial === null ? undefined : await this.#giveUp(dial, 'request_refused');
      }
      case 'user_message':
        return;
      default:
        event satisfies never;
    }
  }

  async #onReply({ phoneNumberId, user, response, automatic }: PermissionReply): Promise<void> {
    const { book, clock } = this.#options;
    // What WhatsApp takes back by itself is no answer to what was asked since.
    if (response === 'reject' && automatic) return;
    for (const dial of await book.waitingFor(phoneNumberId, user)) {
      // Due from now on: should this process die before it is placed, the next one places it.
      if (response === 'accept') await book.wait({ ...dial, nextAt: clock.now() }, clock.now());
      else await this.#giveUp(dial, 'permission_declined');
    }
    this.#waiting.look();
  }

  /** Decides and does what was decided. `waited`: the dial was kept before, and nobody waits for the outcome. */
  async #attempt(order: DialOrder, rules: DialRules, waited: WaitingDial | null): Promise<DialOutcome> {
    const { clock } = this.#options;
    const wish: Wish = order.permission.mode === 'ask' ? 'call_or_ask' : 'call';
    const judge: Decide = (state) =>
      decide({ ...state, now: clock.now(), wish, rules, ownTemplate: order.permission.template !== null });
    await this.#lessons.learnBefore(order.phoneNumberId, order.user, judge);
    const reservation = await this.#reserve(order, judge);
    if (reservation === null) return { type: 'unavailable', why: 'not_waiting' };
    const { decision, requestId } = reservation;
    switch (decision.type) {
      case 'allow':
        return await this.#place(order, decision.warnings);
      case 'ask':
        return await this.#ask(order, rules, decision, requestId ?? '', waited?.state === 'awaiting_permission');
      case 'deny':
        // While its own request has no answer, that is what lets it go on, and no clock.
        if (waited !== null) await this.#waitOn(waited, isAsking(waited, decision) ? null : decision.until);
        return { type: 'denied', denial: decision };
      default:
        return decision satisfies never;
    }
  }

  async #reserve(order: DialOrder, judge: Decide): Promise<Reservation | null> {
    const { book, clock } = this.#options;
    try {
      return await book.reserve(order, clock.now(), judge);
    } catch (fault) {
      // The connection to the database may have been lost after it had written.
      this.#release(order.id);
      throw fault;
    }
  }

  async #place(order: DialOrder, warnings: readonly string[]): Promise<DialOutcome> {
    const { calls, clock } = this.#options;
    const { id } = order;
    try {
      await calls.place(order, identityOf(order, clock.now()));
    } catch (fault) {
      this.#release(id);
      throw fault;
    }
    return { type: 'accepted', id, state: 'placing', warnings };
  }

  /** No machine has the call, so nobody else would ever give its place back; while the database is away, later. */
  #release(id: string): void {
    const { book, clock } = this.#options;
    const release = () => book.abandon(id, { reason: 'connect_unknown', detail: null }, clock.now());
    this.#waiting.insist('giving back the place of a dial', release);
  }

  async #ask(
    order: DialOrder,
    rules: DialRules,
    { by }: Extract<Decision, { type: 'ask' }>,
    requestId: string,
    anew: boolean,
  ): Promise<DialOutcome> {
    const { book, graph, clock } = this.#options;
    const { phoneNumberId, user, permission } = order;
    const sent = await graph.send(phoneNumberId, {
      json: JSON.stringify(requestMessage(user, by, rules, permission.template)),
      version: null,
    });
    // Of a refusal as well: it may fail to be written down.
    if (sent.type !== 'sent') this.#lessons.doubt(requestId);
    if (sent.type === 'refused') return await this.#requestRefused(order, requestId, sent, anew);
    // Without an answer it may have been sent: it counts, and the user's reply may come.
    await book.requestSent(requestId, sent.type === 'sent' ? sent.messageId : null, clock.now());
    this.#waiting.look();
    return { type: 'accepted', id: order.id, state: 'awaiting_permission', warnings: [] };
  }

  async #requestRefused(
    order: DialOrder,
    requestId: string,
    refusal: GraphRefusal,
    anew: boolean,
  ): Promise<DialOutcome> {
    const { book, clock } = this.#options;
    // A request that Graph did not count, and was taken for lost, was only late: the answer to it can come.
    const isAsked = anew && ASKED_BEFORE.has(refusal.code);
    // First the dial: should the process die between the two, it does not wait for an answer that nobody was asked for.
    if (!isAsked) await book.giveUp(order.id, 'request_refused', clock.now());
    await book.requestRefused(requestId);
    await this.#lessons.refused(order.phoneNumberId, order.user, refusal);
    return { type: 'refused', refusal };
  }

  /** A dial may go on: the user said yes, or its time has come. */
  async #resume(dial: WaitingDial): Promise<void> {
    const { book, numbers, calls, clock } = this.#options;
    const { order } = dial;
    const rules = numbers.dialRules(order.phoneNumberId);
    if (rules === null) return await this.#giveUp(dial, 'dial_denied');
    const ringAt = whenToRing(rules, order, clock.now());
    if (ringAt > clock.now()) {
      if (order.deadlineAt !== null && ringAt >= order.deadlineAt) return await this.#giveUp(dial, expiry(dial));
      await book.wait({ order, state: 'quiet_hours', nextAt: ringAt }, clock.now());
      return this.#waiting.look();
    }
    if ((await calls.refusal(order.phoneNumberId, order.voiceAgentId)) !== null) return await this.#waitOn(dial, null);
    const outcome = await this.#attempt(order, rules, dial);
    if (outcome.type === 'refused') this.#options.onFault('asking for a permission', new Error('Graph refused it'));
  }

  /** Time is up for a dial, or it is to be looked at again. */
  async #onDue(dial: WaitingDial): Promise<void> {
    const { deadlineAt } = dial.order;
    if (deadlineAt !== null && deadlineAt <= this.#options.clock.now()) await this.#giveUp(dial, expiry(dial));
    else await this.#resume(dial);
  }

  /** Not now: later, unless that is too late. */
  async #waitOn(dial: WaitingDial, until: number | null): Promise<void> {
    const { book, clock } = this.#options;
    const nextAt = until ?? clock.now() + LOOK_AGAIN_MS;
    const { deadlineAt } = dial.order;
    if (deadlineAt !== null && nextAt >= deadlineAt) return await this.#giveUp(dial, 'dial_denied');
    await book.wait({ ...dial, nextAt }, clock.now());
    this.#waiting.look();
  }

  async #giveUp(dial: WaitingDial, ending: WaitingEnding): Promise<void> {
    await this.#options.book.giveUp(dial.order.id, ending, this.#options.clock.now());
  }
}

function orderOf(
  { notAfter, ...request }: DialRequest,
  rules: DialRules,
  displayPhoneNumber: string | null,
  now: number,
): DialOrder {
  const patience = request.permission.mode === 'ask' ? rules.permissionDeadlineMs : SCHEDULE_PATIENCE_MS;
  const deadlineAt = notAfter ?? (request.notBefore ?? now) + patience;
  return { ...request, displayPhoneNumber, deadlineAt, clientMedia: false, createdAt: now };
}

function isAsking({ state }: WaitingDial, { reason }: Denial): boolean {
  return state === 'awaiting_permission' && reason === 'request_pending';
}

function expiry({ state }: WaitingDial): WaitingEnding {
  return state === 'awaiting_permission' ? 'permission_expired' : 'dial_denied';
}
