import type { CountLimit } from './limits.ts';
import type { ReportedAction, ReportedLimit } from './ports.ts';

/** How much of a limit is used at a moment. */
export interface Usage {
  readonly periodMs: number;
  readonly max: number;
  readonly used: number;
  /** When there is a place: now or later, Unix milliseconds. Null if no clock makes one. */
  readonly freeAt: number | null;
}

/** What Graph said of an action, and when. */
export interface Reported {
  readonly action: ReportedAction;
  readonly at: number;
}

/**
 * Usage of every limit of an action: of those that are in our data and of those that Graph reports besides.
 *
 * @param times when it happened, oldest first, Unix milliseconds: also what is older than the period, as far as a report
 *   may have counted it
 */
export function usageOf(
  limits: readonly CountLimit[],
  times: readonly number[],
  reported: Reported | null,
  now: number,
): readonly Usage[] {
  const unknown = reported?.action.limits.filter((told) => !limits.some(({ periodMs }) => periodMs === told.periodMs));
  const all = [...limits, ...(unknown ?? []).map(({ periodMs }) => ({ periodMs, max: Number.POSITIVE_INFINITY }))];
  return all.map((limit) => new Counter(limit, times, reported).at(now));
}

/** The first moment at which all of them have a place; null if there is none. */
export function freeAt(usages: readonly Usage[]): number | null {
  return usages.reduce<number | null>(
    (latest, usage) => (latest === null || usage.freeAt === null ? null : Math.max(latest, usage.freeAt)),
    Number.NEGATIVE_INFINITY,
  );
}

/**
 * One limit: our own count, corrected by what Graph counted more or less than we did at its report (others may call with
 * the same number, and Meta knows its own rules). The correction holds until the last that the report can have counted has
 * left the period; a maximum that Graph reports holds as long.
 */
class Counter {
  readonly #limit: CountLimit;
  readonly #times: readonly number[];
  readonly #told: ReportedLimit | null;
  readonly #toldAt: number;
  readonly #correction: number;

  constructor(limit: CountLimit, times: readonly number[], reported: Reported | null) {
    this.#limit = limit;
    this.#times = times;
    this.#told = reported?.action.limits.find(({ periodMs }) => periodMs === limit.periodMs) ?? null;
    this.#toldAt = reported?.at ?? Number.NEGATIVE_INFINITY;
    this.#correction = 0;
    if (this.#told === null || reported === null) return;
    const { maxAllowed, currentUsage } = this.#told;
    // What Graph allows has a place left, whatever the figures say.
    const used = reported.action.allowed ? Math.min(currentUsage, maxAllowed - 1) : currentUsage;
    if (reported.action.allowed) this.#told = { ...this.#told, expiresAt: null };
    const { periodMs } = limit;
    this.#correction = used - times.filter((at) => at <= this.#toldAt && at > this.#toldAt - periodMs).length;
  }

  at(now: number): Usage {
    return { periodMs: this.#limit.periodMs, max: this.#max(now), used: this.#used(now), freeAt: this.#freeAt(now) };
  }

  #freeAt(now: number): number | null {
    if (this.#hasPlace(now)) return now;
    const { periodMs } = this.#limit;
    const changes = [...this.#times.map((at) => at + periodMs), this.#toldAt + periodMs, this.#told?.expiresAt ?? now];
    const later = changes.filter((time) => time > now).sort((one, other) => one - other);
    return later.find((time) => this.#hasPlace(time)) ?? null;
  }

  #hasPlace(time: number): boolean {
    if (this.#told?.expiresAt != null && time < this.#told.expiresAt) return false;
    return this.#used(time) < this.#max(time);
  }

  #used(time: number): number {
    const own = this.#since(time - this.#limit.periodMs);
    return this.#isTold(time) ? Math.max(0, own + this.#correction, this.#since(this.#toldAt)) : own;
  }

  #since(time: number): number {
    return this.#times.filter((at) => at > time).length;
  }

  #max(time: number): number {
    return this.#isTold(time) ? (this.#told?.maxAllowed ?? this.#limit.max) : this.#limit.max;
  }

  /** The report still says something: what it counted has not left, and the time that it named has not come. */
  #isTold(time: number): boolean {
    if (this.#told === null || time >= this.#toldAt + this.#limit.periodMs) return false;
    return this.#told.expiresAt === null || time < this.#told.expiresAt;
  }
}
