import type { Insertable, Selectable } from 'kysely';
import type { Webhook, WebhookStanding } from '../../events/ports.ts';
import type { Sealer } from '../seal.ts';
import type { WebhooksTable } from './tables.ts';

/** All of a webhook's row but what only storage keeps of it. */
export function rowOfWebhook(
  webhook: Webhook,
  sealer: Sealer,
): Omit<Insertable<WebhooksTable>, 'paused_ms' | 'removed'> {
  const { id, standing } = webhook;
  const isOk = standing.type === 'ok';
  return {
    id,
    project_id: webhook.projectId,
    phone_number_id: webhook.phoneNumberId,
    kind: webhook.kind,
    url: webhook.url,
    secret_sealed: sealer.seal(webhook.secretKey, secretPlace(id)),
    headers_sealed: sealer.seal(JSON.stringify(webhook.headers), headersPlace(id)),
    events: JSON.stringify(webhook.events),
    active: webhook.active ? 1 : 0,
    standing: standing.type,
    standing_at: isOk ? null : standing.at,
    standing_why: isOk ? null : standing.why,
    created_at: webhook.createdAt,
    updated_at: webhook.updatedAt,
  };
}

/** @throws SealError */
export function webhookOf(row: Selectable<WebhooksTable>, sealer: Sealer): Webhook {
  return {
    id: row.id,
    projectId: row.project_id,
    phoneNumberId: row.phone_number_id,
    kind: row.kind,
    url: row.url,
    secretKey: sealer.open(row.secret_sealed, secretPlace(row.id)),
    headers: JSON.parse(sealer.open(row.headers_sealed, headersPlace(row.id))),
    events: JSON.parse(row.events),
    active: row.active === 1,
    standing: standingOf(row),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function standingOf({ standing, standing_at, standing_why }: Selectable<WebhooksTable>): WebhookStanding {
  return standing === 'ok' ? { type: 'ok' } : { type: standing, at: standing_at ?? 0, why: standing_why ?? '' };
}

function secretPlace(id: string): string {
  return `webhooks.secret:${id}`;
}

function headersPlace(id: string): string {
  return `webhooks.headers:${id}`;
}
