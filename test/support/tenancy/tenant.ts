import { randomInt, randomUUID } from 'node:crypto';
import { DEFAULT_POLICY } from '../../../src/call/index.ts';
import type { Database } from '../../../src/storage/index.ts';
import { addProject, apiKeyOf } from '../api-server.ts';
import { T0 } from '../call.ts';
import { callIdentity } from '../call-identity.ts';
import { webhook } from '../outbox.ts';
import { assignmentOf, voiceAgent } from '../voice-agent.ts';

/** The ids of all that a project can have; one of each. */
export interface Tenant {
  readonly projectId: string;
  readonly phoneNumberId: string;
  readonly accountId: string;
  readonly agentId: string;
  readonly assignmentId: string;
  /** Of a live call. */
  readonly callId: string;
  readonly metaCallId: string;
  readonly apiKeyId: string;
  readonly waId: string;
  readonly messageId: string;
  readonly conversationId: string;
  readonly webhookId: string;
  readonly numberWebhookId: string;
  readonly deliveryId: string;
}

const digits = (length: number) => Array.from({ length }, () => randomInt(1, 10)).join('');

/** Ids that nobody has. */
export function nobody(): Tenant {
  const uuid = () => randomUUID();
  return {
    projectId: uuid(),
    phoneNumberId: digits(15),
    accountId: digits(14),
    agentId: uuid(),
    assignmentId: uuid(),
    callId: uuid(),
    metaCallId: `wacid.${uuid()}`,
    apiKeyId: uuid(),
    // 555-01 numbers belong to nobody.
    waId: `1555010${digits(4)}`,
    messageId: `wamid.${uuid()}`,
    conversationId: uuid(),
    webhookId: uuid(),
    numberWebhookId: uuid(),
    deliveryId: uuid(),
  };
}

/** A project with one of everything, and a key that opens all of it. */
export async function addTenant(database: Database): Promise<Tenant & { readonly key: string }> {
  const { numbers, agents, calls, webhooks } = database;
  const ids = nobody();
  const { id: projectId } = await addProject(database);
  const { phoneNumberId, waId } = ids;
  await numbers.upsert(
    {
      phoneNumberId,
      projectId,
      displayPhoneNumber: null,
      businessAccountId: ids.accountId,
      credentials: { kind: 'bearer', secret: 'EAAG-token' },
      storesMessages: true,
      policy: DEFAULT_POLICY,
    },
    T0,
  );
  const agent = voiceAgent({ id: ids.agentId, projectId });
  await agents.put(agent);
  await agents.putAssignments([assignmentOf(agent, { id: ids.assignmentId, phoneNumberId, isPrimary: true })]);
  const ofProject = { projectId, events: ['whatsapp.call.received'] } as const;
  await webhooks.put(webhook({ ...ofProject, id: ids.webhookId, phoneNumberId: null }));
  await webhooks.put(webhook({ ...ofProject, id: ids.numberWebhookId, phoneNumberId }));
  const user = { waId, userId: null, parentUserId: null, name: `User of ${projectId}` };
  const call = callIdentity({ id: ids.callId, callId: ids.metaCallId, phoneNumberId, user });
  await calls.create(call, 'ringing', T0, { id: ids.agentId, name: agent.name });
  await calls.append(call.id, { at: T0, type: 'ringing', data: {} });
  const sent = { messaging_product: 'whatsapp', to: waId, type: 'text', text: { body: `For ${projectId}` } };
  await database.messageKeeper.onSent(phoneNumberId, sent, { messages: [{ id: ids.messageId }] }, T0);

  const key = await apiKeyOf(database, { projectId });
  const newest = { limit: 1, after: null, before: null };
  const filter = { status: null, user: null, lastActiveSince: null, lastActiveUntil: null, withMessages: false };
  const [conversation] = (await database.conversations.list({ ...newest, ...filter, projectId, phoneNumberId })).data;
  const any = { webhookId: null, type: null, status: null, errorsOnly: false, since: null, until: null };
  const [delivery] = (await database.deliveries.list({ ...newest, ...any, projectId, phoneNumberId })).data;
  const [apiKey] = database.apiKeys.list(projectId);
  return {
    ...ids,
    projectId,
    key,
    apiKeyId: there(apiKey).id,
    conversationId: there(conversation).id,
    deliveryId: there(delivery).id,
  };
}

function there<T>(found: T | undefined): T {
  if (found === undefined) throw new Error('a tenant has one of everything');
  return found;
}
