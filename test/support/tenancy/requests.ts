import type { DescribedRoute } from '../../../src/calls-api/openapi/route-book.ts';
import type { Tenant } from './tenant.ts';

/** One request to a route: its path's parameters, what follows them, and a body. */
export interface Ask {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/**
 * What of `theirs` is asked for. The first request names nothing of `own`, and succeeds where it is asked with a key of
 * `theirs`; the others mix both.
 */
export type Asks = (theirs: Tenant, own: Tenant) => readonly [Ask, ...Ask[]];

const AGENT = { name: 'Echo', provider: { kind: 'websocket', url: 'wss://agent.test/talk' } };

const WEBHOOK = { url: 'https://receiver.test/hook', events: ['whatsapp.call.ended'] };

const number: Asks = ({ phoneNumberId }) => [{ path: { phoneNumberId } }];
const numberWith =
  (body: object): Asks =>
  ({ phoneNumberId }) => [{ path: { phoneNumberId }, body }];
const agent =
  (body?: object): Asks =>
  ({ agentId: id }) => [{ path: { id }, ...(body !== undefined && { body }) }];
const call =
  (body?: object): Asks =>
  ({ callId, metaCallId }) => [
    { path: { id: callId }, ...(body !== undefined && { body }) },
    { path: { id: metaCallId }, ...(body !== undefined && { body }) },
  ];
const assignment =
  (body?: object): Asks =>
  (theirs, own) => {
    const more = body === undefined ? {} : { body };
    return [
      { path: { id: theirs.agentId, assignmentId: theirs.assignmentId }, ...more },
      { path: { id: own.agentId, assignmentId: theirs.assignmentId }, ...more },
      { path: { id: theirs.agentId, assignmentId: own.assignmentId }, ...more },
    ];
  };
const contact =
  (body?: object): Asks =>
  (theirs, own) => {
    const more = body === undefined ? {} : { body };
    return [
      { path: { phoneNumberId: theirs.phoneNumberId, waId: theirs.waId }, ...more },
      { path: { phoneNumberId: own.phoneNumberId, waId: theirs.waId }, ...more },
    ];
  };
const graph =
  (body?: object): Asks =>
  ({ phoneNumberId, accountId }, own) => {
    const path = (id: string) => ({ phoneNumberId: id, '*': 'whatsapp_business_profile' });
    const more = body === undefined ? {} : { body };
    return [
      { path: path(phoneNumberId), ...more },
      { path: path('1013859600285441'), query: { phone_number_id: phoneNumberId }, ...more },
      { path: path(accountId), ...more },
      { path: path(own.accountId), query: { phone_number_id: phoneNumberId }, ...more },
    ];
  };

const projectWebhook =
  (body?: object): Asks =>
  ({ webhookId, numberWebhookId }) => {
    const more = body === undefined ? {} : { body };
    return [
      { path: { id: webhookId }, ...more },
      { path: { id: numberWebhookId }, ...more },
    ];
  };
const numberWebhook =
  (body?: object): Asks =>
  (theirs, own) => {
    const more = body === undefined ? {} : { body };
    return [
      { path: { phoneNumberId: theirs.phoneNumberId, id: theirs.numberWebhookId }, ...more },
      { path: { phoneNumberId: own.phoneNumberId, id: theirs.numberWebhookId }, ...more },
      { path: { phoneNumberId: theirs.phoneNumberId, id: own.numberWebhookId }, ...more },
      { path: { phoneNumberId: own.phoneNumberId, id: theirs.webhookId }, ...more },
    ];
  };

/** For each operation with a key, how one project would get at what another has. */
export const REQUESTS: Readonly<Record<string, Asks>> = {
  list_calls: (theirs, own) => [
    { path: { phoneNumberId: theirs.phoneNumberId } },
    { path: { phoneNumberId: own.phoneNumberId }, query: { call_id: theirs.metaCallId } },
  ],
  list_all_calls: ({ phoneNumberId, agentId, callId, metaCallId, waId }) => [
    {},
    { query: { phone_number_id: phoneNumberId } },
    { query: { voice_agent_id: agentId } },
    { query: { call_id: callId } },
    { query: { call_id: metaCallId } },
    { query: { user_wa_id: waId } },
  ],
  get_call: call(),
  hang_up: call(),
  play_prompt: call({ prompt: 'unavailable.ogg' }),
  send_agent_message: call({ text: 'Say goodbye.' }),
  transfer_call: (theirs, own) => [
    { path: { id: theirs.callId }, body: { voice_agent_id: theirs.agentId } },
    { path: { id: own.callId }, body: { voice_agent_id: theirs.agentId } },
    { path: { id: theirs.callId }, body: { voice_agent_id: own.agentId } },
  ],
  dial: (theirs, own) => [
    { body: { phone_number_id: theirs.phoneNumberId, to: theirs.waId, voice_agent_id: theirs.agentId } },
    { body: { phone_number_id: theirs.phoneNumberId, to: theirs.waId } },
    { body: { phone_number_id: theirs.phoneNumberId, to: own.waId, voice_agent_id: own.agentId } },
    { body: { phone_number_id: own.phoneNumberId, to: own.waId, voice_agent_id: theirs.agentId } },
  ],
  act_on_call: (theirs, own) => {
    const end = { action: 'terminate', call_id: theirs.metaCallId };
    const offer = { sdp_type: 'offer', sdp: 'v=0' };
    return [
      { path: { phoneNumberId: theirs.phoneNumberId }, body: end },
      { path: { phoneNumberId: own.phoneNumberId }, body: end },
      { path: { phoneNumberId: theirs.phoneNumberId }, body: { action: 'connect', to: theirs.waId, session: offer } },
      { path: { phoneNumberId: theirs.phoneNumberId }, body: { action: 'connect', to: theirs.waId } },
    ];
  },
  get_call_permissions: ({ phoneNumberId, waId }) => [{ path: { phoneNumberId }, query: { user_wa_id: waId } }],

  list_contacts: (theirs, own) => [
    { path: { phoneNumberId: theirs.phoneNumberId } },
    { path: { phoneNumberId: own.phoneNumberId }, query: { wa_id: theirs.waId } },
  ],
  get_contact: contact(),
  update_contact: contact({ profile_name: 'Changed' }),
  list_conversations: (theirs, own) => [
    { path: { phoneNumberId: theirs.phoneNumberId } },
    { path: { phoneNumberId: own.phoneNumberId }, query: { phone_number: theirs.waId } },
  ],
  get_conversation: ({ conversationId: id }) => [{ path: { id } }],
  update_conversation: ({ conversationId: id }) => [{ path: { id }, body: { status: 'ended' } }],
  list_messages: (theirs, own) => [
    { path: { phoneNumberId: theirs.phoneNumberId } },
    { path: { phoneNumberId: own.phoneNumberId }, query: { conversation_id: theirs.conversationId } },
  ],
  get_message: (theirs, own) => [
    { path: { phoneNumberId: theirs.phoneNumberId, messageId: theirs.messageId } },
    { path: { phoneNumberId: own.phoneNumberId, messageId: theirs.messageId } },
  ],
  send_message: ({ phoneNumberId, waId }) => [
    { path: { phoneNumberId }, body: { messaging_product: 'whatsapp', to: waId, type: 'text', text: { body: 'Hi' } } },
  ],

  get_number_settings: number,
  update_number_settings: numberWith({ calling: { status: 'DISABLED' } }),
  upload_media: numberWith({}),
  read_graph: graph(),
  write_graph: graph({}),
  replace_graph: graph({}),
  change_graph: graph({}),
  delete_graph: graph(),

  list_voice_agents: () => [{}],
  get_voice_agent: agent(),
  update_voice_agent: agent({ name: 'Changed' }),
  delete_voice_agent: agent(),
  list_assignments: agent(),
  create_assignment: (theirs, own) => [
    // Their own number is assigned already, so that only the rules of the body are left to say so.
    { path: { id: theirs.agentId }, body: { phone_number_id: theirs.phoneNumberId } },
    { path: { id: own.agentId }, body: { phone_number_id: theirs.phoneNumberId } },
    { path: { id: theirs.agentId }, body: { phone_number_id: own.phoneNumberId } },
  ],
  update_assignment: assignment({ enabled: false }),
  delete_assignment: assignment(),

  list_phone_numbers: () => [{}],
  get_phone_number: number,
  update_phone_number: numberWith({ calls_enabled: false, store_messages: false }),
  update_whatsapp_config: numberWith({ calls_enabled: false }),
  rotate_phone_number_token: numberWith({ access_token: 'EAAG-another' }),
  delete_phone_number: number,
  get_call_rules: number,
  put_call_rules: numberWith({ deny: ['15550100009'] }),
  get_dial_rules: number,
  put_dial_rules: numberWith({ ring_timeout_seconds: 20 }),

  list_project_webhooks: () => [{}],
  get_project_webhook: projectWebhook(),
  update_project_webhook: projectWebhook({ active: false }),
  delete_project_webhook: projectWebhook(),
  test_project_webhook: projectWebhook({}),
  redeliver_project_webhook: projectWebhook({ since: '2020-01-01T00:00:00Z' }),
  list_number_webhooks: number,
  create_number_webhook: numberWith(WEBHOOK),
  get_number_webhook: numberWebhook(),
  update_number_webhook: numberWebhook({ active: false }),
  delete_number_webhook: numberWebhook(),
  test_number_webhook: numberWebhook({}),
  redeliver_number_webhook: numberWebhook({ since: '2020-01-01T00:00:00Z' }),
  list_webhook_deliveries: ({ webhookId, phoneNumberId }) => [
    {},
    { query: { webhook_id: webhookId } },
    { query: { phone_number_id: phoneNumberId } },
  ],
  get_webhook_delivery: ({ deliveryId: id }) => [{ path: { id } }],
  redeliver_webhook_delivery: ({ deliveryId: id }) => [{ path: { id } }],

  list_api_keys: () => [{}],
  revoke_api_key: ({ apiKeyId: id }) => [{ path: { id } }],
};

/** What makes a thing of the caller's own project. */
export const CREATIONS: Readonly<Record<string, () => Ask>> = {
  create_voice_agent: () => ({ body: AGENT }),
  create_project_webhook: () => ({ body: WEBHOOK }),
  create_api_key: () => ({ body: { name: 'shop', scope: 'read' } }),
  connect_phone_number: () => ({ body: { phone_number_id: '109999999999999', access_token: 'EAAG-another' } }),
};

/** The request's URL. A path of Graph has any version. */
export function urlOf({ url }: DescribedRoute, { path = {}, query = {} }: Ask): string {
  const filled = url.replace(/:([A-Za-z]+)(\((?:[^()]|\\.)*\))?|\*/g, (parameter, name: string | undefined) => {
    const value = name === 'version' ? 'v24.0' : path[name ?? '*'];
    if (value === undefined) throw new Error(`nothing is said of ${parameter} in ${url}`);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams(query).toString();
  return search === '' ? filled : `${filled}?${search}`;
}
