/**
 * The HTTP side: the webhook route, the call log in the shape of Meta's and Kapso's routes, our own platform routes and
 * health. Routes check what comes in and shape what goes out; the work is behind the ports.
 */

export { anyOf, environmentKeys } from './base/api-key.ts';
export { API_ERRORS, type ApiErrorName } from './base/error-table.ts';
export { ApiError } from './base/errors.ts';
export { agentCallUrl } from './doors/agent-door-routes.ts';
export type { TwilioCalls } from './doors/twilio-routes.ts';
export type {
  AgentHealth,
  ApiKey,
  ApiKeyBook,
  CallControls,
  CallDetail,
  CallListQuery,
  CallPage,
  CallQueries,
  CallRecord,
  HealthCheck,
  KnownNumbers,
  NumberRulesBook,
  Project,
  ProjectBook,
  Scope,
  TimelineLine,
  WebhookReceiver,
} from './ports.ts';
export { type ApiLogger, type ApiServerOptions, createApiServer } from './server.ts';
