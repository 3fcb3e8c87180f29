/**
 * The HTTP side: the webhook route, the call log in the shape of Meta's and Kapso's routes, our own platform routes and
 * health. Routes check what comes in and shape what goes out; the work is behind the ports.
 */
export { agentCallUrl } from './agent-door-routes.ts';
export { API_ERRORS, type ApiErrorName } from './error-table.ts';
export { ApiError } from './errors.ts';
export type {
  AgentHealth,
  CallDetail,
  CallListQuery,
  CallPage,
  CallQueries,
  CallRecord,
  HealthCheck,
  KnownNumbers,
  NumberRulesBook,
  TimelineLine,
  WebhookReceiver,
} from './ports.ts';
export { type ApiLogger, type ApiServerOptions, createApiServer } from './server.ts';
export type { TwilioCalls } from './twilio-routes.ts';
