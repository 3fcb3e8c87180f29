import type { GraphAction } from './faults.ts';
import type { GraphError } from './graph-errors.ts';
import { type SdpWarning, sdpWarnings } from './sdp-rules.ts';

/** One request as it was seen. Never holds the bearer token. Times in Unix milliseconds. */
export interface GraphRequestRecord {
  readonly at: number;
  readonly version: string;
  readonly phoneNumberId: string;
  /** The call that the request is about; of a connect, the one that it began. */
  readonly callId: string | null;
  /** An action, as the body names it; `message` and `call_permissions` for the other routes. */
  readonly action: string | null;
  readonly body: unknown;
  readonly warnings: readonly SdpWarning[];
  /** null: no answer was given. */
  readonly httpStatus: number | null;
  readonly error: GraphError | null;
  /** Whether the action took effect. */
  readonly performed: boolean;
}

interface SeenRequest {
  readonly params: { readonly version: string; readonly phoneNumberId: string };
  readonly body: unknown;
}

interface Outcome extends Pick<GraphRequestRecord, 'at' | 'httpStatus' | 'error' | 'performed'> {
  /** Null if the request was not understood. */
  readonly action: GraphAction | null;
  /** The call that was begun. */
  readonly callId: string | null;
}

export function recordOf({ params, body: raw }: SeenRequest, outcome: Outcome): GraphRequestRecord {
  const body = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>;
  const session = body['session'] as { readonly sdp?: unknown } | undefined;
  return {
    ...outcome,
    version: params.version,
    phoneNumberId: params.phoneNumberId,
    callId: outcome.callId ?? (typeof body['call_id'] === 'string' ? body['call_id'] : null),
    action: outcome.action ?? (typeof body['action'] === 'string' ? body['action'] : null),
    body: raw,
    warnings: typeof session?.sdp === 'string' ? sdpWarnings(session.sdp) : [],
  };
}
