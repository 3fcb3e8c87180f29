/**
 * A WhatsApp on your desk: a Graph stand-in that enforces what Meta enforces, signed webhooks, phones with real WebRTC
 * behind a network with real manners, and faults on demand. `startSimulatedWhatsApp` makes one; `call` has a user ring the
 * bridge, `answerCalls` says how users take its calls, the judge keeps the books on who may call whom; a call's report says
 * what the phone heard. It knows the bridge only by its webhook URL and by what it does.
 */
export { type BrowserPhone, type BrowserPhoneOptions, startBrowserPhone } from './browser-phone.ts';
export type { Milestone, TimelineEntry } from './call-diary.ts';
export type { CallEndedBy } from './call-frame.ts';
export { type CallEvent, type Fault, type FaultInput, parseFaults } from './faults.ts';
export type { GraphRequestRecord } from './graph-record.ts';
export type {
  Handset,
  HandsetFactory,
  HandsetListener,
  RungHandset,
  RungHandsetFactory,
  RungHandsetListener,
} from './handset.ts';
export type { CallManners, RequestManners } from './manners.ts';
export {
  NETWORK_PROFILE_NAMES,
  NETWORK_PROFILES,
  type NetworkProfile,
  type NetworkProfileName,
} from './network/profiles.ts';
export { JUDGE_LIMITS, type JudgeLimits, type LimitsInput } from './permissions/judge-limits.ts';
export type { NumberSettings } from './permissions/number-book.ts';
export type { Permission } from './permissions/pair-book.ts';
export { type JudgeOptions, PermissionJudge } from './permissions/permission-judge.ts';
export type { AfterCall, PermissionReply, RequestAnswer } from './permissions/permission-reply.ts';
export type { PermissionReport } from './permissions/permission-report.ts';
export type { BusinessNumber } from './permissions/permission-webhooks.ts';
export { type Pair, type Refusal, type RefusalCode, refusalDetails } from './permissions/refusal.ts';
export { type Echo, measureEcho } from './phone/echo.ts';
export type { PhoneReport } from './phone/report.ts';
export { runSimulateCall, type SimulateCallArgs } from './simulate.ts';
export type { CallReport, SimulatedCall } from './simulated-call.ts';
export type { UserName } from './user-directory.ts';
export type { SimulatedUser } from './webhooks.ts';
export { type SimulatedWhatsApp, startSimulatedWhatsApp } from './whatsapp.ts';
export type { CallOptions, SimulatedWhatsAppOptions } from './whatsapp-options.ts';
