import { z } from 'zod';

const name = z.string().min(1).max(128);

/**
 * Every control message an agent may send, by `type`. Fields that are not named here are ignored, so that agents can be
 * newer than the bridge.
 */
export const agentMessages = {
  ready: z.object({
    type: z.literal('ready'),
  }),
  item: z.object({
    type: z.literal('item'),
    id: name.describe('Name of the item that the sound after this message belongs to.'),
  }),
  mark: z.object({
    type: z.literal('mark'),
    name: name.describe('Comes back in `marked` when the sound before this message was played.'),
  }),
  clear: z.object({
    type: z.literal('clear'),
  }),
  dtmf: z.object({
    type: z.literal('dtmf'),
    digits: z
      .string()
      .regex(/^[0-9A-D*#]{1,64}$/, 'must be 1 to 64 of 0-9 A-D * #')
      .describe('Keys to press towards the person, one after another.'),
  }),
  message: z.object({
    type: z.literal('message'),
    data: z.unknown().describe('Anything. Goes to the timeline of the call and to its events, not to the person.'),
  }),
  transcript: z.object({
    type: z.literal('transcript'),
    party: z.enum(['user', 'agent']).describe('Who spoke.'),
    text: z.string().max(10_000),
    final: z.boolean().default(true).describe('False while the text may still change.'),
  }),
  hangup: z.object({
    type: z.literal('hangup'),
    drain: z.boolean().default(true).describe('True: what is queued is played first.'),
    reason: z.string().max(200).nullable().default(null).describe('For the log of the call.'),
  }),
  error: z.object({
    type: z.literal('error'),
    code: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must be 1 to 64 letters, digits or _ . -')
      .default('unspecified')
      .describe('A short word for machines.'),
    message: z.string().max(1000).describe('A sentence for people.'),
    fatal: z.boolean().default(false).describe('True: the agent cannot go on with this call.'),
  }),
  ping: z.object({
    type: z.literal('ping'),
    id: z.string().max(128).nullable().default(null).describe('Comes back in `pong`.'),
  }),
  pong: z.object({
    type: z.literal('pong'),
    id: z.string().max(128).nullable().default(null).describe('The `id` of the `ping` that is answered.'),
  }),
} as const;

/** Vonage's two commands (agent-protocols.md §2.3), which have `action` in place of `type`. */
export const vonageMessages = {
  clear: z.object({ action: z.literal('clear') }),
  notify: z.object({
    action: z.literal('notify'),
    payload: z.unknown().describe('Comes back when the sound before this message was played.'),
  }),
} as const;

export type AgentMessageType = keyof typeof agentMessages;

/** A control message as the agent wrote it down, defaults filled in. */
export type AgentMessage =
  | { [T in AgentMessageType]: z.output<(typeof agentMessages)[T]> }[AgentMessageType]
  | { readonly type: 'notify'; readonly payload: unknown };
