import { randomUUID } from 'node:crypto';
import { FieldFaults } from '../../agents/index.ts';
import { EVENT_TYPES, newWebhookSecret, type Webhook, type WebhookBook } from '../../events/index.ts';
import { bodyIn } from '../base/body-in.ts';
import { HIDDEN } from './event-webhook-answer.ts';
import { newWebhookBody, type ReceiverRules, webhookChangesBody } from './event-webhook-body.ts';

/** Each is asked for everything that happens. */
const MAX_WEBHOOKS = 50;
const ENVELOPE = 'whatsapp_webhook';

export interface WebhookPlace {
  readonly projectId: string;
  /** Null: of all numbers of the project. */
  readonly phoneNumberId: string | null;
}

/**
 * The webhook that a body describes.
 *
 * @param at Unix milliseconds
 * @throws InvalidFields
 */
export function newWebhook(
  body: unknown,
  { projectId, phoneNumberId }: WebhookPlace,
  { book, rules, at }: { readonly book: WebhookBook; readonly rules: ReceiverRules; readonly at: number },
): Webhook {
  const given = bodyIn(newWebhookBody(rules), body, ENVELOPE);
  const webhook: Webhook = {
    id: randomUUID(),
    projectId,
    phoneNumberId,
    kind: given.kind,
    url: given.url,
    secretKey: given.secret_key ?? newWebhookSecret(),
    headers: given.headers ?? {},
    events: given.events ?? (given.kind === 'kapso' ? EVENT_TYPES : []),
    active: given.active ?? true,
    standing: { type: 'ok' },
    createdAt: at,
    updatedAt: at,
  };
  const faults = faultsOf(webhook);
  const others = book.list(projectId);
  if (webhook.kind === 'meta' && others.some((each) => each.kind === 'meta' && each.phoneNumberId === phoneNumberId)) {
    faults.add('kind', 'must be kapso: the number has a webhook of the kind meta');
  }
  if (others.length >= MAX_WEBHOOKS) faults.add('base', `must not be more than ${MAX_WEBHOOKS} webhooks of a project`);
  if (faults.any) throw faults.toError();
  return webhook;
}

export interface WebhookChange {
  readonly webhook: Webhook;
  /** To be told, if it was changed. */
  readonly secretKey: string | null;
}

/**
 * The webhook as a body changes it; `active: true` has one that is paused or disabled sent to again.
 *
 * @param at Unix milliseconds
 * @throws InvalidFields
 */
export function changedWebhook(
  webhook: Webhook,
  body: unknown,
  { rules, at }: { readonly rules: ReceiverRules; readonly at: number },
): WebhookChange {
  const given = bodyIn(webhookChangesBody(rules), body, ENVELOPE);
  const secretKey = given.secret_key ?? null;
  const changed: Webhook = {
    ...webhook,
    url: given.url ?? webhook.url,
    secretKey: secretKey ?? webhook.secretKey,
    headers: given.headers === undefined ? webhook.headers : shownAgain(given.headers ?? {}, webhook.headers),
    events: given.events ?? webhook.events,
    active: given.active ?? webhook.active,
    standing: given.active === true ? { type: 'ok' } : webhook.standing,
    updatedAt: at,
  };
  const faults = faultsOf(changed);
  if (given.kind !== undefined && given.kind !== webhook.kind) faults.add('kind', 'cannot be changed');
  if (faults.any) throw faults.toError();
  return { webhook: changed, secretKey };
}

function faultsOf({ kind, events, phoneNumberId }: Webhook): FieldFaults {
  const faults = new FieldFaults();
  if (kind === 'meta' && phoneNumberId === null) {
    faults.add('kind', "must be kapso: Meta's own webhooks go to a webhook of one number");
  }
  if (kind === 'meta' && events.length > 0) faults.add('events', 'must be empty: the kind meta takes everything');
  if (kind === 'kapso' && events.length === 0) faults.add('events', 'must name at least one event');
  return faults;
}

/** A value that was hidden in an answer, and comes back as it was shown, is the one that there is. */
function shownAgain(given: Webhook['headers'], before: Webhook['headers']): Webhook['headers'] {
  const kept = new Map(Object.entries(before).map(([name, value]) => [name.toLowerCase(), value]));
  const known = Object.entries(given).map(([name, value]) => [
    name,
    value === HIDDEN ? (kept.get(name.toLowerCase()) ?? value) : value,
  ]);
  return Object.fromEntries(known);
}
