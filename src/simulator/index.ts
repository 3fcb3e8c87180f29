/**
 * A WhatsApp on your desk: a Graph stand-in that enforces what Meta enforces, signed webhooks, phones with real WebRTC
 * behind a network with real manners, and faults on demand. `startSimulatedWhatsApp` makes one; `call` has a user ring the
 * bridge; the call's report says what the phone heard. It knows the bridge only by its webhook URL and by what it does.
 */
export { type BrowserPhone, type BrowserPhoneOptions, startBrowserPhone } from './browser-phone.ts';
export type { CallEndedBy } from './call.ts';
export type { Milestone, TimelineEntry } from './call-diary.ts';
export { type Fault, type FaultInput, parseFaults } from './faults.ts';
export type { GraphRequestRecord } from './graph-server.ts';
export type { Handset, HandsetFactory, HandsetListener } from './handset.ts';
export {
  NETWORK_PROFILE_NAMES,
  NETWORK_PROFILES,
  type NetworkProfile,
  type NetworkProfileName,
} from './network/profiles.ts';
export { type Echo, measureEcho } from './phone/echo.ts';
export type { PhoneReport } from './phone/report.ts';
export { runSimulateCall, type SimulateCallArgs } from './simulate.ts';
export type { CallReport, SimulatedCall } from './simulated-call.ts';
export type { SimulatedUser } from './webhooks.ts';
export { type SimulatedWhatsApp, startSimulatedWhatsApp } from './whatsapp.ts';
export type { CallOptions, SimulatedWhatsAppOptions } from './whatsapp-options.ts';
