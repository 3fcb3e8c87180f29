import type { Generated } from 'kysely';
import type { Delivery, Webhook } from '../../events/ports.ts';

/** The tables of outgoing events. */
export interface EventTables {
  webhooks: WebhooksTable;
  webhook_events: WebhookEventsTable;
  webhook_deliveries: WebhookDeliveriesTable;
  webhook_attempts: WebhookAttemptsTable;
}

export interface WebhooksTable {
  id: string;
  /** projects.id */
  project_id: string;
  phone_number_id: string | null;
  kind: Webhook['kind'];
  url: string;
  secret_sealed: string;
  /** JSON object. */
  headers_sealed: string;
  /** JSON list of event types. */
  events: string;
  /** 0 or 1. */
  active: number;
  standing: Webhook['standing']['type'];
  standing_at: number | null;
  standing_why: string | null;
  /** How long it was paused until now, all pauses that are over together. */
  paused_ms: number;
  /** 0 or 1: it is gone, and its row stays until its deliveries are. */
  removed: Generated<number>;
  created_at: number;
  updated_at: number;
}

interface WebhookEventsTable {
  id: string;
  project_id: string;
  phone_number_id: string;
  type: Delivery['type'];
  ordering_key: string;
  idempotency_key: string;
  at: number;
  body: string;
}

export interface WebhookDeliveriesTable {
  id: string;
  /** webhooks.id */
  webhook_id: string;
  /** webhook_events.id */
  event_id: string;
  project_id: string;
  phone_number_id: string;
  type: Delivery['type'];
  ordering_key: string;
  idempotency_key: string;
  /** Of those of one webhook and ordering key that are pending, the one with the lowest is tried. */
  place: number;
  status: Delivery['status'];
  /** Null unless it is at the head of its ordering key, and pending. */
  next_attempt_at: number | null;
  /** All that were ever made. */
  attempts: Generated<number>;
  /** Those since it was queued, for the first time or again. */
  tries: Generated<number>;
  first_try_at: number | null;
  /** `webhooks.paused_ms` at the first try. */
  paused_before_ms: Generated<number>;
  /** 1 if an attempt failed. */
  had_error: Generated<number>;
  response_status: number | null;
  created_at: number;
  finished_at: number | null;
}

interface WebhookAttemptsTable {
  delivery_id: string;
  /** From 1 on. */
  number: number;
  at: number;
  duration_ms: number;
  status: number | null;
  error: string | null;
  response_excerpt: string | null;
  /** JSON object. */
  request_headers: string;
}
