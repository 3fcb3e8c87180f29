import { z } from 'zod';
import { type JsonObject, parseObject } from '../../json.ts';

/** What the service sends, as far as we act on it. */
export type AgentEvent =
  | { readonly kind: 'metadata'; readonly agentFormat: string; readonly callerFormat: string }
  | { readonly kind: 'audio'; readonly eventId: number; readonly base64: string }
  | { readonly kind: 'interruption'; readonly eventId: number }
  | { readonly kind: 'ping'; readonly eventId: number }
  | { readonly kind: 'user said'; readonly text: string; readonly final: boolean }
  | { readonly kind: 'agent said'; readonly eventId: number; readonly text: string }
  | { readonly kind: 'agent was cut'; readonly eventId: number; readonly text: string }
  | { readonly kind: 'tool call'; readonly id: string; readonly name: string; readonly args: JsonObject }
  /** The service's own tool `end_call` was run. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'error'; readonly type: string; readonly message: string }
  /** Of a type that we have no use for. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'refused' };

const eventId = z.number();
const text = z.string().max(32_768);
const DEFAULT_CALLER_FORMAT = 'pcm_16000';

const schemas = {
  conversation_initiation_metadata: z
    .object({
      conversation_initiation_metadata_event: z.object({
        agent_output_audio_format: z.string(),
        user_input_audio_format: z.string().default(DEFAULT_CALLER_FORMAT),
      }),
    })
    .transform(
      ({ conversation_initiation_metadata_event: event }): AgentEvent => ({
        kind: 'metadata',
        agentFormat: event.agent_output_audio_format,
        callerFormat: event.user_input_audio_format,
      }),
    ),
  audio: z
    .object({ audio_event: z.object({ audio_base_64: z.string(), event_id: eventId }) })
    .transform(
      ({ audio_event: event }): AgentEvent => ({ kind: 'audio', eventId: event.event_id, base64: event.audio_base_64 }),
    ),
  interruption: z
    .object({ interruption_event: z.object({ event_id: eventId }) })
    .transform((value): AgentEvent => ({ kind: 'interruption', eventId: value.interruption_event.event_id })),
  ping: z
    .object({ ping_event: z.object({ event_id: eventId }) })
    .transform((value): AgentEvent => ({ kind: 'ping', eventId: value.ping_event.event_id })),
  user_transcript: z.object({ user_transcription_event: z.object({ user_transcript: text }) }).transform(
    (value): AgentEvent => ({
      kind: 'user said',
      text: value.user_transcription_event.user_transcript,
      final: true,
    }),
  ),
  tentative_user_transcript: z
    .object({ tentative_user_transcription_event: z.object({ user_transcript: text }) })
    .transform(
      (value): AgentEvent => ({
        kind: 'user said',
        text: value.tentative_user_transcription_event.user_transcript,
        final: false,
      }),
    ),
  agent_response: z.object({ agent_response_event: z.object({ agent_response: text, event_id: eventId }) }).transform(
    ({ agent_response_event: event }): AgentEvent => ({
      kind: 'agent said',
      eventId: event.event_id,
      text: event.agent_response,
    }),
  ),
  agent_response_correction: z
    .object({ agent_response_correction_event: z.object({ corrected_agent_response: text, event_id: eventId }) })
    .transform(
      ({ agent_response_correction_event: event }): AgentEvent => ({
        kind: 'agent was cut',
        eventId: event.event_id,
        text: event.corrected_agent_response,
      }),
    ),
  client_tool_call: z
    .object({
      client_tool_call: z.object({
        tool_name: z.string().max(256),
        tool_call_id: z.string().max(256),
        parameters: z.record(z.string(), z.unknown()).nullish(),
      }),
    })
    .transform(
      ({ client_tool_call: call }): AgentEvent => ({
        kind: 'tool call',
        id: call.tool_call_id,
        name: call.tool_name,
        args: call.parameters ?? {},
      }),
    ),
  agent_tool_response: z
    .object({ agent_tool_response: z.object({ tool_name: z.string(), is_error: z.boolean().default(false) }) })
    .transform(({ agent_tool_response: response }) => toolResponse(response.tool_name, response.is_error)),
  agent_tool_response_full_payload: z
    .object({
      agent_tool_response_full_payload: z.object({ tool_name: z.string(), is_error: z.boolean().default(false) }),
    })
    .transform(({ agent_tool_response_full_payload: response }) => toolResponse(response.tool_name, response.is_error)),
  error: z
    .object({
      error_event: z.object({
        error_type: z.string().default('unknown'),
        message: z.string().optional(),
        reason: z.string().optional(),
      }),
    })
    .transform(
      ({ error_event: event }): AgentEvent => ({
        kind: 'error',
        type: event.error_type.replace(/\W/g, '?').slice(0, 64),
        message: (event.message ?? event.reason ?? '').slice(0, 1_024),
      }),
    ),
} as const satisfies Record<string, z.ZodType<AgentEvent>>;

/** Reads one message of the service. Takes anything, never throws. */
export function parseEvent(bytes: Buffer): AgentEvent {
  const event = parseObject(bytes);
  const type = event?.['type'];
  if (typeof type !== 'string') return { kind: 'refused' };
  if (!isKnown(type)) return { kind: 'ignored' };
  return schemas[type].safeParse(event).data ?? { kind: 'refused' };
}

function isKnown(type: string): type is keyof typeof schemas {
  return Object.hasOwn(schemas, type);
}

function toolResponse(name: string, failed: boolean): AgentEvent {
  return { kind: name === 'end_call' && !failed ? 'ended' : 'ignored' };
}
