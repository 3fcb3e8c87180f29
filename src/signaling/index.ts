/**
 * WhatsApp's side of the wire, without sound. Inwards: a webhook is verified, made durable, answered, and only then worked
 * off into events of calls and of permissions. Outwards: calls are placed, and the four actions of a call and what else the
 * house asks for go through Graph (Meta direct or a Kapso proxy).
 */

export { type CallingWatch, createCallingWatch } from './calling-watch.ts';
export { createGraphClient, type GraphClient, type GraphClientOptions } from './graph-client.ts';
export type { GraphErrorRule } from './graph-error-rule.ts';
export { META_ERRORS } from './graph-error-table.ts';
export { classify, retryFor, ruleFor } from './graph-errors.ts';
export type { GraphNumbers, GraphTold } from './graph-numbers.ts';
export { createGraphProxy, type GraphProxy, type GraphProxyOptions } from './graph-proxy.ts';
export type * from './graph-proxy-types.ts';
export type * from './graph-types.ts';
export { createInboxWorker, type InboxWorker, type InboxWorkerOptions } from './inbox-worker.ts';
export type * from './permission-event.ts';
export type * from './ports.ts';
export { createSettingsMirror, type SettingsMirror } from './settings-mirror.ts';
export { type SignatureSecrets, type SignedBy, signKapso, signMeta, verifySignature } from './signature.ts';
export { maySpeakFor } from './speaks-for.ts';
export { verifyHandshake } from './verify-handshake.ts';
export { type ParsedWebhook, parseWebhook } from './webhook-parser.ts';
export { createWebhookReceiver, type WebhookReceiver, type WebhookReceiverOptions } from './webhook-receiver.ts';
