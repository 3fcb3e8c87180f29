import { Counter, Histogram, type Registry } from 'prom-client';

/** A request that was answered. */
export interface AnsweredRequest {
  /** The operation's id in OpenAPI, or the pattern of a route that has none; never a path, which has ids in it. */
  readonly operation: string;
  readonly status: number;
  readonly seconds: number;
}

/** An attempt to send an event. */
export interface EventAttempt {
  /** `meta` for what is handed on as it came, else `kapso`. */
  readonly kind: 'kapso' | 'meta';
  readonly outcome: 'delivered' | 'retry' | 'given_up';
  readonly seconds: number;
}

export interface ApiMetrics {
  onAnswered(request: AnsweredRequest): void;
  /** What became of a wish to call somebody: `placing`, what it waits for, or why it was denied. */
  onDialDecided(decision: string): void;
  onEventAttempt(attempt: EventAttempt): void;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What clients ask, whom they want called, and what is sent to receivers of events. */
export function apiMetrics(registry: Registry): ApiMetrics {
  const registers = [registry];
  const answered = new Histogram({
    name: 'talkwire_http_request_duration_seconds',
    help: 'HTTP requests by operation and status',
    labelNames: ['operation', 'status'],
    buckets: SECONDS,
    registers,
  });
  const dials = new Counter({
    name: 'talkwire_dials_decided_total',
    help: 'Wishes to call a user, by the decision: placed, what it waits for, or why not',
    labelNames: ['decision'],
    registers,
  });
  const attempts = new Histogram({
    name: 'talkwire_event_attempt_duration_seconds',
    help: 'Attempts to send an event to a receiver, by what they mean for its delivery',
    labelNames: ['kind', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  return {
    onAnswered: ({ operation, status, seconds }) => answered.observe({ operation, status: String(status) }, seconds),
    onDialDecided: (decision) => dials.inc({ decision }),
    onEventAttempt: ({ kind, outcome, seconds }) => attempts.observe({ kind, outcome }, seconds),
  };
}
