import { z } from 'zod';
import type { EventType } from './event-types.ts';
import {
  artifactPart,
  callPart,
  contactPart,
  conversationPart,
  numberPart,
  permissionPart,
  requestPart,
  restrictionPart,
  timePart,
  warningPart,
} from './payload-parts.ts';

/** What every body says. The name is in the header, too, where Kapso has it (kapso-api.md §10). */
const head = { timestamp: timePart, phone_number_id: z.string(), project_id: z.string() };
/** Who it is about, where this service keeps that. */
const parties = { contact: contactPart.nullable(), conversation: conversationPart.nullable() };
const call = { ...head, call: callPart, ...parties };
const permission = { ...head, permission: permissionPart, ...parties };
const conversation = { ...head, conversation: conversationPart, contact: contactPart.nullable() };
const number = { ...head, phone_number: numberPart };

/** The body of each event, payload version v2. docs/events.md is made from this and the samples. */
export const PAYLOADS = {
  'whatsapp.call.received': bodyOf('whatsapp.call.received', call),
  'whatsapp.call.dialed': bodyOf('whatsapp.call.dialed', call),
  'whatsapp.call.ringing': bodyOf('whatsapp.call.ringing', call),
  'whatsapp.call.answered': bodyOf('whatsapp.call.answered', call),
  'whatsapp.call.ended': bodyOf('whatsapp.call.ended', call),
  'whatsapp.call.failed': bodyOf('whatsapp.call.failed', call),
  'whatsapp.call.recording_ready': bodyOf('whatsapp.call.recording_ready', {
    ...call,
    call: callPart.nullable(),
    recording: artifactPart,
  }),
  'whatsapp.call.transcript_ready': bodyOf('whatsapp.call.transcript_ready', {
    ...call,
    call: callPart.nullable(),
    transcript: artifactPart,
  }),
  'whatsapp.call_permission.requested': bodyOf('whatsapp.call_permission.requested', {
    ...head,
    permission_request: requestPart,
    ...parties,
  }),
  'whatsapp.call_permission.granted': bodyOf('whatsapp.call_permission.granted', permission),
  'whatsapp.call_permission.denied': bodyOf('whatsapp.call_permission.denied', permission),
  'whatsapp.call_permission.revoked': bodyOf('whatsapp.call_permission.revoked', permission),
  'whatsapp.conversation.created': bodyOf('whatsapp.conversation.created', conversation),
  'whatsapp.conversation.ended': bodyOf('whatsapp.conversation.ended', conversation),
  'whatsapp.phone_number.created': bodyOf('whatsapp.phone_number.created', number),
  'whatsapp.phone_number.deleted': bodyOf('whatsapp.phone_number.deleted', number),
  'whatsapp.phone_number.restricted': bodyOf('whatsapp.phone_number.restricted', {
    ...number,
    restriction: restrictionPart,
  }),
  'whatsapp.phone_number.settings_changed': bodyOf('whatsapp.phone_number.settings_changed', {
    ...number,
    calling: z.record(z.string(), z.unknown()),
  }),
  'whatsapp.phone_number.warned': bodyOf('whatsapp.phone_number.warned', { ...number, warning: warningPart }),
} as const satisfies { [Type in EventType]: z.ZodType<{ type: Type }> };

export type Payload<Type extends EventType> = z.infer<(typeof PAYLOADS)[Type]>;

/** What a body says beside its head. */
export type PayloadMore<Type extends EventType> = Omit<Payload<Type>, 'type' | keyof typeof head>;

function bodyOf<Type extends EventType, Shape extends z.ZodRawShape>(type: Type, shape: Shape) {
  return z.strictObject({ type: z.literal(type), ...shape });
}
