import type { CallAction } from './faults.ts';
import { type GraphError, graphError } from './graph-errors.ts';
import { type ConnectRequest, no, opaqueOf, type Parsed, parseConnect } from './graph-requests.ts';
import { checkAnswer, type SdpRules } from './sdp-rules.ts';

/** What Graph knows of a call. `late` is the end of a call that was not accepted in time. */
export type GraphCallPhase = 'ringing' | 'pre_accepted' | 'accepted' | 'ended' | 'late';

export interface GraphCallView {
  /** Who started it: the user (inbound) or the business (outbound). */
  readonly direction: 'inbound' | 'outbound';
  readonly phase: GraphCallPhase;
  /** The answer given by pre_accept or accept. */
  readonly answer: string | null;
}

/** A request on one call whose form is right. `sdp` is null for reject and terminate. */
export interface ActionRequest {
  readonly callId: string;
  readonly action: CallAction;
  readonly sdp: string | null;
  /** biz_opaque_callback_data of accept; comes back in terminate. */
  readonly opaque: string | null;
}

/** Reads the body of `POST /{phone number id}/calls` (meta-calling.md §2.1). */
export function parseRequest(body: unknown, rules: SdpRules): Parsed<ActionRequest | ConnectRequest> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return no('The body must be a JSON object');
  const fields = body as Record<string, unknown>;
  if (fields['messaging_product'] !== 'whatsapp') return no('messaging_product must be whatsapp');
  const action = fields['action'];
  switch (action) {
    case 'pre_accept':
    case 'accept':
    case 'reject':
    case 'terminate':
      break;
    case 'connect':
      return parseConnect(fields, rules);
    default:
      return no('action must be one of connect, pre_accept, accept, reject, terminate');
  }
  const callId = fields['call_id'];
  if (typeof callId !== 'string' || callId === '') return no('call_id is required');
  if (action === 'reject' || action === 'terminate') {
    return { ok: true, request: { callId, action, sdp: null, opaque: null } };
  }
  const session = fields['session'] as Record<string, unknown> | null | undefined;
  if (typeof session !== 'object' || session === null) return no('session is required');
  if (session['sdp_type'] !== 'answer') return no('session.sdp_type must be answer');
  const error = checkAnswer(session['sdp'], rules);
  if (error !== null) return { ok: false, error };
  const opaque = opaqueOf(fields);
  if (!opaque.ok) return opaque;
  return { ok: true, request: { callId, action, sdp: session['sdp'] as string, opaque: opaque.request } };
}

/** Whether Meta would let this action happen to a call now. Returns the refusal, or null. */
export function checkState(call: GraphCallView | null, request: ActionRequest): GraphError | null {
  if (call === null) return graphError(100, 'Invalid call id');
  if (call.phase === 'late') {
    // Accept after Meta gave up is a latency bug with a code of its own (meta-calling.md §7.2).
    return request.action === 'accept' || request.action === 'pre_accept' ? graphError(138007) : ended();
  }
  if (call.phase === 'ended') return ended();
  if (call.direction === 'outbound' && request.action !== 'terminate') {
    return graphError(100, `${request.action} is for calls that a user starts`);
  }
  switch (request.action) {
    case 'pre_accept':
      if (call.phase === 'accepted') return graphError(100, 'The call is already in progress');
      return sameAnswer(call, request) ? null : mismatch();
    case 'accept':
      if (call.phase === 'accepted') return graphError(100, 'The call is already accepted');
      return sameAnswer(call, request) ? null : mismatch();
    case 'reject':
      return call.phase === 'accepted' ? graphError(100, 'The call is already accepted, use terminate') : null;
    case 'terminate':
      return null;
    default:
      return request.action satisfies never;
  }
}

function sameAnswer(call: GraphCallView, request: ActionRequest): boolean {
  return call.answer === null || call.answer === request.sdp;
}

function mismatch(): GraphError {
  return graphError(100, 'SDP differs from the SDP of pre_accept');
}

function ended(): GraphError {
  return graphError(100, 'The call has already ended');
}
