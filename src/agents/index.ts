/**
 * Agents: the voice applications that a call is sent to. Each protocol they speak is a wire behind one interface; a wire
 * only translates, and the media session that owns it keeps the time, the queue and the call. Around the wires: the line,
 * which keeps one agent on one call; the door, by which agents come in that dial us; routing, which says who may answer;
 * health, which says who can; and providers, which are agents as people describe them.
 */

/* On a call: a wire, and the line that keeps it. */

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
export { createAgentWire, ratesOf, takesMessages } from './create-wire.ts';
export { AgentLine, type AgentLineOptions } from './line/agent-line.ts';
export { SoundFileError } from './net/sound-file-error.ts';

/* Agents that dial us. */

export { AgentLines, type LineAgent } from './door/agent-lines.ts';
export type { DoorCommand, DoorReport } from './door/messages.ts';
export { ThreadDoor } from './door/thread-door.ts';

/* Who may answer, and who can. */

export { AgentDesk } from './health/agent-desk.ts';
export { HealthWatch, type HealthWatchOptions } from './health/health-watch.ts';
export { AssignedRouting } from './routing/assigned-routing.ts';
export { CallPlanner, type DialPlan, type PlannedDial, type PlannedTransfer } from './routing/call-planner.ts';

/* Runtimes that do their own media. */

export { type LaunchProject, launchProject } from './launch/launch-project.ts';
export { createLauncher, type Launcher, type LauncherOptions } from './launch/launch-runtime.ts';

/* Agents as people describe them, and what their descriptions are read with. */

export { isObject } from './json.ts';
export {
  accountSidOf,
  changedVoiceAgent,
  changedVoiceAgentBody,
  type EnvironmentAgent,
  FieldFaults,
  field,
  flag,
  InvalidFields,
  key,
  kindNamed,
  matching,
  newVoiceAgent,
  newVoiceAgentBody,
  number,
  prose,
  putEnvironmentAgent,
  targetOf,
  text,
  textDictionary,
  wholeNumber,
  withoutSecrets,
} from './providers/index.ts';

/* What Twilio's REST API knows of its wire. */

export { partiesOf } from './wires/twilio/call-parameters.ts';
export { callSidOf, keyOfCallSid } from './wires/twilio/sids.ts';
export { twimlFault } from './wires/twilio/twiml.ts';
