import type { AgentTarget } from '../call/index.ts';
import type { BridgedAgent, CreateAgentWire, WireRates } from './agent.ts';
import { ElevenLabsWire } from './wires/elevenlabs/elevenlabs-wire.ts';
import { OpenAiRealtimeWire } from './wires/openai-realtime/openai-realtime-wire.ts';
import { PipecatWire } from './wires/pipecat/pipecat-wire.ts';
import { RawWire } from './wires/raw/raw-wire.ts';
import { TwilioWire } from './wires/twilio/twilio-wire.ts';

/** Builds the wire that a target asks for. Nothing is dialled before `connect`. */
export const createAgentWire: CreateAgentWire = (target, context, listener, services) => {
  switch (target.wire) {
    case 'raw':
      return new RawWire(target, context, listener, services);
    case 'twilio':
      return new TwilioWire(target, context, listener, services);
    case 'pipecat':
      return new PipecatWire(target, context, listener, services);
    case 'openai-realtime':
      return new OpenAiRealtimeWire(target, context, listener, services);
    case 'elevenlabs':
      return new ElevenLabsWire(target, context, listener, services);
    default:
      return target satisfies never;
  }
};

/** Whether an agent's wire has a word for a message of an application (docs/protocol.md, docs/agents.md). */
export function takesMessages({ wire }: AgentTarget): boolean {
  return wire !== 'twilio' && wire !== 'runtime';
}

/**
 * The rates that a target's wire takes and gives. Fixed before it is dialled, so that Opus works at them; a wire whose agent
 * announces others converts.
 */
export function ratesOf(target: BridgedAgent): WireRates {
  switch (target.wire) {
    case 'raw':
      return { callerRate: target.sampleRate, agentRate: target.sampleRate };
    case 'twilio':
      return { callerRate: 8_000, agentRate: 8_000 };
    case 'pipecat':
      return { callerRate: target.callerRate, agentRate: target.agentRate };
    case 'openai-realtime':
      return { callerRate: 24_000, agentRate: 24_000 };
    case 'elevenlabs':
      return { callerRate: 16_000, agentRate: 16_000 };
    default:
      return target satisfies never;
  }
}
