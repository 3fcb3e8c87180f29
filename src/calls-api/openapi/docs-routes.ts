import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { type OpenApiDocument, openApiDocument } from './openapi-document.ts';
import type { DescribedRoute } from './route-book.ts';

/** Everything comes from here, and over plain HTTP as well; Swagger UI sets styles of elements itself. */
const CSP =
  "default-src 'self'; base-uri 'self'; frame-ancestors 'none'; img-src 'self' data:; object-src 'none'; style-src 'self' 'unsafe-inline'";

/** The description of the API at `/openapi.json`, and a page to read it at `/docs`. Both without a key: they hold no data. */
export function docsRoutes(server: FastifyInstance, routes: readonly DescribedRoute[], version: string): void {
  let document: OpenApiDocument | null = null;
  // All routes are there once the first request is.
  const made = () => (document ??= openApiDocument(routes, version));

  server.get('/openapi.json', async () => made());
  server.register(async (scope) => {
    await scope.register(swagger, { mode: 'static', specification: { document: {} as never } });
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: CSP,
      transformSpecificationClone: false,
      transformSpecification: () => made() as never,
      uiConfig: { docExpansion: 'list', deepLinking: true, tryItOutEnabled: false, persistAuthorization: false },
    });
  });
}
