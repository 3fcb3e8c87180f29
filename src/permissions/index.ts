/**
 * Who may be called: what users allow, what Meta limits, what was used of it, and the decision to dial, ask, wait or
 * refuse. `decide` is pure; the desks reserve in the book before anything is sent, so that no limit is passed twice.
 */

export { decide } from './decide.ts';
export { type ClientBody, ClientDesk, type ClientDeskOptions, type ClientOutcome } from './dialling/client-desk.ts';
export { DialDesk, type DialDeskOptions } from './dialling/dial-desk.ts';
export type { DialOutcome, DialRequest, Refused } from './dialling/dial-request.ts';
export { recipientOf } from './dialling/request-message.ts';
export * from './ports.ts';
export { hasTimeZone } from './time-zone.ts';
