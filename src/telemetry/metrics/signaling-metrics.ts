import { Counter, Histogram, type Registry } from 'prom-client';
import type { SignalingReports } from '../observe-signaling.ts';

const SECONDS = [0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30];

/** What comes from WhatsApp and what is asked of Graph. */
export function signalingMetrics(
  registry: Registry,
): Pick<SignalingReports, 'onDelivery' | 'onWorkedOff' | 'onGraphAct'> {
  const registers = [registry];
  const received = new Counter({
    name: 'talkwire_webhooks_received_total',
    help: 'Webhooks of Meta and Kapso, by what became of them before they were answered',
    labelNames: ['outcome', 'source'],
    registers,
  });
  const workedOff = new Counter({
    name: 'talkwire_webhooks_worked_off_total',
    help: 'Stored webhooks that were worked off, or given up',
    labelNames: ['outcome'],
    registers,
  });
  const graph = new Histogram({
    name: 'talkwire_graph_request_duration_seconds',
    help: 'What was asked of Graph, all attempts included, by deed and outcome',
    labelNames: ['deed', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const attempts = new Counter({
    name: 'talkwire_graph_attempts_total',
    help: 'HTTP requests that went to Graph, by deed',
    labelNames: ['deed'],
    registers,
  });
  return {
    onDelivery: (outcome, source) => received.inc({ outcome, source: source ?? 'unknown' }),
    // What it says beyond that is for the log.
    onWorkedOff: (_id, outcome) => workedOff.inc({ outcome: outcome.startsWith('failed') ? 'failed' : 'done' }),
    onGraphAct({ result, tookMs, attempts: made }) {
      const deed = result.action;
      const outcome = result.type === 'graph.ok' ? 'ok' : result.error.kind;
      graph.observe({ deed, outcome }, tookMs / 1_000);
      attempts.inc({ deed }, made);
    },
  };
}
