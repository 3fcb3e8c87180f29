/** Agents whose script is the test, one for each wire, and a bridge that has one of them. */
export { type ElevenLabsFormat, startElevenLabsAgent } from './elevenlabs.ts';
export { type Line, type Outcome, type PlaceOptions, WireHouse } from './house.ts';
export { startRealtimeAgent } from './openai-realtime.ts';
export { startPipecatAgent } from './pipecat.ts';
export { startInboundRawAgent, startRawAgent } from './raw.ts';
export type { ScriptedAgent } from './scripted-agent.ts';
export { type ScriptedCall, unixNow } from './scripted-call.ts';
export { startTwilioAgent } from './twilio.ts';
export { type Piece, trace, voice } from './voice.ts';
