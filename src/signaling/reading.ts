import type { CallEvent } from './ports.ts';

/** What was read at one place of a webhook: an event, or why there is none. */
export type Reading<Event = CallEvent> = { readonly event: Event } | { readonly reason: string };

/** What all items of one change share. */
export interface ReadingContext {
  readonly phoneNumberId: string;
  readonly displayPhoneNumber: string | null;
  readonly contacts: readonly unknown[];
  /** There is only one item, so the only contact is its user. */
  readonly alone: boolean;
  /** For an item without a time of its own, Unix milliseconds. */
  readonly fallbackTime: number;
}

/** Reasons are put in logs, so only a name that looks like one of Meta's is repeated in them. */
export function nameOf(name: unknown): string {
  return typeof name === 'string' && /^[a-z_]{1,40}$/i.test(name) ? name : 'without a known name';
}
