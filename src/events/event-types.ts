/** Every event that a webhook of kind `kapso` can be sent, in Kapso's manner of naming. docs/events.md is made from this. */
export const EVENT_TYPES = [
  'whatsapp.call.received',
  'whatsapp.call.dialed',
  'whatsapp.call.ringing',
  'whatsapp.call.answered',
  'whatsapp.call.ended',
  'whatsapp.call.failed',
  'whatsapp.call.recording_ready',
  'whatsapp.call.transcript_ready',
  'whatsapp.call_permission.requested',
  'whatsapp.call_permission.granted',
  'whatsapp.call_permission.denied',
  'whatsapp.call_permission.revoked',
  'whatsapp.conversation.created',
  'whatsapp.conversation.ended',
  'whatsapp.phone_number.created',
  'whatsapp.phone_number.deleted',
  'whatsapp.phone_number.restricted',
  'whatsapp.phone_number.settings_changed',
  'whatsapp.phone_number.warned',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];
