import type { GraphFailure } from '../call/index.ts';

/** What one of Meta's error codes means to us. */
export interface GraphErrorRule {
  readonly code: number;
  /** Where it was seen: an HTTP status of Graph, or a webhook; null if nobody says. */
  readonly seenIn: number | 'webhook' | null;
  readonly meaning: string;
  readonly kind: GraphFailure['kind'];
  /**
   * Whether an action that may be repeated is sent again: at once and only once, with growing pauses until its time is up
   * (or as `Retry-After` says), or never.
   */
  readonly retry: 'never' | 'once' | 'backoff';
  /** A person has to do something, or calls will go on failing. */
  readonly alert: boolean;
  /** What talkwire does, or what the operator should do. */
  readonly reaction: string;
  /** Meta's own table, reports of implementers, or nothing but the number. */
  readonly known: 'documented' | 'reported' | 'number only';
}

/** Graph says no, and will say it again. */
const refused = { kind: 'refused', retry: 'never', alert: false, known: 'documented' } as const;
/** A code that nobody explains. */
const unexplained = { ...refused, seenIn: null, known: 'number only', reaction: 'None.' } as const;
/** Graph says no until a person changes something. */
const misconfigured = { ...refused, alert: true } as const;
/** Nothing was decided; the same request may succeed later, so what is owed stays owed. */
const later = { kind: 'unknown', retry: 'backoff', alert: false, known: 'documented' } as const;
/** Comes by webhook, when the call is over. */
const ended = { kind: 'gone', retry: 'never', alert: false, known: 'documented', seenIn: 'webhook' } as const;

/** Meta's errors that can meet a call (meta-calling.md §7.2), by code. docs/errors.md is generated from it. */
export const META_ERRORS: readonly GraphErrorRule[] = [
  {
    code: 1,
    seenIn: 500,
    meaning: 'Unknown error of Graph',
    ...later,
    known: 'reported',
    reaction: 'Repeated where that is safe.',
  },
  {
    code: 2,
    seenIn: 503,
    meaning: 'Graph is temporarily unavailable',
    ...later,
    known: 'reported',
    reaction: 'Repeated where that is safe.',
  },
  {
    code: 4,
    seenIn: 429,
    meaning: 'Too many Graph calls of this app',
    ...later,
    known: 'reported',
    reaction: 'Repeated later, as Retry-After says.',
  },
  {
    code: 10,
    seenIn: 403,
    meaning: 'The app lacks a permission',
    ...misconfigured,
    known: 'reported',
    reaction: 'Give the token the scope whatsapp_business_messaging.',
  },
  {
    code: 100,
    seenIn: 400,
    meaning: 'Bad parameter; faults of an SDP are described in the details',
    ...refused,
    reaction: 'The call ends. With an SDP fault, report a bug.',
  },
  {
    code: 190,
    seenIn: 401,
    meaning: 'The access token is invalid or expired',
    ...misconfigured,
    known: 'reported',
    reaction: 'Store a new token, best that of a system user.',
  },
  {
    code: 613,
    seenIn: 429,
    meaning: 'Too many reads of call permissions',
    ...later,
    reaction: 'Repeated later, as Retry-After says.',
  },
  {
    code: 80007,
    seenIn: 429,
    meaning: 'Rate limit of the WhatsApp Business account',
    ...later,
    known: 'reported',
    reaction: 'Repeated later, as Retry-After says.',
  },
  {
    code: 130429,
    seenIn: 429,
    meaning: 'Rate limit of the Cloud API',
    ...later,
    known: 'reported',
    reaction: 'Repeated later, as Retry-After says.',
  },
  {
    code: 131000,
    seenIn: 500,
    meaning: 'Something went wrong at Meta',
    ...later,
    known: 'reported',
    reaction: 'Repeated where that is safe.',
  },
  {
    code: 131009,
    seenIn: 400,
    meaning: 'Parameter value not valid; a voice_call message is not supported for the country',
    ...refused,
    reaction: 'None.',
  },
  {
    code: 131016,
    seenIn: 500,
    meaning: 'A service of Meta is unavailable',
    ...later,
    known: 'reported',
    reaction: 'Repeated where that is safe.',
  },
  {
    code: 131026,
    seenIn: 'webhook',
    meaning: 'The app of the user is too old for the message',
    ...refused,
    reaction: 'None.',
  },
  {
    code: 131030,
    seenIn: 400,
    meaning: 'The recipient is not on the allow-list of a test number',
    ...refused,
    reaction: 'Add the recipient in the app dashboard.',
  },
  {
    code: 131044,
    seenIn: 400,
    meaning: 'No valid payment method; also comes as a webhook',
    ...misconfigured,
    reaction: 'Put the payment method of the account in order.',
  },
  {
    code: 131055,
    seenIn: 400,
    meaning: 'The number is switched to SIP',
    ...misconfigured,
    reaction: 'Switch SIP off for the number.',
  },
  {
    code: 138000,
    seenIn: 401,
    meaning: 'Calling is not enabled for the number',
    ...misconfigured,
    reaction: 'Enable calling in the settings of the number.',
  },
  {
    code: 138001,
    seenIn: 400,
    meaning: 'The user cannot be called',
    ...refused,
    reaction: 'The call is not tried again.',
  },
  {
    code: 138002,
    seenIn: 429,
    meaning: 'Limit of concurrent calls of the number',
    ...refused,
    retry: 'backoff',
    reaction: 'The new call is not made; try again when others have ended.',
  },
  {
    code: 138003,
    seenIn: 400,
    meaning: 'A call with this user is already going on',
    ...refused,
    reaction: 'The new call is not made; end the other first.',
  },
  {
    code: 138004,
    seenIn: 500,
    meaning: 'Connection error at Meta',
    ...later,
    retry: 'once',
    reaction: 'Repeated once where that is safe.',
  },
  {
    code: 138005,
    seenIn: 429,
    meaning: 'Limit of outgoing calls per day',
    ...refused,
    retry: 'backoff',
    reaction: 'The new call is not made; try again later.',
  },
  {
    code: 138006,
    seenIn: 401,
    meaning: 'The user has not permitted calls',
    ...refused,
    reaction: 'Ask for permission first.',
  },
  {
    code: 138007,
    seenIn: 500,
    meaning: 'The SDP was not applied, or accept did not come, in time',
    ...refused,
    reaction: 'The call ends. If it repeats, look for delays of this service.',
  },
  {
    code: 138008,
    seenIn: null,
    meaning: 'The SDP did not pass validation',
    ...refused,
    known: 'reported',
    reaction: 'The call ends. Report a bug.',
  },
  {
    code: 138009,
    seenIn: 400,
    meaning: 'Limit of permission requests',
    ...refused,
    reaction: 'Wait; a connected call resets it.',
  },
  { code: 138010, meaning: 'Not documented', ...unexplained },
  { code: 138011, meaning: 'Not documented; named where no conversation came before', ...unexplained },
  {
    code: 138012,
    seenIn: 400,
    meaning: 'Limit of connected calls with this user',
    ...refused,
    reaction: 'The details say when the next call may be made.',
  },
  {
    code: 138013,
    seenIn: 400,
    meaning: 'Outgoing calls are not available for the number',
    ...misconfigured,
    reaction: 'The country of the number does not allow them.',
  },
  {
    code: 138014,
    seenIn: 400,
    meaning: 'Calling is disabled because of low quality',
    ...misconfigured,
    reaction: 'Stop calling until Meta lifts it.',
  },
  {
    code: 138015,
    seenIn: 400,
    meaning: 'Calling cannot be enabled: the messaging limit is below 2,000',
    ...misconfigured,
    reaction: 'Raise the messaging limit.',
  },
  { code: 138016, meaning: 'Not documented', ...unexplained },
  {
    code: 138017,
    seenIn: 400,
    meaning: 'A permission request is pointless: a permanent permission exists',
    ...refused,
    reaction: 'Just call.',
  },
  {
    code: 138018,
    seenIn: 400,
    meaning: 'Calling cannot be enabled: no app is subscribed to calls, and there is no SIP server',
    ...misconfigured,
    reaction: 'Subscribe the app to the webhook field calls.',
  },
  { code: 138019, meaning: 'The phone could not set the call up', ...ended, reaction: 'Kept with the call.' },
  { code: 138020, meaning: 'The phone could not reach a relay', ...ended, reaction: 'Kept with the call.' },
  {
    code: 138021,
    meaning: 'The phone got no media for long',
    ...ended,
    reaction: 'Kept with the call. Look at our media path.',
  },
  {
    code: 138022,
    meaning: 'The phone sent no media for long',
    ...ended,
    reaction: 'Kept with the call. The cause is on the side of the user.',
  },
  {
    code: 138023,
    meaning: 'The call was accepted, but no media came',
    ...ended,
    reaction: 'Kept with the call. Look at our media path.',
  },
];
