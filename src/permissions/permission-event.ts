import type { UserRef } from './pair-state.ts';

/** What webhooks say that the ledger must know. Times in Unix milliseconds. */
export type PermissionEvent = { readonly phoneNumberId: string; readonly at: number } & (
  | {
      readonly type: 'permission_reply';
      readonly user: UserRef;
      readonly response: 'accept' | 'reject';
      readonly permanent: boolean;
      readonly expiresAt: number | null;
      readonly automatic: boolean;
      /** The `wamid` of the request or the `wacid` of the user's call that it answers. */
      readonly contextId: string | null;
      readonly messageId: string;
    }
  /** Any message of a user: the 24 h window is open. */
  | { readonly type: 'user_message'; readonly user: UserRef }
  /** A message of ours was not delivered. */
  | { readonly type: 'message_failed'; readonly messageId: string; readonly code: number | null }
);

export interface PermissionEventSink {
  handle(event: PermissionEvent): Promise<void>;
}
