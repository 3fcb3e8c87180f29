import type { GraphFailure } from '../call/index.ts';

/** What one of Meta's error codes means to us. */
export interface GraphErrorRule {
  readonly code: number;
  /** Where it was seen: an HTTP status of Graph, or a webhook; null if nobody says. */
  readonly seenIn: number | 'webhook' | null;
  readonly meaning: string;
  readonly kind: GraphFailure['kind'];
  /**
   * Whether an action that may be repeated is sent again: at once and only once, with growing pauses until its time is up
   * (or as `Retry-After` says), or never.
   */
  readonly retry: 'never' | 'once' | 'backoff';
  /** A person has to do something, or calls will go on failing. */
  readonly alert: boolean;
  /** What talkwire does, or what the operator should do. */
  readonly reaction: string;
  /** Meta's own table, reports of implementers, or nothing but the number. */
  readonly known: 'documented' | 'reported' | 'number only';
}

/** Graph says no, and will say it again. */
export const refused = { kind: 'refused', retry: 'never', alert: false, known: 'documented' } as const;
/** A code that nobody explains. */
export const unexplained = { ...refused, seenIn: null, known: 'number only', reaction: 'None.' } as const;
/** Graph says no until a person changes something. */
export const misconfigured = { ...refused, alert: true } as const;
/** Nothing was decided; the same request may succeed later, so what is owed stays owed. */
export const later = { kind: 'unknown', retry: 'backoff', alert: false, known: 'documented' } as const;
/** Comes by webhook, when the call is over. */
export const ended = { kind: 'gone', retry: 'never', alert: false, known: 'documented', seenIn: 'webhook' } as const;
