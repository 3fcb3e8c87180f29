import { DAY_MS, type JudgeLimits, WEEK_MS } from './judge-limits.ts';
import { RollingCount } from './rolling-count.ts';

/** `expiresAt` in Unix milliseconds; null unless temporary. */
export interface Permission {
  readonly status: 'no_permission' | 'temporary' | 'permanent';
  readonly expiresAt: number | null;
}

interface SentRequest {
  readonly at: number;
  answeredAt: number | null;
}

const NONE: Permission = { status: 'no_permission', expiresAt: null };

/** All that WhatsApp remembers of one business number and one user. Times in Unix milliseconds, whole seconds. */
export class PairBook {
  readonly #limits: JudgeLimits;
  readonly #connected = new RollingCount(DAY_MS);
  readonly #requestsOfDay = new RollingCount(DAY_MS);
  readonly #requestsOfWeek = new RollingCount(WEEK_MS);
  readonly #requests = new Map<string, SentRequest>();
  #permission: Permission = NONE;
  #unanswered = 0;
  #windowUntil: number | null = null;
  /** The call that is placed or going on. */
  liveCall: string | null = null;

  constructor(limits: JudgeLimits) {
    this.#limits = limits;
  }

  permission(now: number): Permission {
    const { expiresAt } = this.#permission;
    return expiresAt !== null && expiresAt <= now ? NONE : this.#permission;
  }

  windowIsOpen(now: number): boolean {
    return this.#windowUntil !== null && now < this.#windowUntil;
  }

  openWindow(now: number): void {
    this.#windowUntil = now + this.#limits.windowMs;
  }

  get windowUntil(): number | null {
    return this.#windowUntil;
  }

  /** Calls that nobody took, in a row. */
  get unanswered(): number {
    return this.#unanswered;
  }

  grant(kind: 'temporary' | 'permanent', now: number): Permission {
    const expiresAt = kind === 'permanent' ? null : now + this.#limits.temporaryMs;
    this.#permission = { status: kind, expiresAt };
    return this.#permission;
  }

  revoke(): void {
    this.#permission = NONE;
  }

  /** When the next request is allowed, as far as it is counted; null = now. */
  nextRequestAt(now: number): number | null {
    const day = this.#requestsOfDay.freeAt(this.#limits.requestsPerDay, now);
    const week = this.#requestsOfWeek.freeAt(this.#limits.requestsPerWeek, now);
    return day === null && week === null ? null : Math.max(day ?? 0, week ?? 0);
  }

  requested(id: string, now: number): void {
    this.#requestsOfDay.add(now);
    this.#requestsOfWeek.add(now);
    this.#requests.set(id, { at: now, answeredAt: null });
  }

  /**
   * The user answers a request. False if it is too late for that: a request is good for its time after delivery and again
   * after its answer, and until a newer one was answered (meta-calling.md §5).
   */
  answer(id: string, now: number): boolean {
    const request = this.#requests.get(id);
    if (request === undefined || now >= (request.answeredAt ?? request.at) + this.#limits.requestLifeMs) return false;
    request.answeredAt = now;
    for (const older of this.#requests.keys()) {
      if (older === id) break;
      this.#requests.delete(older);
    }
    return true;
  }

  /** Somebody picked up, in either direction: the counters of requests and unanswered calls begin anew. */
  connected(byBusiness: boolean, now: number): void {
    this.#unanswered = 0;
    this.#requestsOfDay.clear();
    this.#requestsOfWeek.clear();
    if (byBusiness) this.#connected.add(now);
  }

  /** When the next call may be placed, as far as connected calls are counted; null = now. */
  nextCallAt(now: number): number | null {
    return this.#connected.freeAt(this.#limits.connectedPerDay, now);
  }

  /** An outbound call ended that nobody took. Says what WhatsApp does about it. */
  notTaken(now: number): 'nothing' | 'notice' | 'revoked' {
    this.#unanswered += 1;
    if (this.#unanswered < this.#limits.unansweredRevoke) {
      return this.#unanswered === this.#limits.unansweredNotice ? 'notice' : 'nothing';
    }
    this.#unanswered = 0;
    const had = this.permission(now).status !== 'no_permission';
    this.#permission = NONE;
    return had ? 'revoked' : 'nothing';
  }

  /** For the report: how much of each limit is used, and when one that is used up is free again. */
  usage(now: number) {
    const { requestsPerDay, requestsPerWeek, connectedPerDay } = this.#limits;
    return {
      requests: [
        limit('PT24H', requestsPerDay, this.#requestsOfDay, now),
        limit('P7D', requestsPerWeek, this.#requestsOfWeek, now),
      ],
      calls: [limit('PT24H', connectedPerDay, this.#connected, now)],
    };
  }
}

/** A limit as `GET call_permissions` words it (meta-calling.md §2.2). */
export interface ReportedUsage {
  readonly time_period: 'PT24H' | 'P7D';
  readonly max_allowed: number;
  readonly current_usage: number;
  /** Unix seconds; only of a limit that is used up. */
  readonly limit_expiration_time?: number;
}

function limit(period: ReportedUsage['time_period'], max: number, count: RollingCount, now: number): ReportedUsage {
  const freeAt = count.freeAt(max, now);
  return {
    time_period: period,
    max_allowed: max,
    current_usage: count.count(now),
    ...(freeAt === null ? {} : { limit_expiration_time: Math.ceil(freeAt / 1000) }),
  };
}
