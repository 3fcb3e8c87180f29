import { type GraphError, graphError } from './graph-errors.ts';
import { checkOffer, type SdpRules } from './sdp-rules.ts';

export type Parsed<T> = { readonly ok: true; readonly request: T } | { readonly ok: false; readonly error: GraphError };

/** Whom the business means; never both null. A phone number wins over a BSUID (meta-calling.md §2.1). */
export interface GraphTarget {
  readonly waId: string | null;
  readonly userId: string | null;
}

/** A new call to a user whose form is right. */
export interface ConnectRequest {
  readonly action: 'connect';
  readonly to: GraphTarget;
  readonly sdp: string;
  /** biz_opaque_callback_data; comes back in every webhook of the call. */
  readonly opaque: string | null;
}

/** Any message; what it asks for is known of permission requests and templates alone. */
export interface MessageRequest {
  readonly action: 'message';
  readonly to: GraphTarget;
  readonly kind: 'permission_request' | 'template' | 'other';
  readonly templateName: string | null;
}

export interface PermissionsRequest {
  readonly action: 'call_permissions';
  readonly to: GraphTarget;
}

const OPAQUE_MAX = 512;
const BSUID = /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/;

/** Reads a `connect` (meta-calling.md §2.1). */
export function parseConnect(fields: Record<string, unknown>, rules: SdpRules): Parsed<ConnectRequest> {
  const to = targetOf(fields['to'], fields['recipient']);
  if (!to.ok) return to;
  const session = fields['session'] as Record<string, unknown> | null | undefined;
  if (typeof session !== 'object' || session === null) return no('session is required');
  if (session['sdp_type'] !== 'offer') return no('session.sdp_type must be offer');
  const error = checkOffer(session['sdp'], rules);
  if (error !== null) return { ok: false, error };
  const opaque = opaqueOf(fields);
  if (!opaque.ok) return opaque;
  const sdp = session['sdp'] as string;
  return { ok: true, request: { action: 'connect', to: to.request, sdp, opaque: opaque.request } };
}

/** Reads the body of `POST /{phone number id}/messages` as far as it concerns calls (meta-calling.md §2.4). */
export function parseMessage(body: unknown): Parsed<MessageRequest> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return no('The body must be a JSON object');
  const fields = body as Record<string, unknown>;
  if (fields['messaging_product'] !== 'whatsapp') return no('messaging_product must be whatsapp');
  const to = targetOf(fields['to'], fields['recipient']);
  if (!to.ok) return to;
  const request = { action: 'message', to: to.request, kind: 'other', templateName: null } as const;
  if (fields['type'] === 'template') {
    const name = (fields['template'] as Record<string, unknown> | undefined)?.['name'];
    if (typeof name !== 'string' || name === '') return no('template.name is required');
    return { ok: true, request: { ...request, kind: 'template', templateName: name } };
  }
  const interactive = fields['interactive'] as Record<string, unknown> | null | undefined;
  if (fields['type'] !== 'interactive' || interactive?.['type'] !== 'call_permission_request') {
    return { ok: true, request };
  }
  const action = interactive['action'] as Record<string, unknown> | null | undefined;
  if (action?.['name'] !== 'call_permission_request') {
    return no('interactive.action.name must be call_permission_request');
  }
  if (interactive['header'] !== undefined || interactive['footer'] !== undefined) {
    return no('A call permission request has no header and no footer');
  }
  const text = interactive['body'];
  if (text !== undefined && typeof (text as Record<string, unknown> | null)?.['text'] !== 'string') {
    return no('interactive.body.text must be a string');
  }
  return { ok: true, request: { ...request, kind: 'permission_request' } };
}

/** Reads the query of `GET /{phone number id}/call_permissions` (meta-calling.md §2.2). */
export function parsePermissions(query: unknown): Parsed<PermissionsRequest> {
  const fields = (query ?? {}) as Record<string, unknown>;
  const to = targetOf(fields['user_wa_id'], fields['recipient']);
  return to.ok ? { ok: true, request: { action: 'call_permissions', to: to.request } } : to;
}

export function opaqueOf(fields: Record<string, unknown>): Parsed<string | null> {
  const opaque = fields['biz_opaque_callback_data'] ?? null;
  if (opaque === null || (typeof opaque === 'string' && opaque.length <= OPAQUE_MAX)) {
    return { ok: true, request: opaque };
  }
  return no(`biz_opaque_callback_data must be a string of at most ${OPAQUE_MAX} characters`);
}

export function no(details: string): { readonly ok: false; readonly error: GraphError } {
  return { ok: false, error: graphError(100, details) };
}

function targetOf(number: unknown, bsuid: unknown): Parsed<GraphTarget> {
  if (number !== undefined && number !== null) {
    const digits = typeof number === 'string' ? number.replace(/[\s()+.-]/g, '') : '';
    if (!/^\d{5,15}$/.test(digits)) return no('The phone number of the user is not valid');
    return { ok: true, request: { waId: digits, userId: null } };
  }
  if (bsuid === undefined || bsuid === null) return no('to or recipient is required');
  if (typeof bsuid !== 'string' || !BSUID.test(bsuid)) return no('The user id of the recipient is not valid');
  return { ok: true, request: { waId: null, userId: bsuid } };
}
