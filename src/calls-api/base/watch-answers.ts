import type { FastifyInstance } from 'fastify';

/** A request that was answered, without anything of what was asked. */
export interface AnsweredRequest {
  /** The id of its operation; of a route that has none, its method and pattern, which has no ids in it. */
  readonly operation: string;
  readonly status: number;
  readonly seconds: number;
}

/** Tells of every answer of every route of `server`. To be called before routes are added. */
export function watchAnswers(server: FastifyInstance, onAnswered: (request: AnsweredRequest) => void): void {
  server.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    const { url, config } = routeOptions;
    const operation = config?.operation?.id ?? (url === undefined ? 'no_such_route' : `${method} ${url}`);
    onAnswered({ operation, status: reply.statusCode, seconds: reply.elapsedTime / 1_000 });
  });
}
