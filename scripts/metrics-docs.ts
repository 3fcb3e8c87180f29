import { createMetrics } from '../src/telemetry/index.ts';
import { type Section, withSection } from './error-docs.ts';

const METRICS_SECTION: Section = { begin: '<!-- metrics: begin -->', end: '<!-- metrics: end -->' };

/** Puts the table of metrics into docs/operating.md, in the place of the old one. */
export function withMetrics(document: string): string {
  return withSection(document, METRICS_SECTION, metricsTable());
}

/** Marks included, without a line end after it. */
export function metricsTable(): string {
  const metrics = createMetrics({
    calls: { live: () => ({ inbound: 0, outbound: 0 }), capacity: 0 },
    backlogs: { webhooks: async () => 0, deliveries: async () => 0 },
  }).describe();
  const rows = metrics.map(({ name, type, labels, help }) => {
    const names = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${names} | ${help} |`;
  });
  return [
    METRICS_SECTION.begin,
    '<!-- Made by `node scripts/generate-metrics-docs.ts` from src/telemetry/metrics. Do not edit by hand. -->',
    '',
    '| Metric | Type | Labels | Meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    METRICS_SECTION.end,
  ].join('\n');
}
