/**
 * The runtime is the shell around the call machine: it performs effects through ports, feeds results back, keeps the
 * registry of live calls, admits, recovers after a crash, and drains.
 */
export type { CallControl } from './call-control.ts';
export { CallRuntime, type LiveCall, type RuntimeOptions } from './call-runtime.ts';
export { DebtCollector } from './debt-collector.ts';
export type { IncomingCallEvent } from './incoming.ts';
export { NameWaiter, type Naming } from './name-waiter.ts';
export type * from './ports.ts';
export { type Expiring, Retention } from './retention.ts';
export { systemClock } from './system-clock.ts';
