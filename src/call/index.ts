/**
 * The call machine: a pure function over everything that can happen to a call. It performs nothing and reads no clock;
 * it answers each input with a new call, the effects to perform, and the time it wants to be woken at.
 */
export type {
  AgentChoice,
  AgentFailure,
  AgentInstruction,
  AgentTarget,
  ElevenLabsAgent,
  OnAgentLost,
  OpenAiRealtimeAgent,
  PipecatAgent,
  RawAgent,
  RealtimeProfile,
  RuntimeAgent,
  SampleRate,
  TokenPlace,
  ToolDefinition,
  ToolWebhook,
  TwilioAgent,
} from './agent-target.ts';
export { MAX_ANNOUNCEMENTS } from './announcing.ts';
export type {
  CallPatch,
  CallStatus,
  Effect,
  LogEffect,
  MediaEffect,
  TimelineEvent,
  TransferOutcome,
} from './effects.ts';
export type { EndedBy, Ending, EndingClass, EndReason } from './ending.ts';
export {
  type CallIdentity,
  callbackDataOf,
  type Direction,
  isBsuid,
  isNamed,
  keyInCallbackData,
  type User,
} from './identity.ts';
export type {
  AgentInput,
  ApiInput,
  DialInput,
  GraphAction,
  GraphFailure,
  GraphResult,
  Input,
  MediaFailure,
  MediaInput,
  MetaError,
  MetaInput,
  Refusal,
} from './inputs.ts';
export type { CallPlan, PlannedCall } from './plan.ts';
export { type AgentUnavailable, type CallPolicy, DEFAULT_POLICY } from './policy.ts';
export { DEFAULT_PROJECT_ID } from './project.ts';
export type { CallQuality } from './quality.ts';
export { type Conversation, isLaunched, lacksOnlyName, type Standing, standingOf } from './standing.ts';
export type { Call, CallState } from './state.ts';
export { beginCall, isOver, type Step, step } from './step.ts';
export { terminateAfterEnd } from './terminate.ts';
