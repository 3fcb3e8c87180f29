import type { EventType } from './event-types.ts';

/** When each event is told, in one sentence or a few: docs/events.md is made from this. */
export const EVENT_MEANINGS: { readonly [Type in EventType]: string } = {
  'whatsapp.call.received':
    'A user calls, and the call has its record. It may be refused in the next moment: then the end follows at once.',
  'whatsapp.call.dialed':
    'A call of the business was let through and is about to be placed. A call that waits, for its time or for permission, is not told of before.',
  'whatsapp.call.ringing': "The phone of the user rings: Meta's word on a call of the business.",
  'whatsapp.call.answered':
    'The call is picked up, by us or by the user, and sound may flow. Of a call of a user that a runtime of its own answers, Meta tells nothing of this; `session_started_at` of the end says when it was.',
  'whatsapp.call.ended':
    'The call is over as calls are: it was answered and ended (`ending.class` `completed`), nobody was there to speak to (`missed`), or it was not taken or not placed by choice (`rejected`).',
  'whatsapp.call.failed':
    'The call is over, and something was wrong: it could not be answered or placed (`ending.class` `failed`), or it broke off (`dropped`). In its place comes no `whatsapp.call.ended`.',
  'whatsapp.call.recording_ready':
    'WhatsApp has made a recording of the call, where that was asked for. Graph gives the file for `media_id`, for seven days. `call` is null if this service has no record of the call.',
  'whatsapp.call.transcript_ready': 'The same of a transcript.',
  'whatsapp.call_permission.requested':
    'A user was asked for permission to be called. `call` is our own id of the call that waits for the answer, if one does; `message_id` is null if the answer of Graph was lost, so that nobody knows whether the user was asked.',
  'whatsapp.call_permission.granted':
    'The user may be called, until `expires_at` or for good: in answer to a request (`source` `request`), by calling the number (`callback`), or in the profile of the business (`profile`).',
  'whatsapp.call_permission.denied': 'The user said no to a request.',
  'whatsapp.call_permission.revoked':
    'The user may not be called any more: by a no that answers no request (`source` `declined`), or because WhatsApp took the permission back after too many calls that nobody picked up (`auto_revoked`). That a permission has run out is not told.',
  'whatsapp.conversation.created':
    'The first call or message of a user, or the first since the last conversation ended.',
  'whatsapp.conversation.ended':
    'A conversation was ended over the API, or because the number passed to another project.',
  'whatsapp.phone_number.created': 'A number was connected to the project.',
  'whatsapp.phone_number.deleted':
    'A number was taken from the project. Only webhooks of the whole project hear it: those of the number go with it.',
  'whatsapp.phone_number.restricted':
    'Meta restricts the number: no calls of the business (`kind` `business_calls`), none of users (`user_calls`), or the call button is hidden (`call_button`). `until` is null where Meta names no time.',
  'whatsapp.phone_number.settings_changed':
    "The calling settings of the number are other ones, whoever changed them. `calling` holds those that changed, in Meta's words, without passwords.",
  'whatsapp.phone_number.warned':
    'Meta warns that the number calls, or answers, badly: `type` is the word of Meta, and restrictions may follow.',
};
