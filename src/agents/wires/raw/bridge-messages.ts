import { z } from 'zod';
import { PROTOCOL_VERSION } from './limits.ts';

const party = z.object({
  phone: z.string().nullable().describe('Phone number; null for people who hide theirs behind a username.'),
  user_id: z.string().nullable().describe('Business-scoped user id; null for the business.'),
  name: z.string().nullable().describe('Profile name; null if unknown.'),
});

const milliseconds = z.number().min(0);

/**
 * Every control message the bridge may send, by `type`. `start`, `dtmf`, `cleared` and `notified` also carry what Vonage's
 * websocket names `event` (agent-protocols.md §2.3), so agents written for it understand them.
 */
export const bridgeMessages = {
  start: z.object({
    type: z.literal('start'),
    version: z.literal(PROTOCOL_VERSION),
    event: z.literal('websocket:connected'),
    'content-type': z.string().describe('audio/l16;rate=<sample_rate>'),
    call: z.object({
      id: z.string().describe('The id of the call in this bridge.'),
      call_id: z.string().describe('The id that WhatsApp gave the call.'),
      direction: z.enum(['inbound', 'outbound']),
      from: party.describe('Who calls.'),
      to: party.describe('Who is called.'),
      phone_number_id: z.string().describe('WhatsApp id of the business number.'),
      display_phone_number: z.string().nullable().describe('The business number as people write it.'),
      started_at: z.iso.datetime().describe('When the call began, UTC.'),
      cta_payload: z.string().nullable().describe('Payload of the call button the person came from.'),
      deeplink_payload: z.string().nullable().describe('Payload of the deep link the person came from.'),
      recording: z.boolean().describe('True: the call is being recorded.'),
    }),
    audio: z.object({
      encoding: z.literal('s16le'),
      sample_rate: z.union([z.literal(8000), z.literal(16000), z.literal(24000), z.literal(48000)]).describe('Hz'),
      channels: z.literal(1),
      frame_ms: z.literal(20),
    }),
    parameters: z.record(z.string(), z.string()).describe('What the operator configured for this agent.'),
    reconnect: z.int().min(0).describe('0 on the first connection of this agent in a call, then 1, 2, …'),
    previous_agent: z
      .object({
        name: z.string().describe('Its name, as the operator wrote it.'),
        failure: z.string().describe('Why it has it no more: a failure such as `socket_lost`, or `transferred`.'),
      })
      .nullable()
      .describe('The agent that had the call before this one; null for the first.'),
    transcript: z
      .array(z.object({ party: z.enum(['user', 'agent']).describe('Who spoke.'), text: z.string() }))
      .describe('What was said so far, oldest first, as far as agents told.'),
  }),
  answered: z.object({
    type: z.literal('answered'),
  }),
  marked: z.object({
    type: z.literal('marked'),
    name: z.string().describe('The name given in `mark`.'),
    cleared: z.boolean().describe('False: the sound was played. True: it was thrown away.'),
  }),
  notified: z.object({
    type: z.literal('notified'),
    event: z.literal('websocket:notify'),
    payload: z.unknown().describe('The payload given in `notify`.'),
  }),
  cleared: z.object({
    type: z.literal('cleared'),
    event: z.literal('websocket:cleared'),
    items: z
      .array(
        z.object({
          id: z.string().describe('The id given in `item`.'),
          played_ms: milliseconds.describe('How much of it the person was really sent.'),
        }),
      )
      .describe('The items that were cut, oldest first.'),
    discarded_ms: milliseconds.describe('Sound that was thrown away.'),
  }),
  dtmf: z.object({
    type: z.literal('dtmf'),
    event: z.literal('websocket:dtmf'),
    digit: z.string().regex(/^[0-9A-D*#]$/),
    duration_ms: milliseconds.describe('How long the key was held.'),
    duration: milliseconds.describe('The same, under the name that Vonage uses.'),
  }),
  message: z.object({
    type: z.literal('message'),
    data: z.unknown().describe('Anything. What an application sent to the call through the API.'),
  }),
  gap: z.object({
    type: z.literal('gap'),
    dropped_ms: milliseconds.describe('Caller sound that is missing before the next audio message.'),
  }),
  ping: z.object({
    type: z.literal('ping'),
    id: z.string().nullable().describe('To be repeated in `pong`.'),
  }),
  pong: z.object({
    type: z.literal('pong'),
    id: z.string().nullable().describe('The `id` of the `ping` that is answered.'),
  }),
  error: z.object({
    type: z.literal('error'),
    code: z.enum([
      'invalid_json',
      'invalid_message',
      'message_too_long',
      'odd_audio_length',
      'too_many_notifies',
      'too_many_errors',
    ]),
    message: z.string().describe('The rule that was broken, for people.'),
    field: z
      .string()
      .nullable()
      .describe('The field that broke it, such as `digits`; null if it is the whole message.'),
  }),
  end: z.object({
    type: z.literal('end'),
    reason: z.string().describe('Why the call is over, such as `user_hangup`.'),
    caller_audio_dropped_ms: milliseconds.describe('Caller sound that did not reach the agent on this connection.'),
    messages_ignored: z.int().min(0).describe('Messages of an unknown type.'),
    messages_refused: z.int().min(0).describe('Messages that were answered with `error`.'),
  }),
} as const;

export type BridgeMessageType = keyof typeof bridgeMessages;

/** A control message as it goes to the agent. */
export type BridgeMessage = { [T in BridgeMessageType]: z.input<(typeof bridgeMessages)[T]> }[BridgeMessageType];

export type BridgeErrorCode = z.input<(typeof bridgeMessages)['error']>['code'];
