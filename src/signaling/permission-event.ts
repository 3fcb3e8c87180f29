import type { GraphUser } from './graph-types.ts';

/** What webhooks say that the permissions' room must know, in its own shape. Times in Unix milliseconds. */
export type PermissionEvent = { readonly phoneNumberId: string; readonly at: number } & (
  | {
      /** The user answered a request, or WhatsApp did for them (meta-calling.md §3.7). */
      readonly type: 'permission_reply';
      readonly user: GraphUser;
      readonly response: 'accept' | 'reject';
      readonly permanent: boolean;
      /** Null if permanent or rejected, and if Meta left it out. */
      readonly expiresAt: number | null;
      /** Nobody pressed a button: the user called us, or did not pick up too often. */
      readonly automatic: boolean;
      /** The `wamid` of the request or the `wacid` of the user's call that it answers. */
      readonly contextId: string | null;
      readonly messageId: string;
    }
  /** Any other message of a user; what it says is not read. */
  | { readonly type: 'user_message'; readonly user: GraphUser }
  /** A message of ours was not delivered. */
  | { readonly type: 'message_failed'; readonly messageId: string; readonly code: number | null }
);

/** Where permission events go. Awaited: a webhook is worked off only when its events were taken. */
export interface PermissionEventSink {
  handle(event: PermissionEvent): Promise<void>;
}
