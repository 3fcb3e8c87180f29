/**
 * WhatsApp's side of the wire, without sound. Inwards: a webhook is verified, made durable, answered, and only then worked
 * off into events of calls. Outwards: the four actions of a call go through Graph (Meta direct or a Kapso proxy).
 */

export { createGraphClient, type GraphClient, type GraphClientOptions } from './graph-client.ts';
export { classify, type GraphErrorRule, META_ERRORS, retryFor, ruleFor } from './graph-errors.ts';
export { createInboxWorker, type InboxWorker, type InboxWorkerOptions } from './inbox-worker.ts';
export type * from './ports.ts';
export { type SignatureSecrets, type SignedBy, signKapso, signMeta, verifySignature } from './signature.ts';
export { verifyHandshake } from './verify-handshake.ts';
export { type ParsedWebhook, parseWebhook } from './webhook-parser.ts';
export { createWebhookReceiver, type WebhookReceiver, type WebhookReceiverOptions } from './webhook-receiver.ts';
