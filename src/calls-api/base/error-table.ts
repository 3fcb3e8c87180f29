export interface ErrorEntry {
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
  invalid_parameter: refused(400, 100, 'Invalid parameter'),
  unknown_number: {
    status: 400,
    code: 100,
    subcode: 33,
    type: 'GraphMethodException',
    retryable: false,
    message: 'Unsupported get request. No phone number with this id exists here',
  },
  unauthorized: refused(401, 190, 'Missing or wrong API key'),
  forbidden: refused(403, 10, 'The API key does not open this'),
  // 80007 is one that Kapso's SDK takes for throttling (kapso-api.md §5).
  rate_limited: retryable(429, 80007, 'Too many requests with this key'),
  project_not_found: notFound('Project not found'),
  api_key_not_found: notFound('API key not found'),
  project_in_use: refused(409, 100, 'The project has numbers, voice agents, or calls that are not over'),
  call_not_found: notFound('Call not found'),
  number_not_found: notFound('Phone number not found'),
  voice_agent_not_found: notFound('Voice agent not found'),
  assignment_not_found: notFound('Assignment not found'),
  contact_not_found: notFound('Contact not found'),
  conversation_not_found: notFound('Conversation not found'),
  conversation_active: refused(409, 100, 'The user has another conversation that is active'),
  message_not_found: notFound('Message not found'),
  webhook_not_found: notFound('Webhook not found'),
  delivery_not_found: notFound('Delivery not found'),
  number_taken: refused(409, 100, 'The number is connected to this service already'),
  number_in_use: retryable(409, 100, 'Calls of the number are live'),
  primary_taken: refused(409, 100, 'Primary assignment already exists for this number'),
  invalid_fields: refused(422, 100, 'Fields of the body are wrong or missing'),
  no_permission: refused(401, 138006, 'The user has not allowed calls of this number'),
  request_limit: retryable(400, 138009, 'The limit of requests for permission is reached'),
  permission_exists: refused(400, 138017, 'The user has allowed calls for good; there is nothing to ask for'),
  connected_call_limit: retryable(400, 138012, 'The limit of calls with this user is reached'),
  call_ongoing: retryable(400, 138003, 'A call with this user is going on'),
  too_many_calls: retryable(429, 138002, 'The number has as many calls at once as Meta allows'),
  dial_rate: retryable(429, 138005, 'The number has begun as many calls in 24 hours as Meta allows'),
  calling_disabled: refused(401, 138000, 'Calling is switched off in the WhatsApp settings of this number'),
  dialling_unavailable: refused(400, 138013, 'Calls of the business are not available to this number'),
  dialling_paused: retryable(400, 138014, 'Calls of the business are paused for this number'),
  window_closed: refused(
    400,
    131047,
    'The user has not written or called for 24 hours, and there is no template to ask with',
  ),
  messaging_tier: retryable(400, 131048, 'As many users got a template in 24 hours as the messaging tier allows'),
  no_agent: refused(400, 100, 'Nobody is there to speak: no voice agent is assigned to the number'),
  connect_refused: refused(400, 100, 'Graph refused to place the call'),
  call_elsewhere: refused(409, 100, 'A client or a runtime has the media of this call, and ends it through Graph'),
  no_conversation: refused(409, 100, 'No agent has this call now'),
  too_many_prompts: retryable(409, 100, 'As many prompts play or wait on this call as it takes'),
  no_messages: refused(409, 100, 'The protocol of this agent has no word for a message'),
  transfer_under_way: retryable(409, 100, 'Another agent is about to take this call over'),
  agent_has_call: refused(409, 100, 'This agent has the call already'),
  transfer_failed: refused(409, 100, 'The agent could not take the call over; the one before has it still'),
  bridge_has_call: refused(400, 100, 'This service answers the call itself'),
  not_now: retryable(503, 131016, 'No call can be placed at this moment'),
  graph_unanswered: refused(
    504,
    131000,
    'Graph gave no answer: what was asked may have happened, and is not asked again',
  ),
  media_link_over: notFound('This link to a file is not valid, or its time is over: ask for the media again'),
  graph_unreachable: retryable(502, 131016, 'Graph could not be reached: nothing was sent'),
  idempotency_key_reused: refused(409, 100, 'This Idempotency-Key was used with another request'),
  idempotency_key_busy: retryable(409, 100, 'The first request with this Idempotency-Key is still being worked on'),
  no_such_route: {
    status: 404,
    code: 100,
    subcode: null,
    type: 'GraphMethodException',
    retryable: false,
    message: 'No such path or method',
  },
  body_too_large: refused(413, 100, 'The body is too large'),
  too_deep: refused(400, 100, 'The body is nested deeper than 60 levels'),
  bad_request: refused(400, 100, 'The request could not be read'),
  internal: retryable(500, 131000, 'Something went wrong here; it was logged'),
} as const satisfies Record<string, ErrorEntry>;

export type ApiErrorName = keyof typeof API_ERRORS;

function refused(status: number, code: number, message: string): ErrorEntry {
  return { status, code, subcode: null, type: 'OAuthException', retryable: false, message };
}

/** The same request may do later. */
function retryable(status: number, code: number, message: string): ErrorEntry {
  return { ...refused(status, code, message), retryable: true };
}

/** As Graph answers an id that it does not know, with the status that a client expects of it. */
function notFound(message: string): ErrorEntry {
  return { status: 404, code: 100, subcode: 33, type: 'GraphMethodException', retryable: false, message };
}
