import type { UserRef } from './pair-state.ts';

export interface PermissionGraph {
  /**
   * `GET call_permissions`. Never rejects.
   *
   * @param version as in GraphBody
   */
  read(phoneNumberId: string, user: UserRef, version?: string | null): Promise<GraphRead>;
  /** `POST messages`: any body; ours or a client's. Never rejects; repeated only if nothing of it left. */
  send(phoneNumberId: string, body: GraphBody): Promise<GraphSent>;
  /** `POST calls` with `action: connect` as a client wrote it. Never rejects; repeated only if nothing of it left. */
  connect(phoneNumberId: string, body: GraphBody): Promise<GraphConnected>;
}

/** What leaves for Graph. */
export interface GraphBody {
  /** JSON; of a client's the very bytes that it sent. */
  readonly json: string | Uint8Array;
  /** The version of Graph to speak, such as `v23.0`; null: the one that is set for the service. */
  readonly version: string | null;
}

/** An answer in Graph's own bytes. */
export interface GraphSaid {
  /** Those that may be told, with names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export type GraphConnected =
  | { readonly type: 'placed'; readonly callId: string; readonly body: unknown; readonly said?: GraphSaid | null }
  | GraphRefusal
  | GraphSilence;

export type GraphRead =
  /** As Graph gave it; `readReport` understands it. `at`: when it was read, Unix milliseconds. */
  { readonly type: 'report'; readonly at: number; readonly body: unknown } | GraphRefusal | GraphSilence;

export type GraphSent =
  | {
      readonly type: 'sent';
      readonly messageId: string | null;
      readonly body: unknown;
      readonly said?: GraphSaid | null;
    }
  | GraphRefusal
  /** No answer was had: it may have been sent. */
  | GraphSilence;

/** No answer was had that decides anything: what was asked for may have happened. */
export interface GraphSilence {
  readonly type: 'unknown';
  /** What Graph said nevertheless, such as a 500. */
  readonly answer: { readonly status: number; readonly body: unknown; readonly said?: GraphSaid | null } | null;
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
  /** Absent where `body` is not Graph's. */
  readonly said?: GraphSaid | null;
}
