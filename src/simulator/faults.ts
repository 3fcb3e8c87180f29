import { z } from 'zod';

/** The actions on a call that the Graph stand-in performs. */
export type CallAction = 'pre_accept' | 'accept' | 'reject' | 'terminate';

/** Everything that Graph can be asked; `message` is any `POST messages`, permission requests among them. */
export type GraphAction = CallAction | 'connect' | 'message' | 'call_permissions';

/** The webhooks of a call. The three in the middle are statuses, of calls that the business starts. */
export type CallEvent = 'connect' | 'ringing' | 'accepted' | 'rejected' | 'terminate';

export type WebhookEvent = CallEvent | 'permission_reply';

const action = z.enum(['pre_accept', 'accept', 'reject', 'terminate', 'connect', 'message', 'call_permissions']);
const callEvent = z.enum(['connect', 'ringing', 'accepted', 'rejected', 'terminate']);
const event = z.enum([...callEvent.options, 'permission_reply']);
const ms = z.number().int().min(0).max(600_000);
/** Which request of this action on a call is meant, counted from 1. Left out: every one. */
const nth = z.number().int().min(1).optional();

const faultSchema = z.discriminatedUnion('type', [
  /** The webhook is sent `copies` more times, `gapMs` apart. */
  z.strictObject({
    type: z.literal('webhook.duplicate'),
    event,
    copies: z.number().int().min(1).max(100).default(1),
    gapMs: ms.default(0),
  }),
  /** The webhook is sent late. Its `timestamp` stays that of the event. */
  z.strictObject({ type: z.literal('webhook.delay'), event, delayMs: ms }),
  /** The webhook is never sent. */
  z.strictObject({ type: z.literal('webhook.lose'), event }),
  /** The webhook waits until the bridge has answered another one of the call, or the call is over without it. */
  z.strictObject({ type: z.literal('webhook.hold'), event: callEvent, until: callEvent }),
  /** The connect webhook is held back until the terminate webhook was answered. */
  z.strictObject({ type: z.literal('webhook.reorder') }),
  /** The connect webhook is held back and sent in one body with the terminate webhook. */
  z.strictObject({ type: z.literal('webhook.batch') }),
  /** Graph says no, with the status of meta-calling.md §7.2, and nothing happens. */
  z.strictObject({
    type: z.literal('graph.refuse'),
    action,
    nth,
    code: z.number().int(),
    details: z.string().optional(),
  }),
  /** Graph takes longer; the action happens at the end of that time. */
  z.strictObject({ type: z.literal('graph.delay'), action, nth, delayMs: ms }),
  /**
   * Graph never answers. With `performed` the action happens all the same; with `reset` the connection breaks at once, in
   * place of silence.
   */
  z.strictObject({
    type: z.literal('graph.timeout'),
    action,
    nth,
    performed: z.boolean().default(false),
    reset: z.boolean().default(false),
  }),
  /** Graph answers with a server's error, after the action happened (or, with `performed` false, without it). */
  z.strictObject({
    type: z.literal('graph.fail'),
    action,
    nth,
    httpStatus: z.number().int().min(500).max(599).default(500),
    performed: z.boolean().default(true),
  }),
  /** The action happens, and Graph answers when the bridge has answered this webhook of the call, or there will be none. */
  z.strictObject({ type: z.literal('graph.answer_after'), action, nth, event: callEvent }),
  /** The DTLS role in the answer of a phone that is called; `actpass` is one that no answer may name (meta-calling.md §4.2). */
  z.strictObject({ type: z.literal('sdp.setup'), setup: z.enum(['active', 'passive', 'actpass']) }),
  /** Nothing of what the bridge sends to the phone arrives, from the first STUN check on. */
  z.strictObject({ type: z.literal('ice.never') }),
  /** The network between phone and bridge goes down this long after the pick-up, for good or for `forMs`. */
  z.strictObject({ type: z.literal('network.cut'), afterMs: ms, forMs: ms.optional() }),
]);

/** Something that goes wrong, on purpose. Any number of them can be combined; each applies to each call on its own. */
export type Fault = z.output<typeof faultSchema>;

/** How faults are written in JSON: fields with a default may be left out. */
export type FaultInput = z.input<typeof faultSchema>;

/** Reads faults from JSON (one or a list). Throws a TypeError that names the entry, the field and the rule. */
export function parseFaults(json: unknown): Fault[] {
  const list = Array.isArray(json) ? json : [json];
  return list.map((entry, index) => {
    const parsed = faultSchema.safeParse(entry);
    if (parsed.success) return parsed.data;
    const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'type'}: ${issue.message}`);
    throw new TypeError(`Fault ${index + 1} is not valid. ${issues.join('; ')}`);
  });
}
