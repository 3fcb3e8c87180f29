/**
 * Agents: the voice applications that a call is sent to. Each protocol they speak is a wire behind one interface; a wire
 * only translates, and the media session that owns it keeps the time, the queue and the call.
 */
export type { AgentListener, AgentWire, CallContext, CreateAgentWire, PlayedItem, Transcript } from './agent.ts';
export { createAgentWire } from './create-wire.ts';
