/** What the permissions' room needs of the rest of the house, and what storage, signaling and the HTTP routes know of it. */
export type * from './call-placer.ts';
export type * from './decision.ts';
export type * from './dial-order.ts';
export { DEFAULT_DIAL_RULES, type DialRules, type DialRulesBook, type RequestTemplate } from './number-dial-rules.ts';
export type * from './pair-state.ts';
export type * from './permission-book.ts';
export type * from './permission-event.ts';
export type * from './permission-graph.ts';
export type * from './unsure-request.ts';
/** Storage finds a user by this key, whichever spelling of the number it is given. */
export { canonicalWaId } from './user-key.ts';

/** Time, in milliseconds; the runtime's clock has this shape. */
export interface PermissionClock {
  now(): number;
  /** Returns a function that cancels. */
  at(time: number, run: () => void): () => void;
}
