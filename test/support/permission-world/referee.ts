import type { Denial, DenyReason, DialRules } from '../../../src/permissions/index.ts';
import type { Pair, PermissionJudge, Refusal } from '../../../src/simulator/index.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { MetaSide } from './meta-side.ts';

/** Meta keeps its books in whole seconds, and hears of what we do a moment after we decided it. */
const GRAIN_MS = 1_500;
/** A report is believed for a minute (src/permissions/dialling/graph-lessons.ts); then it may be read again. */
const REPORT_AGE_MS = 61_000;
/** What a report shows, and what a report could so have told. */
const SHOWN: ReadonlySet<number> = new Set([138006, 138009, 138012, 138017]);

/** What a call or a request uses up before Graph has it. */
const TAKEN_AT_ONCE: ReadonlySet<DenyReason> = new Set([
  'call_ongoing',
  'too_many_calls',
  'dial_rate',
  'request_pending',
  'request_limit',
]);

/**
 * Compares every decision of ours with Meta's books, and writes down what must not be:
 *
 * 1. Graph refuses something for a reason that we could have known. Known is what webhooks had told before the decision,
 *    what Graph had answered, and what a report would have shown if one could be read and the last one was a minute old.
 * 2. We refuse something that Graph would have allowed. Allowed by its real books, and by what we could have known alike:
 *    of a call that is over nobody knows before a webhook says so. Our own rules are no matter of Graph's: the unanswered
 *    guard, one request at a time, the messaging tier.
 */
export class Referee {
  readonly wrong: string[] = [];
  /** What Graph refused fairly, by code, and what we did. */
  readonly refused = new Map<number, number>();
  readonly denied = new Map<string, number>();
  readonly #meta: MetaSide;
  readonly #clock: VirtualClock;
  readonly #rules: DialRules;
  readonly #decidedAt = new Map<string, number>();
  #startedAt = Number.NEGATIVE_INFINITY;
  /** Since when reports could be had; null while they cannot. */
  #readableSince: number | null = Number.NEGATIVE_INFINITY;

  constructor(meta: MetaSide, clock: VirtualClock, rules: DialRules) {
    this.#meta = meta;
    this.#clock = clock;
    this.#rules = rules;
  }

  restarted(): void {
    this.#startedAt = this.#clock.now();
  }

  readable(works: boolean): void {
    if (!works) this.#readableSince = null;
    else this.#readableSince ??= this.#clock.now();
  }

  onAllowed(pair: Pair): void {
    this.#decidedAt.set(nameOf(pair), this.#clock.now());
  }

  onRefused({ phoneNumberId, user, asked, code, until }: Refusal, kind: 'free_form' | 'template' | null): void {
    const pair = { phoneNumberId, user };
    const now = this.#clock.now();
    count(this.refused, code);
    if (asked === 'report') {
      // The rate of a process that died a moment ago is nothing that another knows.
      if (now > this.#startedAt + GRAIN_MS) this.wrong.push(`${code} for a report`);
      return;
    }
    const decidedAt = this.#decidedAt.get(nameOf(pair)) ?? now;
    const ask = (judge: PermissionJudge) =>
      asked === 'call' ? judge.checkCall(pair) : judge.checkRequest(pair, kind ?? 'template');
    const { facts } = this.#meta;
    const live = asked === 'call' && facts.isLive(pair, decidedAt);
    // What came in the very instant of the decision may have come before it or after it.
    const both = [decidedAt, decidedAt + 1].every((told) =>
      [decidedAt - GRAIN_MS, now].every((time) => ask(facts.judge(told, time))?.code === code),
    );
    const line = `${code} for a ${asked} of ${nameOf(pair)}, until ${until}`;
    if ((code === 138003 && live) || both) this.wrong.push(`${line}: webhooks had told`);
    if (!SHOWN.has(code) || this.#readableSince === null) return;
    const readable = Math.max(this.#readableSince, this.#startedAt);
    const unshown = facts
      .unshown(pair, decidedAt)
      .filter(({ at }) => Math.max(at, readable) < decidedAt - REPORT_AGE_MS);
    if (unshown.length > 0) this.wrong.push(`${line}: a report would have told`);
  }

  onDenied(pair: Pair, wish: 'call' | 'request', { reason, until }: Denial): void {
    const now = this.#clock.now();
    count(this.denied, reason);
    const line = `${reason} for a ${wish} of ${nameOf(pair)}, until ${until}`;
    const { judge, facts } = this.#meta;
    // The place was given away a moment ago, and Meta has not heard of it.
    if (TAKEN_AT_ONCE.has(reason) && this.#isDeciding(pair)) return;
    if (until !== null && until <= now) this.wrong.push(`${line}: that is past`);
    switch (reason) {
      case 'unanswered_guard': {
        const stop = this.#rules.stopAfterUnanswered ?? Number.POSITIVE_INFINITY;
        // A report shows how many calls were picked up, and not which, so that it takes none out of the row: of one whose
        // webhooks are on their way nobody knows (meta-calling.md §2.2).
        const known = [judge, facts.judge(now, now), facts.judge(now, now, ({ counted }) => !counted)];
        const enough = known.some((each) => each.unanswered(pair) >= stop);
        if (!enough) this.wrong.push(`${line}: not so many`);
        return;
      }
      case 'messaging_tier':
        return;
      case 'request_pending':
      case 'request_limit':
      case 'permission_exists':
      case 'window_closed':
        if (wish === 'call') this.#expectRefusal(line, (each) => each.checkCall(pair) !== null);
        if (reason === 'request_pending') {
          if (!this.#meta.mayBeAsked(pair)) this.wrong.push(`${line}: nobody was asked`);
          return;
        }
        if (reason === 'window_closed' && facts.judge(now, now, () => false).checkRequest(pair, 'free_form') !== null)
          return;
        this.#expectRefusal(line, (each) => each.checkRequest(pair, kindOf(reason)) !== null);
        return;
      case 'number_paused':
      case 'country_not_supported':
        this.#expectRefusal(line, (each) =>
          wish === 'call' ? each.checkCall(pair) !== null : each.checkRequest(pair, 'template') !== null,
        );
        return;
      case 'call_ongoing':
        // A call that was told to be over a moment ago is still being closed here.
        if (facts.isLive(pair, now) || facts.isLive(pair, now - GRAIN_MS)) return;
        this.#expectRefusal(line, (each) => each.checkCall(pair) !== null);
        return;
      case 'too_many_calls':
        for (const time of [now, now - GRAIN_MS]) {
          if (facts.liveOn(pair.phoneNumberId, time) >= judge.limits.concurrentCalls) return;
        }
        this.#expectRefusal(line, (each) => each.checkCall(pair) !== null);
        return;
      case 'dial_rate':
        // A call of which nobody knows whether Meta had it counts.
        if (facts.doubtsOn(pair.phoneNumberId, now) > 0) return;
        this.#expectRefusal(line, (each) => each.checkCall(pair) !== null);
        return;
      case 'no_permission':
      case 'connected_call_limit':
        this.#expectRefusal(line, (each) => each.checkCall(pair) !== null);
        return;
      case 'calling_disabled':
        throw new Error('nobody switches calling off in this world');
      default:
        reason satisfies never;
    }
  }

  #isDeciding({ phoneNumberId }: Pair): boolean {
    const since = this.#clock.now() - GRAIN_MS;
    return [...this.#decidedAt].some(([name, at]) => name.startsWith(`${phoneNumberId}/`) && at > since);
  }

  /** Meta would refuse it now, or would have a moment ago; or we cannot know that it would not. */
  #expectRefusal(line: string, refuses: (judge: PermissionJudge) => boolean): void {
    const now = this.#clock.now();
    const { judge, facts } = this.#meta;
    const informed = [now, now + 1].some((told) =>
      [now - GRAIN_MS, now].some((time) => refuses(facts.judge(told, time))),
    );
    if (!refuses(judge) && !informed) this.wrong.push(`${line}: Meta allows it`);
  }
}

function kindOf(reason: Denial['reason']): 'free_form' | 'template' {
  return reason === 'window_closed' ? 'free_form' : 'template';
}

function nameOf({ phoneNumberId, user }: Pair): string {
  return `${phoneNumberId}/${user}`;
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
