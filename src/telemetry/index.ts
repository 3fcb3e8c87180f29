/**
 * What the service tells its operator: a logger whose lines hold no SDP, phone number, address or token, because every
 * finished line goes through one guard.
 */
export { logLastWords } from './last-words.ts';
export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { createMetrics, type MetricDescription, type Metrics, type MetricsSources } from './metrics/metrics.ts';
export { type CallObserver, observeCalls } from './observe-calls.ts';
export { observeSignaling, type SignalingReports } from './observe-signaling.ts';
export { redact } from './redact.ts';
