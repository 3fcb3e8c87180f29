import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { described } from '../base/operation.ts';
import type { MetricsText } from '../ports.ts';

const METRICS = described({
  id: 'metrics',
  tag: 'Operation',
  summary: 'Metrics for Prometheus',
  description: 'Of the whole installation, so only keys of the environment open it (docs/operating.md).',
  scope: 'admin',
  installation: true,
  answers: {
    200: { description: 'The text format of Prometheus', body: z.string(), contentType: 'text/plain' },
  },
});

export function metricsRoutes(server: FastifyInstance, metrics: MetricsText): void {
  server.get('/metrics', METRICS, async (_request, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.text()),
  );
}
