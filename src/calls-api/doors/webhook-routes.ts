import type { FastifyInstance } from 'fastify';
import type { WebhookReceiver } from '../ports.ts';

/** Meta sends batches of up to 3 MB (meta-calling.md §3.2). */
const BODY_LIMIT_BYTES = 3 * 1024 * 1024;

/** Meta's and Kapso's webhooks. The body stays the bytes that were signed, whatever type it claims to be. */
export function webhookRoutes(server: FastifyInstance, webhooks: WebhookReceiver): void {
  server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Fastify answers 415 to a malformed type before any parser is asked.
    scope.addHook('onRequest', async (request) => {
      request.raw.headers['content-type'] = 'application/octet-stream';
    });
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES },
      async (_: unknown, body: unknown) => body,
    );

    scope.get<{ Querystring: Record<string, unknown> }>('/webhooks/whatsapp', (request, reply) => {
      const { status, body } = webhooks.verify(request.query);
      // Plain text: the challenge comes from outside and must not become a page.
      return reply
        .code(status)
        .type('text/plain; charset=utf-8')
        .header('X-Content-Type-Options', 'nosniff')
        .send(body);
    });

    scope.post('/webhooks/whatsapp', { bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const { status } = await webhooks.receive(request.headers, body);
      return reply.code(status).send();
    });
  });
}
