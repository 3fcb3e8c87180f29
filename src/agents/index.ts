/**
 * Agents: the voice applications that a call is sent to. Each protocol they speak is a wire behind one interface; a wire
 * only translates, and the media session that owns it keeps the time, the queue and the call. Around the wires: the line,
 * which keeps one agent on one call; routing, which says who may answer; and health, which says who can.
 */
export type {
  AgentDoor,
  AgentListener,
  AgentLoss,
  AgentWire,
  BridgedAgent,
  CallContext,
  CreateAgentWire,
  Invitation,
  PlayedItem,
  Transcript,
  TranscriptLine,
  WireListener,
  WireRates,
  WireServices,
} from './agent.ts';
export { createAgentWire, ratesOf } from './create-wire.ts';
export { AgentLines, type LineAgent } from './door/agent-lines.ts';
export type { DoorCommand, DoorReport } from './door/messages.ts';
export { ThreadDoor } from './door/thread-door.ts';
export { AgentDesk, type AgentStanding } from './health/agent-desk.ts';
export { HealthWatch, type HealthWatchOptions } from './health/health-watch.ts';
export { createLauncher, type Launcher, type LauncherOptions } from './launch/launch-runtime.ts';
export { AgentLine, type AgentLineOptions } from './line/agent-line.ts';
export { SoundFileError } from './net/sound-file-error.ts';
export {
  AssignedRouting,
  accountSidOf,
  changedVoiceAgent,
  type EnvironmentAgent,
  FieldFaults,
  field,
  flag,
  InvalidFields,
  isObject,
  kindNamed,
  matching,
  newVoiceAgent,
  number,
  putEnvironmentAgent,
  targetOf,
  wholeNumber,
  withoutSecrets,
} from './providers/index.ts';
export { CallPlanner } from './routing/call-planner.ts';
export { partiesOf } from './wires/twilio/call-facts.ts';
export { callSidOf, keyOfCallSid } from './wires/twilio/sids.ts';
export { twimlFault } from './wires/twilio/twiml.ts';
