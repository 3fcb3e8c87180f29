import { randomUUID } from 'node:crypto';
import { decide } from '../decide.ts';
import { toMetaPermissions } from '../ledger.ts';
import type {
  CallPlacer,
  Decide,
  DialOrder,
  DialRules,
  DialRulesBook,
  GraphBody,
  GraphSaid,
  PermissionBook,
  PermissionClock,
  PermissionGraph,
  UserRef,
  Wish,
} from '../ports.ts';
import { identityOf } from './dial-identity.ts';
import type { Refused } from './dial-request.ts';
import type { GraphLessons } from './graph-lessons.ts';
import { recogniseRequest } from './request-message.ts';

export interface ClientDeskOptions {
  readonly book: PermissionBook;
  readonly numbers: DialRulesBook;
  readonly graph: PermissionGraph;
  readonly calls: Pick<CallPlacer, 'follow' | 'expectName'>;
  readonly lessons: GraphLessons;
  readonly clock: PermissionClock;
}

/** What a client of Graph's own routes is answered. */
export type ClientOutcome =
  /** What Graph said, or what is said in its shape. */
  | {
      readonly type: 'answered';
      readonly status: number;
      readonly body: unknown;
      readonly said?: GraphSaid | null;
    }
  | Refused;

/** What a client wrote: to be read, and to be passed on as it is. */
export interface ClientBody extends GraphBody {
  /** What `json` says. */
  readonly value: unknown;
}

/** How long a client's question may wait for a place in the rate of reads, milliseconds. */
const READ_WAIT_MS = 1_000;
const TOO_MANY_READS = 613;

/**
 * For clients that speak Graph themselves: their calls and requests pass through as they are, and are held against the
 * same limits and counted in the same ledger as ours.
 */
export class ClientDesk {
  readonly #options: ClientDeskOptions;

  constructor(options: ClientDeskOptions) {
    this.#options = options;
  }

  /** `POST calls` with `action: connect` and a session: the client has the media. `body` names a user. */
  async connect(phoneNumberId: string, user: UserRef, body: ClientBody): Promise<ClientOutcome> {
    const { book, calls, clock, lessons } = this.#options;
    const rules = this.#rulesOf(phoneNumberId);
    if (rules === null) return UNKNOWN_NUMBER;
    const order = this.#orderOf(phoneNumberId, user, body.value);
    const judge = this.#judge(rules, 'call');
    await lessons.learnBefore(phoneNumberId, user, judge);
    const reservation = await book.reserve(order, clock.now(), judge);
    if (reservation === null) return { type: 'unavailable', why: 'not_waiting' };
    const { decision } = reservation;
    if (decision.type === 'deny') return { type: 'denied', denial: decision };
    const named = calls.expectName(phoneNumberId);
    try {
      return await this.#place(order, body);
    } finally {
      named();
    }
  }

  async #place(order: DialOrder, body: ClientBody): Promise<ClientOutcome> {
    const { book, graph, calls, clock, lessons } = this.#options;
    const { phoneNumberId, user } = order;
    const result = await graph.connect(phoneNumberId, body);
    switch (result.type) {
      case 'placed': {
        // Followed first: whatever happens to the write, what Meta says of the end closes the record.
        await calls.follow({ ...identityOf(order, clock.now()), callId: result.callId });
        await book.named(order.id, result.callId, clock.now());
        return { type: 'answered', status: 200, body: result.body, said: result.said ?? null };
      }
      case 'refused': {
        const detail = result.code === null ? null : String(result.code);
        await book.abandon(order.id, { reason: 'connect_refused', detail }, clock.now());
        await lessons.refused(phoneNumberId, user, result);
        return { type: 'refused', refusal: result };
      }
      case 'unknown':
        // Graph may have the call: its place stays taken while a webhook may still name it.
        await calls.follow(identityOf(order, clock.now()));
        return { type: 'unanswered', answer: result.answer };
      default:
        return result satisfies never;
    }
  }

  /** `POST messages`: a request for permission is counted, everything else only passes. */
  async send(phoneNumberId: string, body: ClientBody): Promise<ClientOutcome> {
    const { graph } = this.#options;
    const rules = this.#rulesOf(phoneNumberId);
    if (rules === null) return UNKNOWN_NUMBER;
    const request = recogniseRequest(body.value, rules);
    if (request !== null) return await this.#sendRequest(phoneNumberId, rules, request.user, request.template, body);
    const sent = await graph.send(phoneNumberId, body);
    if (sent.type === 'unknown') return { type: 'unanswered', answer: sent.answer };
    if (sent.type === 'refused') return { type: 'refused', refusal: sent };
    return { type: 'answered', status: 200, body: sent.body, said: sent.said ?? null };
  }

  /**
   * `GET call_permissions`, in Meta's shape: Graph's answer of now, and what the ledger knows beyond it.
   *
   * @param version of Graph that the client speaks, such as `v23.0`; null: the one that is set
   */
  async permissions(phoneNumberId: string, user: UserRef, version: string | null = null): Promise<ClientOutcome> {
    const { book, lessons, clock } = this.#options;
    const rules = this.#rulesOf(phoneNumberId);
    if (rules === null) return UNKNOWN_NUMBER;
    const result = await lessons.read(phoneNumberId, user, READ_WAIT_MS, version);
    if (result?.type === 'refused' && result.code !== TOO_MANY_READS) return { type: 'refused', refusal: result };
    const now = clock.now();
    const { pair } = await book.read(phoneNumberId, user, now);
    return { type: 'answered', status: 200, body: toMetaPermissions(pair, rules, now) };
  }

  async #sendRequest(
    phoneNumberId: string,
    rules: DialRules,
    user: UserRef,
    template: boolean,
    body: ClientBody,
  ): Promise<ClientOutcome> {
    const { book, graph, lessons, clock } = this.#options;
    // What the client wrote is sent as it is: the number's own template cannot stand in for it.
    const judge = this.#judge({ ...rules, requestTemplate: null }, 'ask', template);
    await lessons.learnBefore(phoneNumberId, user, judge);
    const { decision, requestId } = await book.reserveRequest(phoneNumberId, user, template, clock.now(), judge);
    if (decision.type === 'deny') return { type: 'denied', denial: decision };
    const sent = await graph.send(phoneNumberId, body);
    if (sent.type !== 'sent') lessons.doubt(requestId ?? '');
    if (sent.type === 'refused') {
      await book.requestRefused(requestId ?? '');
      await lessons.refused(phoneNumberId, user, sent);
      return { type: 'refused', refusal: sent };
    }
    await book.requestSent(requestId ?? '', sent.type === 'sent' ? sent.messageId : null, clock.now());
    return sent.type === 'sent'
      ? { type: 'answered', status: 200, body: sent.body, said: sent.said ?? null }
      : { type: 'unanswered', answer: sent.answer };
  }

  #rulesOf(phoneNumberId: string): DialRules | null {
    return this.#options.numbers.dialRules(phoneNumberId);
  }

  #judge(rules: DialRules, wish: Wish, ownTemplate = false): Decide {
    return (state) => decide({ ...state, now: this.#options.clock.now(), wish, rules, ownTemplate });
  }

  #orderOf(phoneNumberId: string, user: UserRef, body: unknown): DialOrder {
    const data = (body as { readonly biz_opaque_callback_data?: unknown }).biz_opaque_callback_data;
    return {
      id: randomUUID(),
      phoneNumberId,
      displayPhoneNumber: this.#options.numbers.displayPhoneNumber(phoneNumberId),
      user,
      voiceAgentId: null,
      ringTimeoutMs: null,
      context: {},
      bizOpaqueCallbackData: typeof data === 'string' ? data : null,
      permission: { mode: 'require', template: null },
      userTimeZone: null,
      notBefore: null,
      deadlineAt: null,
      clientMedia: true,
      createdAt: this.#options.clock.now(),
    };
  }
}

const UNKNOWN_NUMBER: ClientOutcome = { type: 'unavailable', why: 'unknown_number' };
