import type { GraphAction, GraphFailure, User } from '../call/index.ts';

/** One action on one call, as the runtime's GraphPort asks for it. */
export interface GraphActRequest {
  readonly phoneNumberId: string;
  readonly callId: string;
  readonly action: GraphAction;
  /** Our answer; null for reject and terminate. */
  readonly sdp: string | null;
}

/** A call to place, as the runtime's GraphPort asks for it. */
export interface GraphConnectRequest {
  readonly phoneNumberId: string;
  /** Our own id of the call, for logs. */
  readonly key: string;
  readonly user: GraphUser;
  /** Our offer. */
  readonly sdp: string;
  readonly callbackData: string;
}

/**
 * `failed` is of kind `refused` if the call was not placed for certain: Graph said no, or nothing of the request left. It is
 * of kind `unknown` if it may have been placed; `gone` does not come.
 */
export type GraphConnectResult =
  | { readonly type: 'placed'; readonly callId: string; readonly tookMs: number }
  | { readonly type: 'failed'; readonly error: GraphFailure };

/** Who is meant: never both null. `userId` is a BSUID. */
export type GraphUser = Pick<User, 'waId' | 'userId'>;

/**
 * What the permissions' room asks of Graph, and what clients of ours ask of it through us. Has the shape of that room's
 * PermissionGraph. Nothing here rejects, and what is sent is sent again only if not one byte of it had left.
 */
export interface GraphRequests {
  /** `GET {number}/call_permissions`. Repeated while Graph gives no answer; too many reads (429) are told at once. */
  read(phoneNumberId: string, user: GraphUser, version?: string | null): Promise<GraphReport>;
  /** `POST {number}/messages`. */
  send(phoneNumberId: string, body: GraphBody): Promise<GraphSending>;
  /** `POST {number}/calls` with `action: connect`, as a client wrote it. */
  connect(phoneNumberId: string, body: GraphBody): Promise<GraphPlacing>;
  /** `POST {number}/calls` with any other action, as a client wrote it. */
  forward(phoneNumberId: string, body: GraphBody): Promise<GraphForwarding>;
}

/** What leaves, byte for byte. */
export interface GraphBody {
  /** JSON. */
  readonly json: string | Uint8Array;
  /** Such as `v23.0`; null: the version that is set. */
  readonly version: string | null;
}

/** An answer in Graph's own bytes. */
export interface GraphSaid {
  /** Those that may be told (passed-headers.ts). */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** `at`: when it was read, Unix milliseconds. `body` is an object, as Graph gave it. */
export type GraphReport =
  | { readonly type: 'report'; readonly at: number; readonly body: unknown }
  | GraphRefused
  | GraphUnknown;

/** `messageId`: `wamid.…`. */
export type GraphSending =
  | {
      readonly type: 'sent';
      readonly messageId: string | null;
      readonly body: unknown;
      readonly said?: GraphSaid | null;
    }
  | GraphRefused
  | GraphUnknown;

export type GraphPlacing =
  | { readonly type: 'placed'; readonly callId: string; readonly body: unknown; readonly said?: GraphSaid | null }
  | GraphRefused
  | GraphUnknown;

/** Whatever Graph said, success or error, with its status. */
export type GraphForwarding =
  | { readonly type: 'answered'; readonly status: number; readonly body: unknown; readonly said?: GraphSaid | null }
  | GraphUnknown;

/** It had no effect. */
export interface GraphRefused {
  readonly type: 'refused';
  /** Graph's; 401 if we have no credentials for the number, 503 if Graph could not be reached. */
  readonly status: number;
  /** Null if Graph gave none, and if it was not asked. */
  readonly code: number | null;
  /** How long to leave Graph alone, as its header `Retry-After` says. */
  readonly retryAfterMs: number | null;
  /** When Graph says that it would allow it (138012), Unix milliseconds. */
  readonly retryAt: number | null;
  /** Graph's own JSON; one of ours in the same envelope if there was none. */
  readonly body: unknown;
  /** Null where `body` is ours. */
  readonly said?: GraphSaid | null;
}

/** No answer was had that decides anything: it may have had an effect. */
export interface GraphUnknown {
  readonly type: 'unknown';
  /** What Graph said nevertheless, such as 500 with an error in it. */
  readonly answer: { readonly status: number; readonly body: unknown; readonly said?: GraphSaid | null } | null;
}

/** What is asked of Graph, for times and logs. */
export type GraphDeed = GraphAction | 'connect' | 'read' | 'send' | 'forward';

/** What became of it, all attempts included. */
export type GraphOutcome =
  | { readonly type: 'graph.ok'; readonly action: GraphDeed; readonly tookMs: number }
  | { readonly type: 'graph.failed'; readonly action: GraphDeed; readonly error: GraphFailure };

export interface GraphActReport {
  readonly phoneNumberId: string;
  /** Null if it is not known, or if no call is concerned. */
  readonly callId: string | null;
  readonly result: GraphOutcome;
  readonly attempts: number;
  readonly tookMs: number;
  /** A person has to do something, or calls will go on failing (docs/errors.md). */
  readonly alert: boolean;
}
