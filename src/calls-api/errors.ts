interface ErrorEntry {
  readonly status: number;
  /** Graph's code, so that clients of Meta and of Kapso read ours like theirs (kapso-api.md §5). */
  readonly code: number;
  readonly subcode: number | null;
  readonly type: 'OAuthException' | 'GraphMethodException';
  readonly retryable: boolean;
  /** For a person; `error_data.details` says what exactly. */
  readonly message: string;
}

/** Every error that this API answers with. */
export const API_ERRORS = {
  invalid_parameter: {
    status: 400,
    code: 100,
    subcode: null,
    type: 'OAuthException',
    retryable: false,
    message: 'Invalid parameter',
  },
  unknown_number: {
    status: 400,
    code: 100,
    subcode: 33,
    type: 'GraphMethodException',
    retryable: false,
    message: 'Unsupported get request. No phone number with this id exists here',
  },
  unauthorized: {
    status: 401,
    code: 190,
    subcode: null,
    type: 'OAuthException',
    retryable: false,
    message: 'Missing or wrong API key',
  },
  call_not_found: {
    status: 404,
    code: 100,
    subcode: 33,
    type: 'GraphMethodException',
    retryable: false,
    message: 'Call not found',
  },
  no_such_route: {
    status: 404,
    code: 100,
    subcode: null,
    type: 'GraphMethodException',
    retryable: false,
    message: 'No such path or method',
  },
  body_too_large: {
    status: 413,
    code: 100,
    subcode: null,
    type: 'OAuthException',
    retryable: false,
    message: 'The body is too large',
  },
  bad_request: {
    status: 400,
    code: 100,
    subcode: null,
    type: 'OAuthException',
    retryable: false,
    message: 'The request could not be read',
  },
  internal: {
    status: 500,
    code: 131000,
    subcode: null,
    type: 'OAuthException',
    retryable: true,
    message: 'Something went wrong here; it was logged',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ApiErrorName = keyof typeof API_ERRORS;

/** Thrown by a route; answered as its entry in the table says. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly error: ApiErrorName;
  /** Names the field and the rule. Goes to the client. */
  readonly details: string;

  constructor(error: ApiErrorName, details: string = API_ERRORS[error].message) {
    super(details);
    this.error = error;
    this.details = details;
  }
}
