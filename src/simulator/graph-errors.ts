import { randomBytes } from 'node:crypto';

/** An error as Graph words it (meta-calling.md §7). `details` is the useful text. */
export interface GraphError {
  readonly code: number;
  readonly subcode: number | null;
  readonly details: string;
}

interface Row {
  readonly httpStatus: number;
  readonly message: string;
  readonly details: string;
}

/** Status and wording of each code that a request about calls can meet (meta-calling.md §7.2). */
const ROWS: Readonly<Record<number, Row>> = {
  100: { httpStatus: 400, message: 'Invalid parameter', details: 'Invalid parameter' },
  190: {
    httpStatus: 401,
    message: 'Invalid OAuth access token - Cannot parse access token',
    details: 'The access token is missing or not the one of this number',
  },
  613: {
    httpStatus: 429,
    message: 'Calls to this api have exceeded the rate limit',
    details: 'Too many reads of call permissions',
  },
  131044: { httpStatus: 400, message: 'Business eligibility payment issue', details: 'No valid payment method' },
  131047: {
    httpStatus: 400,
    message: 'Re-engagement message',
    details: 'More than 24 hours have passed since the user last wrote or called',
  },
  131055: { httpStatus: 400, message: 'Method not allowed', details: 'Graph calls are off while SIP is enabled' },
  138000: { httpStatus: 401, message: 'Calling not enabled', details: 'Calling is not enabled on this number' },
  138001: { httpStatus: 400, message: 'Receiver uncallable', details: 'The receiver cannot take this call' },
  138002: { httpStatus: 429, message: 'Limit reached', details: 'Too many concurrent calls on this number' },
  138003: { httpStatus: 400, message: 'Duplicate call', details: 'A call with this user is already ongoing' },
  138004: { httpStatus: 500, message: 'Connection error', details: 'Error while connecting the call' },
  138005: { httpStatus: 429, message: 'Call rate limit reached', details: 'Too many new calls from this number' },
  138006: { httpStatus: 401, message: 'No call permission', details: 'No approved call permission from this user' },
  138007: { httpStatus: 500, message: 'Connection timeout', details: 'The call was not accepted in time' },
  138008: { httpStatus: 400, message: 'SDP Validation error', details: 'SDP Validation error' },
  138009: {
    httpStatus: 400,
    message: 'Permission request limit reached',
    details: 'Call permission request limit hit for this user',
  },
  138012: {
    httpStatus: 400,
    message: 'Call limit reached',
    details: 'Connected call limit hit for this user',
  },
  138013: {
    httpStatus: 400,
    message: 'Business-initiated calling not available',
    details: 'This number cannot call users',
  },
  138014: {
    httpStatus: 400,
    message: 'Calling restricted',
    details: 'Business-initiated calling is paused for low quality',
  },
  138017: {
    httpStatus: 400,
    message: 'Permission request not needed',
    details: 'The user has already given permanent permission',
  },
};

/** Makes an error of Meta's own table; a code outside it is a generic error with HTTP status 500. */
export function graphError(code: number, details?: string, subcode: number | null = null): GraphError {
  return { code, subcode, details: details ?? rowOf(code).details };
}

export function httpStatusOf(error: GraphError): number {
  return rowOf(error.code).httpStatus;
}

/** The HTTP body of an error. */
export function errorBody(error: GraphError): Record<string, unknown> {
  return {
    error: {
      message: rowOf(error.code).message,
      type: 'OAuthException',
      code: error.code,
      ...(error.subcode === null ? {} : { error_subcode: error.subcode }),
      is_transient: httpStatusOf(error) >= 429,
      error_data: { messaging_product: 'whatsapp', details: error.details },
      fbtrace_id: `A${randomBytes(8).toString('base64url')}`,
    },
  };
}

function rowOf(code: number): Row {
  return ROWS[code] ?? { httpStatus: 500, message: 'An unknown error occurred', details: 'An unknown error occurred' };
}
