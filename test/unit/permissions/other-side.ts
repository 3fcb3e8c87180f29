import type { Grant, LiveReport, NumberState, PairState, ReportedLimit } from '../../../src/permissions/ports.ts';
import { DAY, NOW, numberState, SECOND } from './permission-state.ts';

const WEEK = 7 * DAY;

/** What Meta allows in a history; smaller than in truth where that makes histories interesting. */
export interface OtherSideLimits {
  readonly connectedPerDay: number;
  readonly requestsPerDay: number;
  readonly requestsPerWeek: number;
  readonly revokedAfter: number;
}

/**
 * WhatsApp's side of one number and one user, by brute force: it keeps everything that ever happened and counts it anew
 * for each question. Knows nothing of how the service decides.
 */
export class OtherSide {
  now = NOW;
  readonly #limits: OtherSideLimits;
  #permission: { until: number } | null = null;
  #word: Grant | null = null;
  #window = 0;
  #unanswered = 0;
  readonly #connected: { readonly at: number; readonly inbound: boolean; readonly ours: boolean }[] = [];
  readonly #requests: { readonly at: number; readonly ours: boolean }[] = [];
  #pending: number | null = null;
  #live: LiveReport | null = null;

  constructor(limits: OtherSideLimits) {
    this.#limits = limits;
  }

  /* ---- What happens ---- */

  pass(ms: number): void {
    this.now += ms;
  }

  /** `told` false: no webhook says so, as when the user changes it in the profile, perhaps. */
  grants(how: 'temporary' | 'permanent' | 'none', told: boolean): void {
    const until = how === 'permanent' ? Number.POSITIVE_INFINITY : this.now + WEEK;
    this.#permission = how === 'none' ? null : { until };
    if (this.#pending !== null && told) this.#pending = null;
    const source = how === 'none' ? 'declined' : 'request';
    if (told) this.#word = { status: how, expiresAt: how === 'temporary' ? until : null, source, at: this.now };
  }

  writes(): void {
    this.#window = this.now + DAY;
  }

  calls(): void {
    this.#connected.push({ at: this.now, inbound: true, ours: true });
    this.#window = this.now + DAY;
    this.#unanswered = 0;
  }

  isCalled(pickedUp: boolean, ours: boolean): void {
    if (pickedUp) {
      this.#connected.push({ at: this.now, inbound: false, ours });
      this.#window = this.now + DAY;
      this.#unanswered = 0;
      return;
    }
    this.#unanswered += 1;
    if (this.#unanswered < this.#limits.revokedAfter) return;
    this.#unanswered = 0;
    this.#permission = null;
    this.#word = { status: 'none', expiresAt: null, source: 'auto_revoked', at: this.now };
  }

  isAsked(ours: boolean): void {
    this.#requests.push({ at: this.now, ours });
    if (ours) this.#pending = this.now;
  }

  isRead(): void {
    const { connectedPerDay, requestsPerDay, requestsPerWeek } = this.#limits;
    const status = this.#status();
    const expiresAt = status === 'temporary' ? (this.#permission?.until ?? null) : null;
    const requests = [
      this.#told(this.#requestTimes(), DAY, requestsPerDay),
      this.#told(this.#requestTimes(), WEEK, requestsPerWeek),
    ];
    const calls = [this.#told(this.#callTimes(), DAY, connectedPerDay)];
    this.#live = {
      at: this.now,
      status,
      expiresAt,
      startCall: { allowed: this.allowsCall(), limits: calls },
      sendRequest: { allowed: this.allowsRequest(), limits: requests },
    };
  }

  /* ---- What it would say ---- */

  allowsCall(): boolean {
    return this.#status() !== 'none' && within(this.#callTimes(), this.now, DAY) < this.#limits.connectedPerDay;
  }

  allowsRequest(): boolean {
    const times = this.#requestTimes();
    const { requestsPerDay, requestsPerWeek } = this.#limits;
    if (this.#status() === 'permanent') return false;
    return within(times, this.now, DAY) < requestsPerDay && within(times, this.now, WEEK) < requestsPerWeek;
  }

  windowIsOpen(): boolean {
    return this.now < this.#window;
  }

  /* ---- What the service has written down of it ---- */

  pair(): PairState {
    const ours = this.#connected.filter((call) => call.ours);
    const last = ours.at(-1)?.at ?? null;
    const since = (ms: number) => (at: number) => at > this.now - ms;
    return {
      grant: this.#word,
      live: this.#live,
      refused: null,
      windowUntil: this.#window === 0 ? null : this.#window,
      connectedAt: ours
        .filter(({ inbound }) => !inbound)
        .map(({ at }) => at)
        .filter(since(2 * DAY)),
      lastConnectedAt: last,
      unanswered: this.#unanswered,
      liveCall: null,
      requestedAt: this.#requests
        .filter((request) => request.ours && (last === null || request.at > last))
        .map(({ at }) => at)
        .filter(since(2 * WEEK)),
      pendingRequest: this.#pending === null ? null : { id: 'request', at: this.#pending },
    };
  }

  number(): NumberState {
    return numberState();
  }

  #status(): Grant['status'] {
    if (this.#permission === null || this.now >= this.#permission.until) return 'none';
    return this.#permission.until === Number.POSITIVE_INFINITY ? 'permanent' : 'temporary';
  }

  #callTimes(): number[] {
    return this.#connected.filter(({ inbound }) => !inbound).map(({ at }) => at);
  }

  #requestTimes(): number[] {
    const reset = this.#connected.at(-1)?.at ?? 0;
    return this.#requests.map(({ at }) => at).filter((at) => at > reset);
  }

  /** In whole seconds, as Meta tells times. */
  #told(times: readonly number[], periodMs: number, maxAllowed: number): ReportedLimit {
    const currentUsage = within(times, this.now, periodMs);
    const leaves = times.filter((at) => at > this.now - periodMs).toSorted((a, b) => a - b)[currentUsage - maxAllowed];
    const expiresAt = leaves === undefined ? null : Math.ceil((leaves + periodMs) / SECOND) * SECOND;
    return { periodMs, maxAllowed, currentUsage, expiresAt };
  }
}

function within(times: readonly number[], now: number, periodMs: number): number {
  return times.filter((at) => at > now - periodMs && at <= now).length;
}
