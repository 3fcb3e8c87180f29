import { DEFAULT_PROJECT_ID } from '../call/index.ts';
import type { EventType } from './event-types.ts';
import type { Payload } from './payloads.ts';

/** The body of an event with made-up people in it: for the documentation, and for a receiver to be tried with. */
export function sampleOf(type: EventType): string {
  return JSON.stringify(SAMPLES[type], null, 2);
}

const PHONE_NUMBER_ID = '106540352242922';
const USER = { wa_id: '14155550123', user_id: 'US.13491208655302741918' };

const CONTACT = {
  id: '5b7c1f3e-5f0e-4a53-9a0e-0d6a1f1c2b11',
  wa_id: '14155550123',
  profile_name: 'Ana',
  display_name: 'Ana',
};
const CONVERSATION = {
  id: '9a1b8f0c-7a4d-4a8e-8e7b-3c1f5d2e6a42',
  phone_number: '14155550123',
  status: 'active',
  last_active_at: '2026-11-20T09:30:00.000Z',
} as const;
const PARTIES = { contact: CONTACT, conversation: CONVERSATION };

const INCOMING: Payload<'whatsapp.call.received'>['call'] = {
  id: '0c6f9d52-3f53-4f0e-9d0b-7a3c2f0f9b61',
  call_id: 'wacid.HBgLMTQxNTU1NTAxMjMVAgASGCA4',
  direction: 'inbound',
  status: 'ringing',
  duration_seconds: null,
  started_at: '2026-11-20T09:30:00.000Z',
  ended_at: null,
  session_started_at: null,
  created_at: '2026-11-20T09:30:00.412Z',
  updated_at: '2026-11-20T09:30:00.412Z',
  user_wa_id: USER.wa_id,
  whatsapp_contact_id: CONTACT.id,
  whatsapp_conversation_id: CONVERSATION.id,
  project_id: DEFAULT_PROJECT_ID,
  whatsapp_config_id: PHONE_NUMBER_ID,
  config_display_name: null,
  config_display_phone_number: '+1 555-010-0000',
  voice_agent_id: 'b9c1d3a4-1f6f-4d5c-8a53-6a4f2f0c7d20',
  voice_agent_name: 'Reception',
  phone_number_id: PHONE_NUMBER_ID,
  voice_agent: { id: 'b9c1d3a4-1f6f-4d5c-8a53-6a4f2f0c7d20', name: 'Reception' },
  whatsapp_contact: CONTACT,
  whatsapp_conversation: CONVERSATION,
  user: { ...USER, parent_user_id: null, name: 'Ana' },
  cta_payload: null,
  deeplink_payload: null,
  biz_opaque_callback_data: null,
  ending: null,
  quality: null,
  waiting: null,
};
const ANSWERED = {
  ...INCOMING,
  status: 'answered',
  session_started_at: '2026-11-20T09:30:02.000Z',
  updated_at: '2026-11-20T09:30:02.007Z',
} as const;
const ENDED = {
  ...ANSWERED,
  status: 'completed',
  duration_seconds: 58,
  ended_at: '2026-11-20T09:31:00.000Z',
  updated_at: '2026-11-20T09:31:00.300Z',
  ending: { class: 'completed', reason: 'user_hangup', ended_by: 'user', detail: null },
  quality: { packets_received: 2900, packets_lost: 3, jitter_ms: 4.2, rtt_ms: 61, mos: 4.3 },
} as const;
const PLACED = {
  ...INCOMING,
  call_id: null,
  direction: 'outbound',
  status: 'initiated',
  biz_opaque_callback_data: 'order-12853',
} as const;
const RINGING = {
  ...PLACED,
  call_id: INCOMING.call_id,
  status: 'ringing',
  updated_at: '2026-11-20T09:30:02.100Z',
} as const;
const REFUSED = {
  ...PLACED,
  status: 'failed',
  ended_at: '2026-11-20T09:30:01.000Z',
  updated_at: '2026-11-20T09:30:01.000Z',
  ending: { class: 'failed', reason: 'connect_refused', ended_by: 'meta', detail: '138006' },
} as const;
const MEDIA = { call_id: 'wacid.HBgLMTQxNTU1NTAxMjMVAgASGCA4', sha256: 'k0cZ9gk4X7i2ZcJ6gC3v5wG2b1ZB2Qm0m3b8uYJ3n1A=' };
const GRANT = {
  user: USER,
  status: 'temporary',
  expires_at: '2026-11-27T09:30:00.000Z',
  source: 'request',
  answers: 'wamid.HBgLMTQxNTU1NTAxMjMVAgARGBI5',
} as const;
const NUMBER = { phone_number_id: PHONE_NUMBER_ID, display_phone_number: '+1 555-010-0000' };

const SAMPLES: { readonly [Type in EventType]: Payload<Type> } = {
  'whatsapp.call.received': { ...head('whatsapp.call.received'), call: INCOMING, ...PARTIES },
  'whatsapp.call.dialed': { ...head('whatsapp.call.dialed'), call: PLACED, ...PARTIES },
  'whatsapp.call.ringing': { ...head('whatsapp.call.ringing'), call: RINGING, ...PARTIES },
  'whatsapp.call.answered': { ...head('whatsapp.call.answered'), call: ANSWERED, ...PARTIES },
  'whatsapp.call.ended': { ...head('whatsapp.call.ended'), call: ENDED, ...PARTIES },
  'whatsapp.call.failed': { ...head('whatsapp.call.failed'), call: REFUSED, ...PARTIES },
  'whatsapp.call.recording_ready': {
    ...head('whatsapp.call.recording_ready'),
    recording: { ...MEDIA, media_id: '1371543041066315', mime_type: 'audio/ogg; codecs=opus' },
    call: ENDED,
    ...PARTIES,
  },
  'whatsapp.call.transcript_ready': {
    ...head('whatsapp.call.transcript_ready'),
    transcript: { ...MEDIA, media_id: '1371543041066316', mime_type: 'application/json' },
    call: ENDED,
    ...PARTIES,
  },
  'whatsapp.call_permission.requested': {
    ...head('whatsapp.call_permission.requested'),
    permission_request: { user: USER, template: false, message_id: GRANT.answers, call: INCOMING.id },
    ...PARTIES,
  },
  'whatsapp.call_permission.granted': { ...head('whatsapp.call_permission.granted'), permission: GRANT, ...PARTIES },
  'whatsapp.call_permission.denied': {
    ...head('whatsapp.call_permission.denied'),
    permission: { ...GRANT, status: 'none', expires_at: null, source: 'declined' },
    ...PARTIES,
  },
  'whatsapp.call_permission.revoked': {
    ...head('whatsapp.call_permission.revoked'),
    permission: { ...GRANT, status: 'none', expires_at: null, source: 'auto_revoked', answers: null },
    ...PARTIES,
  },
  'whatsapp.conversation.created': { ...head('whatsapp.conversation.created'), ...PARTIES },
  'whatsapp.conversation.ended': {
    ...head('whatsapp.conversation.ended'),
    ...PARTIES,
    conversation: { ...CONVERSATION, status: 'ended' },
  },
  'whatsapp.phone_number.created': { ...head('whatsapp.phone_number.created'), phone_number: NUMBER },
  'whatsapp.phone_number.deleted': { ...head('whatsapp.phone_number.deleted'), phone_number: NUMBER },
  'whatsapp.phone_number.restricted': {
    ...head('whatsapp.phone_number.restricted'),
    phone_number: NUMBER,
    restriction: {
      kind: 'business_calls',
      type: 'RESTRICTED_BUSINESS_INITIATED_CALLING',
      until: '2026-11-27T09:30:00.000Z',
      remediation: null,
    },
  },
  'whatsapp.phone_number.settings_changed': {
    ...head('whatsapp.phone_number.settings_changed'),
    phone_number: NUMBER,
    calling: { status: 'DISABLED' },
  },
  'whatsapp.phone_number.warned': {
    ...head('whatsapp.phone_number.warned'),
    phone_number: NUMBER,
    warning: {
      type: 'USER_INITIATED_CALLS_LOW_PICKUP_RATE',
      remediation: 'Answer more calls, or hide the call button.',
    },
  },
};

function head<Type extends EventType>(type: Type) {
  return {
    type,
    timestamp: '2026-11-20T09:30:00.500Z',
    phone_number_id: PHONE_NUMBER_ID,
    project_id: DEFAULT_PROJECT_ID,
  };
}
