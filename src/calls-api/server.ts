import Fastify, { type FastifyInstance } from 'fastify';
import { apiKeyCheck } from './api-key.ts';
import { callRoutes } from './call-routes.ts';
import { replyWithErrors } from './error-replies.ts';
import { ApiError } from './errors.ts';
import type { CallQueries, HealthCheck, KnownNumbers, WebhookReceiver } from './ports.ts';
import { webhookRoutes } from './webhook-routes.ts';

/** The part of a pino logger that is used here. */
export interface ApiLogger {
  error(fields: object, message: string): void;
}

export interface ApiServerOptions {
  readonly webhooks: WebhookReceiver;
  readonly calls: CallQueries;
  readonly numbers: KnownNumbers;
  /** Any of them opens the routes of the call log. */
  readonly apiKeys: readonly string[];
  /** Base of the links between pages, such as `https://bridge.example.com`. Default: what the request says. */
  readonly publicUrl?: string | null;
  readonly health: HealthCheck;
  readonly logger: ApiLogger;
}

/** Builds the HTTP server with all its routes; the caller listens and closes. */
export function createApiServer(options: ApiServerOptions): FastifyInstance {
  const server = Fastify({
    // Requests carry phone numbers and keys: only what goes wrong is logged, by us.
    logger: false,
    // A client that never finishes its request must not hold a connection for ever.
    requestTimeout: 30_000,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
  });
  replyWithErrors(server, options.logger);

  webhookRoutes(server, options.webhooks);

  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const { ready, reason } = options.health.ready();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', reason });
  });

  const allows = apiKeyCheck(options.apiKeys);
  server.register(async (guarded) => {
    guarded.addHook('onRequest', async (request) => {
      if (!allows(request.headers)) throw new ApiError('unauthorized');
    });
    callRoutes(guarded, {
      calls: options.calls,
      numbers: options.numbers,
      publicUrl: options.publicUrl?.replace(/\/+$/, '') ?? null,
    });
  });
  return server;
}
