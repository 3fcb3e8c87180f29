import type { FastifyInstance } from 'fastify';
import type { Operation } from '../base/operation.ts';

/** One way to an operation. */
export interface DescribedRoute {
  readonly method: string;
  /** As fastify spells it, such as `/platform/v1/voice_agents/:id`. */
  readonly url: string;
  readonly operation: Operation;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Complete once the server is ready. */
    describedRoutes: readonly DescribedRoute[];
  }
}

/** Writes down every described route that is added to `scope` from now on, in their order; `describedRoutes` of it tells them. */
export function collectRoutes(scope: FastifyInstance): readonly DescribedRoute[] {
  const routes: DescribedRoute[] = [];
  scope.addHook('onRoute', ({ method, url, config }) => {
    const operation = config?.operation;
    if (operation === undefined) return;
    // HEAD follows its GET, and has nothing of its own to describe.
    for (const each of [method].flat()) if (each !== 'HEAD') routes.push({ method: each, url, operation });
  });
  scope.decorate('describedRoutes', routes);
  return routes;
}
