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
  number_not_found: {
    status: 404,
    code: 100,
    subcode: 33,
    type: 'GraphMethodException',
    retryable: false,
    message: 'Phone number not found',
  },
  voice_agent_not_found: {
    status: 404,
    code: 100,
    subcode: 33,
    type: 'GraphMethodException',
    retryable: false,
    message: 'Voice agent not found',
  },
  assignment_not_found: {
    status: 404,
    code: 100,
    subcode: 33,
    type: 'GraphMethodException',
    retryable: false,
    message: 'Assignment not found',
  },
  primary_taken: {
    status: 409,
    code: 100,
    subcode: null,
    type: 'OAuthException',
    retryable: false,
    message: 'Primary assignment already exists for this number',
  },
  invalid_fields: {
    status: 422,
    code: 100,
    subcode: null,
    type: 'OAuthException',
    retryable: false,
    message: 'Fields of the body are wrong or missing',
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

type FieldRules = Readonly<Record<string, readonly string[]>>;

/** Thrown by a route; answered as its entry in the table says. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly error: ApiErrorName;
  /** Names the field and the rule. Goes to the client. */
  readonly details: string;
  /** Of a body, each wrong field with the rules it breaks; null where no field is at fault. */
  readonly fields: FieldRules | null;

  constructor(error: ApiErrorName, details: string = API_ERRORS[error].message, fields: FieldRules | null = null) {
    super(details);
    this.error = error;
    this.details = details;
    this.fields = fields;
  }
}
