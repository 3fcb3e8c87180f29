import type { Config } from './config.ts';
import { type Clock, type Expiring, Retention, type Sweep } from './runtime/index.ts';
import type { Database } from './storage/index.ts';
import type { Logger } from './telemetry/index.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** In one transaction. */
const AT_ONCE = 200;

/** Joins what is deleted by age to storage. What is kept for ever is not in it. */
export function joinRetention(
  { callsDays, messagesDays, eventsDays }: Config['retention'],
  { retained, messages, deliveryQueue }: Pick<Database, 'retained' | 'messages' | 'deliveryQueue'>,
  clock: Clock,
  logger: Logger,
): Retention {
  const kept = (name: string, days: number | null, everyMs: number, begin: Expiring['begin']): Expiring[] =>
    days === null ? [] : [{ name, keepMs: days * DAY_MS, everyMs, begin }];
  return new Retention({
    clock,
    expiring: [
      ...kept('calls', callsDays, HOUR_MS, (before) => retained.calls(before)),
      // All of them are looked at, of which hardly any is as old.
      ...kept('contacts', callsDays, DAY_MS, (before) => retained.contacts(before)),
      ...kept(
        'messages',
        messagesDays,
        HOUR_MS,
        inBatches((before) => messages.prune(before, AT_ONCE)),
      ),
      ...kept(
        'deliveries',
        eventsDays,
        HOUR_MS,
        inBatches((before) => deliveryQueue.prune(before, AT_ONCE)),
      ),
    ],
    onDeleted: (what, count) => logger.info({ what, count }, 'what was old enough is deleted'),
    onFault: (what, err) => logger.error({ during: 'deleting what is old', what, err }, 'a part failed'),
  });
}

/** For what is deleted from its oldest end on. */
function inBatches(prune: (before: number) => Promise<number>): Expiring['begin'] {
  return (before): Sweep => ({
    async step() {
      const deleted = await prune(before);
      return { deleted, done: deleted < AT_ONCE };
    },
  });
}
