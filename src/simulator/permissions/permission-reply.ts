import type { Permission } from './pair-book.ts';
import type { Pair } from './refusal.ts';

/** What a user can do with a permission request, besides nothing. */
export type RequestAnswer = 'accept' | 'accept_always' | 'reject';

/** What a user, or WhatsApp in the user's name, decided about calls: the content of a `call_permission_reply`. */
export interface PermissionReply extends Pair {
  readonly response: 'accept' | 'reject';
  readonly permission: Permission;
  /** WhatsApp's own doing, not a tap of the user. */
  readonly automatic: boolean;
  /** The request (`wamid.…`) or the user's call (`wacid.…`) that brought it about. */
  readonly contextId: string | null;
  /** Unix milliseconds. */
  readonly at: number;
}

/** What follows from the end of a call: two unanswered in a row, and the user is asked; four, and the permission is gone. */
export type AfterCall = { readonly type: 'notice' } | { readonly type: 'revoked'; readonly reply: PermissionReply };
