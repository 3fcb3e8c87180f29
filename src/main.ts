import { putEnvironmentAgent } from './agents/index.ts';
import { type CallIdentity, DEFAULT_PROJECT_ID } from './call/index.ts';
import { anyOf, createApiServer, environmentKeys } from './calls-api/index.ts';
import type { Config } from './config.ts';
import { joinAgents } from './main-agents.ts';
import { joinControls, joinLive } from './main-control.ts';
import { joinDials } from './main-dials.ts';
import { joinEvents } from './main-events.ts';
import { watchDials } from './main-metrics.ts';
import { joinRetention } from './main-retention.ts';
import { MediaPool, type MediaReport, type ThreadLoad } from './media/index.ts';
import { CallRuntime, DebtCollector, NameWaiter, type RuntimeObserver, systemClock } from './runtime/index.ts';
import {
  createCallingWatch,
  createGraphClient,
  createGraphProxy,
  createInboxWorker,
  createSettingsMirror,
  createWebhookReceiver,
} from './signaling/index.ts';
import { claimDatabase, openDatabase } from './storage/index.ts';
import { createMetrics, type Logger, observeCalls, observeSignaling } from './telemetry/index.ts';

export interface Service {
  /** Where the HTTP API listens, such as http://127.0.0.1:8080. */
  readonly url: string;
  readonly liveCalls: number;
  /** Ends one call by its own id; false if it is not live. */
  hangUp(key: string): boolean;
  /** Lets calls end by themselves for `graceMs`, ends the rest, and closes everything. Asked again, it is the same stop. */
  stop(graceMs?: number): Promise<void>;
  /** Ends the wait of a `stop` under way: every call ends now. */
  hurry(): void;
}

export interface ServiceObserver extends RuntimeObserver {
  onLevels?(report: Extract<MediaReport, { type: 'levels' }>): void;
  /** Once a second for each media thread. */
  onLoad?(thread: number, load: ThreadLoad): void;
}

/** Undoes one step of the start. */
type Close = () => unknown;

/** For webhooks that were stored and not worked off when the service stops; a backlog is for the next start. */
const LAST_WEBHOOKS_MS = 2_000;

/**
 * Builds the service from its rooms and starts it: database, recovery of what a crash left, media threads, HTTP. Rejects,
 * with everything closed again, if a part cannot start (port taken, database unusable).
 */
export async function startService(config: Config, logger: Logger, watch: ServiceObserver = {}): Promise<Service> {
  const open: Close[] = [];
  try {
    return await start(config, logger, watch, open);
  } catch (error) {
    await closeAll(open, logger);
    throw error;
  }
}

/** Whatever is started here is pushed to `open`, which is closed from its end. */
async function start(config: Config, logger: Logger, watch: ServiceObserver, open: Close[]): Promise<Service> {
  const { place, masterKey } = config.database;
  let held = true;
  const claim = await claimDatabase(place, {
    onLost(error) {
      held = false;
      logger.error({ during: 'holding the database', err: error }, 'a part failed');
    },
    onBack() {
      held = true;
      logger.warn('the database is held again');
    },
  });
  open.push(claim);
  const database = await openDatabase({ ...place, masterKey });
  open.push(() => database.close());
  const { inbox, calls, debts, numbers } = database;
  const clock = systemClock;
  const metrics = createMetrics({
    calls: { live: () => runtime.liveByDirection(), capacity: config.maxCalls },
    backlogs: database.backlogs,
  });
  const events = joinEvents(database, config.events.privateAllowed, clock, logger, metrics);
  // After everything that raises events.
  open.push(() => events.stop());
  const allowLinkLocal = config.allowLinkLocalAgents;
  if (config.firstNumber !== null) await numbers.upsert(config.firstNumber, clock.now());
  if (config.firstAgent !== null) {
    const projectId = numbers.projectOf(config.firstAgent.phoneNumberId) ?? DEFAULT_PROJECT_ID;
    await putEnvironmentAgent(database.agents, { ...config.firstAgent, projectId }, { allowLinkLocal }, clock.now());
  }

  const fault = (during: string, error: unknown, identity?: CallIdentity) =>
    logger.error({ during, call: identity?.id, err: error }, 'a part failed');
  const signaling = observeSignaling(logger, metrics.signaling);
  const graph = createGraphClient({ ...config.graph, directory: numbers, observer: signaling });
  open.push(() => graph.close());
  const graphProxy = createGraphProxy({ ...config.graph, directory: numbers });
  open.push(() => graphProxy.close());
  const settingsMirror = createSettingsMirror(database.numberStates);
  const media = new MediaPool({
    ...config.media,
    allowLinkLocalAgents: allowLinkLocal,
    onDoor: (thread, message) => agents.lines.onDoor(thread, message),
    onLog: ({ level, message, fields }) => logger[level](fields, message),
    onLevels: (report) => watch.onLevels?.(report),
    onLoad(thread, load) {
      metrics.onLoad(thread, load);
      watch.onLoad?.(thread, load);
    },
  });
  open.push(() => media.close());
  const agents = joinAgents(config, database, media, logger, () => clock.now());
  open.push(() => agents.watch.stop());
  const dials = joinDials({
    database,
    graph,
    calling: createCallingWatch({ graph: graph.numbers, mirror: settingsMirror, onFault: fault }),
    planner: agents.policies,
    runtime: () => runtime,
    clock,
    onFault: fault,
  });
  const names = new NameWaiter();
  const runtime: CallRuntime = new CallRuntime({
    clock,
    graph: dials.graph,
    media: agents.media,
    launcher: agents.launcher,
    log: calls,
    debts,
    policies: agents.policies,
    maxCalls: config.maxCalls,
    observer: observeCalls(logger, {
      ...watch,
      onTimeline(identity, event) {
        metrics.calls.onTimeline?.(identity, event);
        watch.onTimeline?.(identity, event);
      },
      onUpdated(identity, patch) {
        metrics.calls.onUpdated?.(identity, patch);
        if (patch.ending !== undefined) agents.release(identity.id);
        names.onUpdated(identity, patch);
        watch.onUpdated?.(identity, patch);
      },
    }),
    onOwed: () => collector.wake(),
    onFault: (error, identity) => fault('a call', error, identity),
  });
  // Those that came during the drain were refused, which takes a moment as well.
  open.push(() => runtime.drain(0));
  const collector = new DebtCollector({
    clock,
    graph,
    debts,
    isLive: (callId) => runtime.isLive(callId),
    onFault: (error) => fault('paying what is owed to Graph', error),
  });
  open.push(() => collector.stop());
  open.push(() => dials.desk.stop());
  const worker = createInboxWorker({
    inbox,
    sink: runtime,
    permissions: dials.desk,
    accounts: database.numberStates,
    artifacts: database.artifacts,
    messages: database.messageKeeper,
    forwarder: database.forwarder,
    directory: numbers,
    clock,
    observer: signaling,
    keepMs: config.database.inboxDays * 24 * 60 * 60_000,
  });
  open.push(async () => {
    // What was said of the last calls came while they ended; nothing comes any more when the server is closed.
    await worker.idle(LAST_WEBHOOKS_MS);
    await worker.stop();
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
    contacts: database.contacts,
    conversations: database.conversations,
    messages: database.messages,
    sentMessages: database.messageKeeper,
    numbers,
    numberStandings: database.numberStates,
    numberGraph: graph.numbers,
    events: {
      webhooks: database.webhooks,
      deliveries: database.deliveries,
      desk: events,
      privateAllowed: config.events.privateAllowed,
    },
    settingsMirror,
    agents: database.agents,
    agentHealth: agents.healthOf,
    agentLines: agents.lines,
    allowLinkLocalAgents: allowLinkLocal,
    twilioCalls: agents.twilioCalls(() => runtime),
    dials: {
      ...watchDials(dials, (decision) => metrics.onDialDecided(decision)),
      keys: database.permissions,
      forward: graph.requests.forward,
    },
    graphProxy,
    live: joinLive(runtime, names),
    controls: joinControls(runtime, agents.policies, config.media.promptsFolder),
    clock,
    keys: anyOf(environmentKeys(config.http.apiKeys), database.apiKeys),
    projects: database.projects,
    apiKeys: database.apiKeys,
    requestsPerSecond: config.http.requestsPerSecond,
    trustedProxies: config.http.trustedProxies,
    publicUrl: config.http.publicUrl,
    health: {
      draining: () => runtime.draining,
      databaseHeld: () => held,
      reachDatabase: () => database.backlogs.reach(),
      capacity: () => ({ live: runtime.liveCalls, max: config.maxCalls }),
    },
    metrics,
    onAnswered: (request) => metrics.onAnswered(request),
    logger,
  });

  open.push(() => api.close());
  const retention = joinRetention(config.retention, database, clock, logger);
  open.push(() => retention.stop());

  await Promise.all([media.ready(), api.ready()]);
  // From here on their time runs, so nothing stands between this and the first webhook of one of them.
  const recovered = await runtime.recover();
  if (recovered > 0) logger.warn({ calls: recovered }, 'closing the calls that the last process left open');
  await api.listen({ host: config.http.host, port: config.http.port });
  worker.start();
  collector.start();
  dials.desk.start();
  events.start();
  agents.watch.start();
  retention.start();
  const url = api.listeningOrigin;
  logger.info({ numbers: numbers.list().length }, 'talkwire is up');

  async function stop(graceMs: number): Promise<void> {
    // Webhooks are still taken while calls end: each of them brings the end of one.
    await runtime.drain(graceMs);
    await closeAll(open, logger);
    logger.info('talkwire is down');
  }
  let stopping: Promise<void> | null = null;

  return {
    url,
    get liveCalls() {
      return runtime.liveCalls;
    },
    hangUp: (key) => runtime.hangUp(key),
    hurry: () => runtime.endAll(),
    stop(graceMs = 0) {
      stopping ??= stop(graceMs);
      return stopping;
    },
  };
}

/** The last opened first. One that fails does not keep the others open. */
async function closeAll(open: readonly Close[], logger: Logger): Promise<void> {
  for (const close of open.toReversed()) {
    try {
      await close();
    } catch (error) {
      logger.error({ during: 'closing', err: error }, 'a part failed');
    }
  }
}
