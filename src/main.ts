import type { CallIdentity } from './call/index.ts';
import { createApiServer } from './calls-api/index.ts';
import type { Config } from './config.ts';
import { MediaPool, type MediaReport, type ThreadLoad } from './media/index.ts';
import { CallRuntime, DebtCollector, type RuntimeObserver, systemClock } from './runtime/index.ts';
import { createGraphClient, createInboxWorker, createWebhookReceiver } from './signaling/index.ts';
import { claimDatabase, openDatabase } from './storage/index.ts';
import { type Logger, observeCalls, observeSignaling } from './telemetry/index.ts';

export interface Service {
  /** Where the HTTP API listens, such as http://127.0.0.1:8080. */
  readonly url: string;
  readonly liveCalls: number;
  /** Ends one call by its own id; false if it is not live. */
  hangUp(key: string): boolean;
  /** Lets calls end by themselves for `graceMs`, ends the rest, and closes everything. */
  stop(graceMs?: number): Promise<void>;
  /** Ends the wait of a `stop` under way: every call ends now. */
  hurry(): void;
}

export interface ServiceObserver extends RuntimeObserver {
  onLevels?(report: Extract<MediaReport, { type: 'levels' }>): void;
  /** Once a second for each media thread. */
  onLoad?(thread: number, load: ThreadLoad): void;
}

/**
 * Builds the service from its rooms and starts it: database, recovery of what a crash left, media threads, HTTP. Rejects,
 * with everything closed again, if a part cannot start (port taken, database unusable).
 */
export async function startService(config: Config, logger: Logger, watch: ServiceObserver = {}): Promise<Service> {
  const { path, masterKey } = config.database;
  const release = claimDatabase(path);
  const database = await openDatabase({ path, masterKey }).catch((error: unknown) => {
    release();
    throw error;
  });
  const { inbox, calls, debts, numbers } = database;
  if (config.firstNumber !== null) await numbers.upsert(config.firstNumber, systemClock.now());

  const clock = systemClock;
  const fault = (during: string, error: unknown, identity?: CallIdentity) =>
    logger.error({ during, call: identity?.id, err: error }, 'a part failed');
  const signaling = observeSignaling(logger);
  const graph = createGraphClient({ ...config.graph, directory: numbers, observer: signaling });
  const media = new MediaPool({
    ...config.media,
    onLog: ({ level, message, fields }) => logger[level](fields, message),
    onLevels: (report) => watch.onLevels?.(report),
    onLoad: (thread, load) => watch.onLoad?.(thread, load),
  });
  const runtime = new CallRuntime({
    clock,
    graph,
    media,
    log: calls,
    debts,
    policies: numbers,
    maxCalls: config.maxCalls,
    observer: observeCalls(logger, watch),
    onFault: (error, identity) => fault('a call', error, identity),
  });
  const collector = new DebtCollector({
    clock,
    graph,
    debts,
    isLive: (callId) => runtime.isLive(callId),
    onFault: (error) => fault('paying what is owed to Graph', error),
  });
  const worker = createInboxWorker({
    inbox,
    sink: runtime,
    directory: numbers,
    clock,
    observer: signaling,
    keepMs: config.database.inboxDays * 24 * 60 * 60_000,
  });
  const webhooks = createWebhookReceiver({
    ...config.webhooks,
    verifyToken: config.webhooks.verifyToken ?? '',
    inbox,
    directory: numbers,
    onStored: () => worker.wake(),
    clock,
    observer: signaling,
  });
  const api = createApiServer({
    webhooks,
    calls,
    numbers,
    apiKeys: config.http.apiKeys,
    publicUrl: config.http.publicUrl,
    health: { ready: () => ({ ready: !runtime.draining, reason: runtime.draining ? 'draining' : null }) },
    logger,
  });

  async function close(): Promise<void> {
    await worker.stop();
    await collector.stop();
    await media.close();
    await graph.close();
    await database.close();
    release();
  }

  try {
    const recovered = await runtime.recover();
    if (recovered > 0) logger.warn({ calls: recovered }, 'closed the calls that the last process left open');
    await api.listen({ host: config.http.host, port: config.http.port });
  } catch (error) {
    await api.close();
    await close();
    throw error;
  }
  worker.start();
  collector.start();
  const url = api.listeningOrigin;
  logger.info({ numbers: numbers.list().length }, 'talkwire is up');

  return {
    url,
    get liveCalls() {
      return runtime.liveCalls;
    },
    hangUp: (key) => runtime.hangUp(key),
    hurry: () => runtime.endAll(),
    async stop(graceMs = 0) {
      // Webhooks are still taken while calls end: each of them brings the end of one.
      await runtime.drain(graceMs);
      await api.close();
      await close();
      logger.info('talkwire is down');
    },
  };
}
