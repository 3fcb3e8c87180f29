import { readFileSync } from 'node:fs';
import Fastify, { type FastifyInstance } from 'fastify';
import type { AgentLines } from '../agents/index.ts';
import type { VoiceAgentBook } from '../agents/ports.ts';
import type { ClientDesk, DialDesk, DialRulesBook, PermissionBook } from '../permissions/index.ts';
import { callerIn } from './base/api-key.ts';
import { opens } from './base/caller.ts';
import { replyWithErrors } from './base/error-replies.ts';
import { ApiError } from './base/errors.ts';
import { readJsonBodies } from './base/json-bodies.ts';
import { demandDescriptions } from './base/operation.ts';
import { attachAgentDoor, isWebsocketUpgrade } from './doors/agent-door-routes.ts';
import { type TwilioCalls, twilioRoutes } from './doors/twilio-routes.ts';
import { webhookRoutes } from './doors/webhook-routes.ts';
import { callRoutes } from './graph/call-routes.ts';
import { graphRoutes } from './graph/graph-routes.ts';
import { docsRoutes } from './openapi/docs-routes.ts';
import { collectRoutes } from './openapi/route-book.ts';
import { callRulesIn, toCallRules } from './platform/call-rules.ts';
import { dialRoutes } from './platform/dial-routes.ts';
import { dialRulesIn, toDialRules } from './platform/dial-rules.ts';
import { numberRulesRoutes } from './platform/number-rules-routes.ts';
import { voiceAgentRoutes } from './platform/voice-agent-routes.ts';
import type {
  AgentHealth,
  CallQueries,
  GraphForward,
  HealthCheck,
  KeyRing,
  KnownNumbers,
  LiveCalls,
  NumberRulesBook,
  WebhookReceiver,
} from './ports.ts';

/** The part of a pino logger that is used here. */
export interface ApiLogger {
  error(fields: object, message: string): void;
}

export interface ApiServerOptions {
  readonly webhooks: WebhookReceiver;
  readonly calls: CallQueries;
  readonly numbers: KnownNumbers & NumberRulesBook & DialRulesBook;
  readonly agents: VoiceAgentBook;
  /** Default: nothing is known of any. */
  readonly agentHealth?: (agentId: string) => AgentHealth;
  /** Agents that dial us. */
  readonly agentLines: AgentLines;
  readonly twilioCalls: TwilioCalls;
  readonly dials: DialDesks;
  readonly live: LiveCalls;
  /** Agents may have link-local and metadata addresses. */
  readonly allowLinkLocalAgents: boolean;
  readonly keys: KeyRing;
  /** Base of the links between pages, such as `https://bridge.example.com`. Default: what the request says. */
  readonly publicUrl?: string | null;
  readonly health: HealthCheck;
  /** Unix milliseconds. */
  readonly clock: { now(): number };
  readonly logger: ApiLogger;
}

/** Calls that the business starts. */
export interface DialDesks {
  readonly desk: Pick<DialDesk, 'dial' | 'cancel'>;
  readonly clients: Pick<ClientDesk, 'connect' | 'send' | 'permissions'>;
  readonly keys: Pick<PermissionBook, 'remember' | 'forget'>;
  readonly forward: GraphForward;
}

const { version: VERSION } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Builds the HTTP server with all its routes; the caller listens and closes. */
export function createApiServer(options: ApiServerOptions): FastifyInstance {
  const server = Fastify({
    // Requests carry phone numbers and keys: only what goes wrong is logged, by us.
    logger: false,
    // A client that never finishes its request must not hold a connection for ever.
    requestTimeout: 30_000,
    http: { shouldUpgradeCallback: isWebsocketUpgrade },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
  });
  const now = () => options.clock.now();
  const described = collectRoutes(server);
  docsRoutes(server, described, VERSION);
  replyWithErrors(server, options.logger, now);

  webhookRoutes(server, options.webhooks);
  twilioRoutes(server, options.twilioCalls);
  attachAgentDoor(server, options.agentLines);

  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const { ready, reason } = options.health.ready();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', reason });
  });

  server.decorateRequest('caller', null);
  server.register(async (guarded) => {
    guarded.addHook('onRequest', async (request) => {
      const caller = callerIn(request.headers, options.keys);
      if (caller === null) throw new ApiError('unauthorized');
      const needed = request.routeOptions.config.operation?.scope ?? 'admin';
      if (!opens(caller.scope, needed)) throw new ApiError('forbidden', `This needs a key with the scope ${needed}`);
      request.caller = caller;
    });
    demandDescriptions(guarded);
    readJsonBodies(guarded);
    callRoutes(guarded, {
      calls: options.calls,
      numbers: options.numbers,
      publicUrl: options.publicUrl?.replace(/\/+$/, '') ?? null,
    });
    voiceAgentRoutes(guarded, {
      book: options.agents,
      numbers: options.numbers,
      allowLinkLocal: options.allowLinkLocalAgents,
      health: options.agentHealth ?? (() => 'unknown'),
      onChanged: () => options.agentLines.recheck(),
      now,
    });
    numberRulesRoutes(guarded, options.numbers, {
      name: 'call_rules',
      read: (id) => options.numbers.rules(id),
      write: (id, rules) => options.numbers.setRules(id, rules, now()),
      rulesIn: callRulesIn,
      toAnswer: toCallRules,
    });
    const { calls, live, numbers, dials } = options;
    numberRulesRoutes(guarded, numbers, {
      name: 'dial_rules',
      read: (id) => numbers.dialRules(id),
      write: (id, rules) => numbers.setDialRules(id, rules, now()),
      rulesIn: dialRulesIn,
      toAnswer: toDialRules,
    });
    dialRoutes(guarded, { ...dials, calls, live, now });
    graphRoutes(guarded, { ...dials, calls, live, numbers });
  });
  return server;
}
