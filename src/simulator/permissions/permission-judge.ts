import { type JudgeLimits, type LimitsInput, limitsOf } from './judge-limits.ts';
import { NumberBook, type NumberSettings } from './number-book.ts';
import { PairBook, type Permission } from './pair-book.ts';
import type { AfterCall, PermissionReply, RequestAnswer } from './permission-reply.ts';
import { type PermissionReport, permissionReport } from './permission-report.ts';
import { LIMIT_CODES, type Pair, type Refusal, type RefusalCode } from './refusal.ts';

export interface JudgeOptions {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Default: production. */
  readonly limits?: LimitsInput;
  /** Users without WhatsApp, or with one too old, cannot be called. Default: all can. */
  readonly isReachable?: (user: string) => boolean;
}

interface JudgedCall extends Pair {
  readonly byBusiness: boolean;
  connected: boolean;
}

/**
 * WhatsApp's own books on who may call whom (meta-calling.md §2.2, §3.7, §6, §7), kept without a look at the service's: what
 * the service believes is tested against it. It keeps time in whole seconds, as the webhooks tell it, so that whoever reads
 * them can know every limit to the second. Nothing of it is asynchronous.
 */
export class PermissionJudge {
  /** Everything that was refused, oldest first. */
  readonly refusals: Refusal[] = [];
  readonly limits: JudgeLimits;
  readonly #clock: () => number;
  readonly #isReachable: (user: string) => boolean;
  readonly #pairs = new Map<string, PairBook>();
  readonly #numbers = new Map<string, NumberBook>();
  readonly #calls = new Map<string, JudgedCall>();

  constructor(options: JudgeOptions) {
    this.#clock = options.now;
    this.limits = limitsOf(options.limits ?? 'production');
    this.#isReachable = options.isReachable ?? (() => true);
  }

  /** Changes what is set for a number; without it, calling is on, callback is off, and the country may call. */
  configure(phoneNumberId: string, settings: Partial<NumberSettings>): void {
    const number = this.#number(phoneNumberId);
    number.settings = { ...number.settings, ...settings };
  }

  /* ---- What the business wants ---- */

  /** Whether a call would be taken now. Leaves no trace. */
  checkCall(pair: Pair): Refusal | null {
    const now = this.#now();
    const book = this.#pair(pair);
    const number = this.#number(pair.phoneNumberId);
    const refuse = (code: RefusalCode, until: number | null = null) => this.#refusal(pair, 'call', code, until);
    const standing = number.standing(now);
    if (standing !== null) return refuse(standing.code, standing.until);
    if (!this.#isReachable(pair.user)) return refuse(138001);
    if (book.permission(now).status === 'no_permission') return refuse(138006);
    const nextCallAt = book.nextCallAt(now);
    if (nextCallAt !== null) return refuse(138012, nextCallAt);
    if (book.liveCall !== null) return refuse(138003);
    if (number.live.size >= this.limits.concurrentCalls) return refuse(138002);
    const nextDialAt = number.dials.freeAt(this.limits.dialsPerDay, now);
    return nextDialAt === null ? null : refuse(138005, nextDialAt);
  }

  /** The business calls. Null: the call goes out as `callId`. */
  placeCall(pair: Pair, callId: string): Refusal | null {
    const refusal = this.checkCall(pair);
    if (refusal !== null) return this.#record(refusal);
    this.#number(pair.phoneNumberId).dials.add(this.#now());
    this.#begin(pair, callId, true);
    return null;
  }

  /** Whether a permission request would be taken now. Leaves no trace. */
  checkRequest(pair: Pair, kind: 'free_form' | 'template'): Refusal | null {
    const now = this.#now();
    const book = this.#pair(pair);
    const refuse = (code: RefusalCode, until: number | null = null) => this.#refusal(pair, 'request', code, until);
    const standing = this.#number(pair.phoneNumberId).standing(now);
    if (standing !== null) return refuse(standing.code, standing.until);
    if (book.permission(now).status === 'permanent') return refuse(138017);
    const nextRequestAt = book.nextRequestAt(now);
    if (nextRequestAt !== null) return refuse(138009, nextRequestAt);
    return kind === 'template' || book.windowIsOpen(now) ? null : refuse(131047);
  }

  /** The business asks for permission. Null: the user gets the request `requestId`. */
  takeRequest(pair: Pair, kind: 'free_form' | 'template', requestId: string): Refusal | null {
    const refusal = this.checkRequest(pair, kind);
    if (refusal !== null) return this.#record(refusal);
    this.#pair(pair).requested(requestId, this.#now());
    return null;
  }

  /** `GET call_permissions`, which counts as a read. */
  readReport(pair: Pair): PermissionReport | Refusal {
    const number = this.#number(pair.phoneNumberId);
    const at = this.#clock();
    if (!number.settings.calling) return this.#record(this.#refusal(pair, 'report', 138000, null));
    const freeAt = number.reports.freeAt(this.limits.reportsPerSecond, at);
    if (freeAt !== null) return this.#record(this.#refusal(pair, 'report', 613, freeAt));
    number.reports.add(at);
    return permissionReport(this.#pair(pair), {
      now: this.#now(),
      mayAct: number.standing(this.#now()) === null,
      reachable: this.#isReachable(pair.user),
    });
  }

  /* ---- What users do ---- */

  /**
   * The user calls, which opens the window even if nobody answers, and lets the business call back where that is set.
   * 138003 or 138002: there is no call, and no webhook says so.
   */
  userCalls(pair: Pair, callId: string): { refused: 138002 | 138003 | null; reply: PermissionReply | null } {
    const book = this.#pair(pair);
    const number = this.#number(pair.phoneNumberId);
    if (book.liveCall !== null) return { refused: 138003, reply: null };
    if (number.live.size >= this.limits.concurrentCalls) return { refused: 138002, reply: null };
    const now = this.#now();
    this.#begin(pair, callId, false);
    book.openWindow(now);
    const callback = number.settings.callback && book.permission(now).status !== 'permanent';
    if (!callback) return { refused: null, reply: null };
    book.grant('temporary', now);
    return { refused: null, reply: this.#reply(pair, 'accept', { automatic: true, contextId: callId }) };
  }

  /** Somebody picked up. A second time, or for a call that is not there, it means nothing. */
  pickedUp(callId: string): void {
    const call = this.#calls.get(callId);
    if (call === undefined || call.connected) return;
    call.connected = true;
    const now = this.#now();
    const book = this.#pair(call);
    book.connected(call.byBusiness, now);
    if (call.byBusiness) book.openWindow(now);
  }

  /** The call is over, whoever ended it. */
  ended(callId: string): AfterCall | null {
    const call = this.#calls.get(callId);
    if (call === undefined) return null;
    this.#calls.delete(callId);
    this.#number(call.phoneNumberId).live.delete(callId);
    const book = this.#pair(call);
    book.liveCall = null;
    if (call.connected || !call.byBusiness) return null;
    const consequence = book.notTaken(this.#now());
    switch (consequence) {
      case 'nothing':
        return null;
      case 'notice':
        return { type: 'notice' };
      case 'revoked':
        return { type: 'revoked', reply: this.#reply(call, 'reject', { automatic: true, contextId: null }) };
      default:
        return consequence satisfies never;
    }
  }

  /** The user answers a request. Null: the request is not good any more, and the user cannot. */
  answer(pair: Pair, requestId: string, answer: RequestAnswer): PermissionReply | null {
    const now = this.#now();
    const book = this.#pair(pair);
    if (!book.answer(requestId, now)) return null;
    // The tap arrives as a message of the user.
    book.openWindow(now);
    if (answer === 'reject') book.revoke();
    else book.grant(answer === 'accept' ? 'temporary' : 'permanent', now);
    const response = answer === 'reject' ? 'reject' : 'accept';
    return this.#reply(pair, response, { automatic: false, contextId: requestId });
  }

  /** The user allows calls on the profile of the business, without a request. Like any tap, it arrives as a message. */
  grant(pair: Pair, kind: 'temporary' | 'permanent'): PermissionReply {
    this.#pair(pair).grant(kind, this.#now());
    this.message(pair);
    return this.#reply(pair, 'accept', { automatic: false, contextId: null });
  }

  /** The user takes the permission back on the profile of the business. */
  revoke(pair: Pair): PermissionReply {
    this.#pair(pair).revoke();
    return this.#reply(pair, 'reject', { automatic: false, contextId: null });
  }

  /** The user writes. */
  message(pair: Pair): void {
    this.#pair(pair).openWindow(this.#now());
  }

  /* ---- What a test wants to know ---- */

  permission(pair: Pair): Permission {
    return this.#pair(pair).permission(this.#now());
  }

  /** Unanswered calls in a row. */
  unanswered(pair: Pair): number {
    return this.#pair(pair).unanswered;
  }

  /** Until when free-form messages are allowed; null if they never were. */
  windowUntil(pair: Pair): number | null {
    return this.#pair(pair).windowUntil;
  }

  /** Ids of the calls that a number has now, both directions. */
  liveCalls(phoneNumberId: string): readonly string[] {
    return [...this.#number(phoneNumberId).live];
  }

  #begin(pair: Pair, callId: string, byBusiness: boolean): void {
    this.#pair(pair).liveCall = callId;
    this.#number(pair.phoneNumberId).live.add(callId);
    this.#calls.set(callId, { phoneNumberId: pair.phoneNumberId, user: pair.user, byBusiness, connected: false });
  }

  #reply(pair: Pair, response: PermissionReply['response'], about: Pick<PermissionReply, 'automatic' | 'contextId'>) {
    const { phoneNumberId, user } = pair;
    return { phoneNumberId, user, response, permission: this.permission(pair), at: this.#now(), ...about };
  }

  #refusal(pair: Pair, asked: Refusal['asked'], code: RefusalCode, until: number | null): Refusal {
    const { phoneNumberId, user } = pair;
    return { at: this.#clock(), phoneNumberId, user, asked, code, limit: LIMIT_CODES.has(code), until };
  }

  #record(refusal: Refusal): Refusal {
    this.refusals.push(refusal);
    return refusal;
  }

  #now(): number {
    return Math.floor(this.#clock() / 1000) * 1000;
  }

  #pair({ phoneNumberId, user }: Pair): PairBook {
    return getOrMake(this.#pairs, `${phoneNumberId}\n${user}`, () => new PairBook(this.limits));
  }

  #number(phoneNumberId: string): NumberBook {
    return getOrMake(this.#numbers, phoneNumberId, () => new NumberBook());
  }
}

function getOrMake<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
