import { verifySignature } from '@kapso/whatsapp-cloud-api/server';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { expect } from 'vitest';
import type { Receipt } from './event-receiver.ts';
import type { EventService } from './event-service.ts';

interface LoggedAttempt {
  readonly delivered: boolean;
  readonly response_status: number | null;
}

/** A delivery as the API tells it. */
export interface LoggedDelivery {
  readonly id: string;
  readonly webhook_id: string;
  readonly event: string;
  readonly event_id: string;
  readonly idempotency_key: string;
  readonly ordering_key: string;
  readonly status: string;
  readonly attempts: number;
  readonly payload: string;
  readonly attempt_log: readonly LoggedAttempt[];
}

interface DeliveryPage {
  readonly data: readonly LoggedDelivery[];
  readonly paging: { readonly next: string | null };
}

const AT_ONCE = 16;

/** The whole delivery log, oldest first, each with its payload and attempts. */
export async function deliveryLog(service: EventService): Promise<readonly LoggedDelivery[]> {
  const all: LoggedDelivery[] = [];
  let path: string | null = '/platform/v1/webhook_deliveries?limit=100';
  while (path !== null) {
    const page: DeliveryPage = await service.ask<DeliveryPage>(path);
    all.push(...page.data);
    path = page.paging.next === null ? null : new URL(page.paging.next).pathname + new URL(page.paging.next).search;
  }
  const details: LoggedDelivery[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    const some = all.slice(at, at + AT_ONCE);
    const asked = some.map(({ id }) => service.ask<{ data: LoggedDelivery }>(`/platform/v1/webhook_deliveries/${id}`));
    details.push(...(await Promise.all(asked)).map(({ data }) => data));
  }
  return details.toReversed();
}

/** How many of a log's are not taken yet. */
export async function hasPending(service: EventService): Promise<boolean> {
  const page = await service.ask<DeliveryPage>('/platform/v1/webhook_deliveries?status=pending&limit=1');
  return page.data.length > 0;
}

/** Whether a request is what its webhook's secret signed, as the verifiers of Kapso, Meta and Standard Webhooks see it. */
export function expectSigned({ headers, body }: Receipt, secret: string): void {
  const text = (name: string) => String(headers[name]);
  const rawBody = body.toString('utf8');
  const bare = text('x-webhook-signature');
  expect(verifySignature({ appSecret: secret, rawBody, signatureHeader: `sha256=${bare}` })).toBe(true);
  if (headers['x-webhook-event'] === undefined) {
    const signatureHeader = text('x-hub-signature-256');
    expect(verifySignature({ appSecret: secret, rawBody, signatureHeader })).toBe(true);
  }
  const standard = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, text(name)]);
  new StandardWebhook(secret).verify(rawBody, Object.fromEntries(standard));
}

/** Every request that reached the receiver is in the log, and the log has no answer that the receiver did not give. */
export function expectAgreement(log: readonly LoggedDelivery[], receipts: readonly Receipt[]): { unlogged: number } {
  const byEvent = Map.groupBy(receipts, ({ path, headers }) => `${path} ${String(headers['webhook-id'])}`);
  let unlogged = receipts.length;
  for (const delivery of log) {
    const path = delivery.event === 'meta' ? '/meta' : '/kapso';
    const own = byEvent.get(`${path} ${delivery.event_id}`) ?? [];
    byEvent.delete(`${path} ${delivery.event_id}`);
    const given = (status: number) => own.filter((receipt) => STATUS[receipt.whim] === status).length;
    const told = (status: number) => delivery.attempt_log.filter((each) => each.response_status === status).length;
    for (const status of [200, 500, 503]) expect(told(status)).toBeLessThanOrEqual(given(status));
    expect(delivery.attempt_log.filter((each) => each.delivered).length).toBeGreaterThanOrEqual(1);
    expect(delivery.attempt_log.length).toBe(delivery.attempts);
    expect(own.filter(({ taken }) => taken).length).toBeGreaterThanOrEqual(1);
    for (const { headers, body } of own) {
      expect(body.toString('utf8')).toBe(delivery.payload);
      expect(headers['x-idempotency-key']).toBe(delivery.idempotency_key);
    }
    unlogged -= [200, 500, 503].reduce((sum, status) => sum + told(status), 0);
  }
  expect([...byEvent.keys()]).toEqual([]);
  const unanswered = receipts.filter(({ whim }) => STATUS[whim] === null).length;
  return { unlogged: unlogged - unanswered };
}

/** What a sender hears of each whim. */
const STATUS: Readonly<Record<Receipt['whim'], number | null>> = {
  taken: 200,
  slow: 200,
  error: 500,
  busy: 503,
  dies_before: null,
  dies_within: 200,
  hangs: null,
};
