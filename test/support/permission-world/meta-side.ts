import type { GraphResult } from '../../../src/call/index.ts';
import type { GraphBody, GraphConnected, GraphRead, GraphSent, UserRef } from '../../../src/permissions/index.ts';
import { recipientOf } from '../../../src/permissions/index.ts';
import type { GraphRefusal } from '../../../src/permissions/ports.ts';
import type { ConnectRequest, ConnectResult, GraphRequest } from '../../../src/runtime/index.ts';
import { type LimitsInput, type Pair, PermissionJudge, type Refusal } from '../../../src/simulator/index.ts';
import { writtenIn } from '../scripted-permission-graph.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { Facts } from './facts.ts';
import { Losses } from './losses.ts';
import { MetaCalls } from './meta-calls.ts';
import { isSame, MetaUsers } from './meta-users.ts';
import { NUMBERS, pairOf } from './people.ts';
import { type Journey, PostOffice } from './post-office.ts';

/** What becomes of something that is sent to Graph. */
export interface Fate {
  readonly answerMs: number;
  /** No answer is had. */
  readonly lost: boolean;
  /** Of one that is lost: Graph has it all the same. */
  readonly reaches: boolean;
}

export const GOES_WELL: Fate = { answerMs: 80, lost: false, reaches: true };

/** Whether `GET call_permissions` can be had: it can, other programs use up its rate, or Graph is down. */
export type Reading = 'works' | 'too_many' | 'no_answer';

/** So long does a number wait for the answer to a request, by default. */
const PENDING_MS = 72 * 3_600_000;
/** The longest that Graph takes for an answer here. */
const LONGEST_ANSWER_MS = 6_000;
const MINUTE_MS = 60_000;

export interface MetaOptions {
  readonly clock: VirtualClock;
  readonly limits: LimitsInput;
  readonly journeys: readonly Journey[];
  /** One for each thing that is sent, again and again. */
  readonly fates: readonly Fate[];
}

/** Meta with its own books: Graph's answers by the judge, the phones, and the webhooks of both. */
export class MetaSide {
  readonly judge: PermissionJudge;
  readonly facts: Facts;
  readonly post: PostOffice;
  readonly calls: MetaCalls;
  readonly users: MetaUsers;
  /** Requests that Graph never had. */
  readonly losses = new Losses();
  /** Our ids of the dials for which a connect came, with the name that each got; null if it was refused or never came. */
  readonly connects: { readonly key: string | null; readonly callId: string | null }[] = [];
  /** Somebody was asked again who had not answered. */
  readonly askedTwice: string[] = [];
  /** Graph refuses something. */
  onRefusal: (refusal: Refusal, kind: 'free_form' | 'template' | null) => void = () => {};
  readonly #clock: VirtualClock;
  readonly #fates: readonly Fate[];
  #reading: Reading = 'works';
  readonly #lastSent = new Map<string, number>();
  #sent = 0;
  #ids = 0;

  constructor({ clock, limits, journeys, fates }: MetaOptions) {
    this.#clock = clock;
    this.#fates = fates.length === 0 ? [GOES_WELL] : fates;
    this.judge = new PermissionJudge({ now: () => clock.now(), limits });
    this.facts = new Facts(limits);
    this.post = new PostOffice(clock, journeys);
    this.calls = new MetaCalls({ clock, judge: this.judge, facts: this.facts, post: this.post });
    this.users = new MetaUsers({ clock, judge: this.judge, facts: this.facts, post: this.post });
    // The second number does not let the business call back.
    this.judge.configure(NUMBERS[0].phoneNumberId, { callback: true });
  }

  get reading(): Reading {
    return this.#reading;
  }

  set reading(now: Reading) {
    this.#reading = now;
    this.losses.readable(now === 'works', this.#clock.now());
  }

  /** When calls of the pair were picked up. */
  pickupsOf(pair: Pair): number[] {
    return [...this.calls.all.values()].flatMap(({ pair: of, pickedUpAt }) =>
      isSame(of, pair) ? (pickedUpAt ?? []) : [],
    );
  }

  /** A request to the user is on its way, or waits for an answer, or it may be believed that one does. */
  mayBeAsked(pair: Pair): boolean {
    const now = this.#clock.now();
    const sentAt = this.#lastSent.get(nameOf(pair)) ?? Number.NEGATIVE_INFINITY;
    const since = now - PENDING_MS - LONGEST_ANSWER_MS;
    return (
      sentAt > now - LONGEST_ANSWER_MS ||
      this.users.requests.some(({ pair: of, at }) => isSame(of, pair) && at > since) ||
      this.losses.mayCount(pair, now, this.pickupsOf(pair))
    );
  }

  async act({ callId, action }: GraphRequest): Promise<GraphResult> {
    await this.#clock.wait(80);
    const done = this.calls.act(callId, action);
    if (done) return { type: 'graph.ok', action, tookMs: 80 };
    return { type: 'graph.failed', action, error: { code: 100, httpStatus: 400, kind: 'gone', message: 'over' } };
  }

  async connect({ phoneNumberId, key, user, callbackData }: ConnectRequest): Promise<ConnectResult> {
    const placed = await this.#place(pairOf(phoneNumberId, user), key, callbackData);
    switch (placed.type) {
      case 'placed':
        return { ...placed, tookMs: 80 };
      case 'unknown':
        return { type: 'failed', error: { code: null, httpStatus: null, kind: 'unknown', message: 'timeout' } };
      case 'refused': {
        const { code, status, retryAt } = placed;
        const error = { code, httpStatus: status, kind: 'refused', message: 'no' } as const;
        return { type: 'failed', error: retryAt === null ? error : { ...error, retryAt } };
      }
      default:
        return placed satisfies never;
    }
  }

  /** As GraphClient.requests has it. */
  readonly asked = {
    read: async (phoneNumberId: string, user: UserRef): Promise<GraphRead> => {
      await this.#clock.wait(60);
      if (this.reading === 'no_answer') return { type: 'unknown', answer: null };
      if (this.reading === 'too_many') return { ...NO, code: 613, status: 429 };
      const pair = pairOf(phoneNumberId, user);
      const report = this.judge.readReport(pair);
      if ('code' in report) return this.#refused(report, null);
      const at = this.#clock.now();
      this.facts.report(pair, at);
      this.losses.report(pair, at);
      return { type: 'report', at, body: report };
    },
    send: async (phoneNumberId: string, sent: GraphBody): Promise<GraphSent> => {
      const body = writtenIn(sent);
      const { type } = body as { readonly type: string };
      const kind = type === 'template' ? 'template' : 'free_form';
      const pair = pairOf(phoneNumberId, recipientOf(body)!);
      const fate = this.#fate();
      const id = `wamid.${++this.#ids}`;
      const at = this.#clock.now();
      const refusal = fate.lost && !fate.reaches ? null : this.judge.takeRequest(pair, kind, id);
      const taken = refusal === null && (fate.reaches || !fate.lost);
      this.#lastSent.set(nameOf(pair), at);
      if (refusal !== null) this.onRefusal(refusal, kind);
      if (taken) this.#ask(pair, id);
      // Without an answer it counts for us, whether Graph has it or not, until Graph has told that it has not.
      const loss = fate.lost && !taken ? this.losses.add(pair, at) : null;
      if (taken || fate.lost) {
        const apply = (judge: PermissionJudge) => {
          if (loss?.reported !== true) judge.takeRequest(pair, kind, id);
        };
        this.facts.add({ at, pair, apply, toldAt: at });
      }
      await this.#clock.wait(fate.answerMs);
      if (fate.lost) return { type: 'unknown', answer: null };
      return refusal === null ? { type: 'sent', messageId: id, body: {} } : this.#refused(refusal, kind, false);
    },
    connect: async (phoneNumberId: string, sent: GraphBody): Promise<GraphConnected> => {
      const body = writtenIn(sent);
      const { biz_opaque_callback_data: data } = body as { readonly biz_opaque_callback_data: string };
      const placed = await this.#place(pairOf(phoneNumberId, recipientOf(body)!), null, data);
      return placed.type === 'placed' ? { ...placed, body: {} } : placed;
    },
    forward: async () => ({ type: 'unknown', answer: null }) as const,
  };

  #ask(pair: Pair, id: string): void {
    const now = this.#clock.now();
    const open = this.users.requests.find(
      ({ pair: of, at, answered }) => isSame(of, pair) && !answered && at > now - PENDING_MS + MINUTE_MS,
    );
    // A call that was picked up since may have had Graph forget the first.
    const isForgotten = this.pickupsOf(pair).some((at) => open !== undefined && at > open.at);
    if (open !== undefined && !isForgotten) this.askedTwice.push(`${nameOf(pair)} was asked with ${open.id} and ${id}`);
    this.users.ask(pair, id);
  }

  async #place(
    pair: Pair,
    key: string | null,
    opaque: string,
  ): Promise<{ type: 'placed'; callId: string } | GraphRefusal | { type: 'unknown'; answer: null }> {
    const fate = this.#fate();
    const callId = `wacid.${++this.#ids}`;
    const comes = !fate.lost || fate.reaches;
    const refusal = comes ? this.judge.placeCall(pair, callId) : null;
    this.connects.push({ key, callId: comes && refusal === null ? callId : null });
    if (refusal !== null) this.onRefusal(refusal, null);
    else if (comes) this.calls.ring(pair, { callId, opaque, answered: !fate.lost });
    if (fate.lost) this.calls.doubt(pair, callId);
    await this.#clock.wait(fate.answerMs);
    if (fate.lost) return { type: 'unknown', answer: null };
    return refusal === null ? { type: 'placed', callId } : this.#refused(refusal, null, false);
  }

  #refused(refusal: Refusal, kind: 'free_form' | 'template' | null, tell = true): GraphRefusal {
    if (tell) this.onRefusal(refusal, kind);
    const { code, until } = refusal;
    const retryAt = code === 138012 && until !== null ? until : null;
    return { ...NO, code, retryAt };
  }

  #fate(): Fate {
    return this.#fates[this.#sent++ % this.#fates.length] ?? GOES_WELL;
  }
}

function nameOf({ phoneNumberId, user }: Pair): string {
  return `${phoneNumberId}/${user}`;
}

const NO: GraphRefusal = { type: 'refused', status: 400, code: null, retryAfterMs: null, retryAt: null, body: {} };
