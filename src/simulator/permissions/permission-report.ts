import type { PairBook, ReportedUsage } from './pair-book.ts';

/** The body of `GET call_permissions` (meta-calling.md §2.2). */
export interface PermissionReport {
  readonly messaging_product: 'whatsapp';
  readonly permission: {
    readonly status: 'no_permission' | 'temporary' | 'permanent';
    /** Unix seconds; only of a temporary one. */
    readonly expiration_time?: number;
  };
  readonly actions: readonly {
    readonly action_name: 'send_call_permission_request' | 'start_call';
    readonly can_perform_action: boolean;
    readonly limits: readonly ReportedUsage[];
  }[];
}

interface Circumstances {
  /** Unix milliseconds. */
  readonly now: number;
  /** The number may call and ask at all. */
  readonly mayAct: boolean;
  /** A user that cannot be called looks like one without permission: who uses WhatsApp is not told. */
  readonly reachable: boolean;
}

export function permissionReport(book: PairBook, { now, mayAct, reachable }: Circumstances): PermissionReport {
  const { status, expiresAt } = book.permission(now);
  const { requests, calls } = book.usage(now);
  const shown = reachable ? status : 'no_permission';
  return {
    messaging_product: 'whatsapp',
    permission: {
      status: shown,
      ...(shown === 'temporary' && expiresAt !== null ? { expiration_time: Math.floor(expiresAt / 1000) } : {}),
    },
    actions: [
      {
        action_name: 'send_call_permission_request',
        can_perform_action: mayAct && shown !== 'permanent' && book.nextRequestAt(now) === null,
        limits: requests,
      },
      {
        action_name: 'start_call',
        can_perform_action: mayAct && shown !== 'no_permission' && book.nextCallAt(now) === null,
        limits: calls,
      },
    ],
  };
}
