import type { UserRef } from './pair-state.ts';

export interface PermissionGraph {
  /** `GET call_permissions`. Never rejects. */
  read(phoneNumberId: string, user: UserRef): Promise<GraphRead>;
  /** `POST messages`: any body; ours or a client's. Never rejects; repeated only if nothing of it left. */
  send(phoneNumberId: string, body: unknown): Promise<GraphSent>;
  /** `POST calls` with `action: connect` as a client wrote it. Never rejects; repeated only if nothing of it left. */
  connect(phoneNumberId: string, body: unknown): Promise<GraphConnected>;
}

export type GraphConnected =
  | { readonly type: 'placed'; readonly callId: string; readonly body: unknown }
  | GraphRefusal
  | GraphSilence;

export type GraphRead =
  /** As Graph gave it; `readReport` understands it. `at`: when it was read, Unix milliseconds. */
  { readonly type: 'report'; readonly at: number; readonly body: unknown } | GraphRefusal | GraphSilence;

export type GraphSent =
  | { readonly type: 'sent'; readonly messageId: string | null; readonly body: unknown }
  | GraphRefusal
  /** No answer was had: it may have been sent. */
  | GraphSilence;

/** No answer was had that decides anything: what was asked for may have happened. */
export interface GraphSilence {
  readonly type: 'unknown';
  /** What Graph said nevertheless, such as a 500. */
  readonly answer: { readonly status: number; readonly body: unknown } | null;
}

/** Graph's own answer, passed on as it is. */
export interface GraphRefusal {
  readonly type: 'refused';
  readonly status: number;
  readonly code: number | null;
  /** Of a 429: how long to leave Graph alone. */
  readonly retryAfterMs: number | null;
  /** When Graph says that it would allow it (138012), Unix milliseconds. */
  readonly retryAt: number | null;
  readonly body: unknown;
}
