import { DeliveryDesk, HttpCourier } from './events/index.ts';
import type { Clock } from './runtime/index.ts';
import type { Database } from './storage/index.ts';
import type { Logger, Metrics } from './telemetry/index.ts';

/** Joins the events' room to storage and the network. Not started: what was left from before is sent after recovery. */
export function joinEvents(
  database: Database,
  privateAllowed: boolean,
  clock: Clock,
  logger: Logger,
  metrics: Pick<Metrics, 'onEventAttempt'>,
): DeliveryDesk {
  return new DeliveryDesk({
    queue: database.deliveryQueue,
    webhooks: database.webhooks,
    courier: new HttpCourier({ privateAllowed }),
    clock,
    onFault: (err) => logger.error({ during: 'sending events', err }, 'a part failed'),
    onAttempt: (type, { durationMs }, verdict) =>
      metrics.onEventAttempt({
        kind: type === 'meta' ? 'meta' : 'kapso',
        outcome: verdict.type,
        seconds: durationMs / 1_000,
      }),
    onStanding: (webhook, standing) =>
      logger.warn({ webhook }, `events are not sent any more: the webhook is ${standing}`),
  });
}
