import { Gauge, type Registry } from 'prom-client';

/** What waits in the database. Each counts up to some bound, so that a backlog does not make it slow. */
export interface Backlogs {
  /** Webhooks that came and are not worked off. */
  webhooks(): Promise<number>;
  /** Events that are not delivered, those of paused receivers included. */
  deliveries(): Promise<number>;
}

/** A scrape is not held up by a database that does not answer; milliseconds. */
const PATIENCE_MS = 1_000;

/** Asked at each scrape. What cannot be asked has no value rather than an old one. */
export function backlogMetrics(registry: Registry, backlogs: Backlogs): void {
  const gauge = (name: string, help: string, count: () => Promise<number>) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set((await inTime(count)) ?? Number.NaN);
      },
    });
  gauge('talkwire_webhooks_backlog', 'Stored webhooks that are not worked off, counted up to 10000', () =>
    backlogs.webhooks(),
  );
  gauge('talkwire_event_deliveries_backlog', 'Events that are not delivered yet, counted up to 10000', () =>
    backlogs.deliveries(),
  );
}

async function inTime(count: () => Promise<number>): Promise<number | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), PATIENCE_MS);
  try {
    return await Promise.race([count(), late.promise]);
  } catch {
    // The database is away, which /readyz and the log tell.
    return null;
  } finally {
    clearTimeout(timer);
  }
}
