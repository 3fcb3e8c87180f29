import { formatDuration, parseDuration } from './duration.ts';
import { limitsOf } from './limits.ts';
import { permissionNow } from './permission-now.ts';
import type {
  DialRules,
  Grant,
  LiveReport,
  PairState,
  PermissionEvent,
  ReportedAction,
  ReportedLimit,
} from './ports.ts';
import { requestDenial, requestUsage } from './request-rules.ts';
import type { Usage } from './usage.ts';
import { callUsage, USER_RULES, withoutPermission } from './user-rules.ts';

export type PermissionReply = Extract<PermissionEvent, { type: 'permission_reply' }>;

/** What a `call_permission_reply` says of the permission: the situations of meta-calling.md §3.7. */
export function grantOf({ response, permanent, expiresAt, automatic, contextId, at }: PermissionReply): Grant {
  if (response === 'reject') {
    return { status: 'none', expiresAt: null, source: automatic ? 'auto_revoked' : 'declined', at };
  }
  const callback = automatic || contextId?.startsWith('wacid.') === true;
  const source = callback ? 'callback' : contextId === null ? 'profile' : 'request';
  return permanent
    ? { status: 'permanent', expiresAt: null, source, at }
    : { status: 'temporary', expiresAt: expiresAt ?? at + limitsOf('production').temporaryPermissionMs, source, at };
}

/**
 * Reads the body of `GET call_permissions`; null if it names no permission. Numbers may come as strings, the end of the
 * permission under either of its names; limits that make no sense are left out (meta-calling.md §2.2, §10).
 *
 * @param at when it was read, Unix milliseconds
 */
export function readReport(body: unknown, at: number): LiveReport | null {
  const permission = member(body, 'permission');
  const told = member(permission, 'status');
  const status = typeof told === 'string' ? STATUSES.get(told.toLowerCase()) : undefined;
  if (status === undefined) return null;
  const expiresAt = timeOf(member(permission, 'expiration_time')) ?? timeOf(member(permission, 'expiration'));
  return {
    at,
    status,
    expiresAt: status === 'temporary' ? expiresAt : null,
    startCall: actionOf(body, 'start_call'),
    sendRequest: actionOf(body, 'send_call_permission_request'),
  };
}

/** The body of `GET call_permissions`, in Meta's shape. Times in Unix seconds. */
export interface MetaPermissions {
  readonly messaging_product: 'whatsapp';
  readonly permission: {
    readonly status: 'no_permission' | 'temporary' | 'permanent';
    readonly expiration_time?: number;
  };
  readonly actions: readonly {
    readonly action_name: 'send_call_permission_request' | 'start_call';
    /** Whether it would pass here, our own guards included. */
    readonly can_perform_action: boolean;
    readonly limits: readonly MetaLimit[];
  }[];
}

interface MetaLimit {
  readonly time_period: string;
  readonly max_allowed: number;
  readonly current_usage: number;
  readonly limit_expiration_time?: number;
}

/** What is known of a pair in Meta's shape: Graph's last report with all that happened since, or the ledger alone. */
export function toMetaPermissions(pair: PairState, rules: DialRules, now: number): MetaPermissions {
  const input = { pair, rules, now };
  const { status, expiresAt } = permissionNow(pair, limitsOf(rules.profile), now);
  return {
    messaging_product: 'whatsapp',
    permission: {
      status: status === 'none' ? 'no_permission' : status,
      ...(expiresAt === null ? {} : { expiration_time: Math.floor(expiresAt / 1_000) }),
    },
    actions: [
      {
        action_name: 'send_call_permission_request',
        can_perform_action: requestDenial(input) === null,
        limits: metaLimits(requestUsage(input), now),
      },
      {
        action_name: 'start_call',
        can_perform_action: withoutPermission(input) === null && USER_RULES.every((rule) => rule(input) === null),
        limits: metaLimits(callUsage(input), now),
      },
    ],
  };
}

const STATUSES: ReadonlyMap<string, Grant['status']> = new Map([
  ['no_permission', 'none'],
  ['temporary', 'temporary'],
  ['permanent', 'permanent'],
] as const);

function actionOf(body: unknown, name: string): ReportedAction | null {
  const actions = member(body, 'actions');
  const action = Array.isArray(actions) ? actions.find((entry) => member(entry, 'action_name') === name) : undefined;
  const allowed = member(action, 'can_perform_action');
  if (allowed !== true && allowed !== false && allowed !== 'true' && allowed !== 'false') return null;
  const limits = member(action, 'limits');
  return { allowed: String(allowed) === 'true', limits: Array.isArray(limits) ? limits.flatMap(limitOf) : [] };
}

function limitOf(limit: unknown): ReportedLimit[] {
  const period = member(limit, 'time_period');
  const periodMs = typeof period === 'string' ? parseDuration(period) : null;
  const maxAllowed = countOf(member(limit, 'max_allowed'));
  const currentUsage = countOf(member(limit, 'current_usage'));
  if (periodMs === null || maxAllowed === null || currentUsage === null) return [];
  return [{ periodMs, maxAllowed, currentUsage, expiresAt: timeOf(member(limit, 'limit_expiration_time')) }];
}

function metaLimits(usages: readonly Usage[], now: number): MetaLimit[] {
  return usages
    .filter(({ max }) => Number.isFinite(max))
    .map(({ periodMs, max, used, freeAt }) => ({
      time_period: formatDuration(periodMs),
      max_allowed: max,
      current_usage: used,
      ...(freeAt === null || freeAt <= now ? {} : { limit_expiration_time: Math.ceil(freeAt / 1_000) }),
    }));
}

/** Unix seconds, as number or digits, in milliseconds. */
function timeOf(value: unknown): number | null {
  const seconds = countOf(value);
  return seconds === null || seconds === 0 || seconds > LAST_SECOND ? null : seconds * 1_000;
}

/** The end of the year 9999. */
const LAST_SECOND = 253_402_300_799;

function countOf(value: unknown): number | null {
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : null;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
