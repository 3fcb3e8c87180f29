import { Registry } from 'prom-client';
import type { CallObserver } from '../observe-calls.ts';
import type { SignalingReports } from '../observe-signaling.ts';
import { type ApiMetrics, apiMetrics } from './api-metrics.ts';
import { type Backlogs, backlogMetrics } from './backlog-metrics.ts';
import { type CallCounts, callMetrics } from './call-metrics.ts';
import { mediaMetrics } from './media-metrics.ts';
import { processMetrics } from './process-metrics.ts';
import { signalingMetrics } from './signaling-metrics.ts';

export interface MetricsSources {
  readonly calls: CallCounts;
  readonly backlogs: Backlogs;
}

/** One metric, as a table of them tells it. */
export interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Counts what the service does. It is told by the observers of the rooms, and asked by whoever scrapes it. */
export interface Metrics extends ApiMetrics {
  readonly calls: CallObserver;
  readonly signaling: Pick<SignalingReports, 'onDelivery' | 'onWorkedOff' | 'onGraphAct'>;
  readonly onLoad: ReturnType<typeof mediaMetrics>;
  /** In the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
  /** Our own, without those of the process. */
  describe(): readonly MetricDescription[];
}

export function createMetrics({ calls, backlogs }: MetricsSources): Metrics {
  const registry = new Registry();
  const process = processMetrics();
  backlogMetrics(registry, backlogs);
  return {
    ...apiMetrics(registry),
    calls: callMetrics(registry, calls),
    signaling: signalingMetrics(registry),
    onLoad: mediaMetrics(registry),
    contentType: registry.contentType,
    text: async () => `${await registry.metrics()}\n${await process.metrics()}`,
    describe: () => registry.getMetricsAsArray().map(descriptionOf),
  };
}

/** Every metric of the library has these, though its types do not tell. */
type Described = Omit<MetricDescription, 'labels'> & { readonly labelNames: readonly string[] };

function descriptionOf(metric: object): MetricDescription {
  const { name, help, type, labelNames } = metric as Described;
  return { name, help, type, labels: labelNames };
}
