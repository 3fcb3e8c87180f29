import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { metricsTable, withMetrics } from '../../../scripts/metrics-docs.ts';
import type { CallIdentity, TimelineEvent } from '../../../src/call/index.ts';
import { createMetrics, type Metrics } from '../../../src/telemetry/index.ts';
import { agentReady, closed, identity, ok, quality, T0, TestCall, terminateAfter } from '../../support/call.ts';

function metricsOf(backlogs: Partial<Parameters<typeof createMetrics>[0]['backlogs']> = {}): Metrics {
  return createMetrics({
    calls: { live: () => ({ inbound: 3, outbound: 1 }), capacity: 200 },
    backlogs: { webhooks: async () => 7, deliveries: async () => 12, ...backlogs },
  });
}

/** The value of one line, by its name and labels; null if there is none. */
async function told(metrics: Metrics, line: string): Promise<number | null> {
  const found = (await metrics.text()).split('\n').find((each) => each.startsWith(`${line} `));
  return found === undefined ? null : Number(found.slice(line.length + 1));
}

/** Tells the metrics what a call wrote, as its runtime does. */
function tell(metrics: Metrics, call: TestCall, who: CallIdentity = identity()): void {
  for (const effect of call.effects) {
    if (effect.type === 'log.append') metrics.calls.onTimeline?.(who, effect.event);
    if (effect.type === 'log.update') metrics.calls.onUpdated?.(who, effect.patch);
  }
}

const line = (type: string, at: number, data: TimelineEvent['data'] = {}): TimelineEvent => ({ type, at, data });

describe('metrics of calls', () => {
  it('tell how many are live, and how many may be', async () => {
    const metrics = metricsOf();
    expect(await told(metrics, 'talkwire_calls_live{direction="inbound"}')).toBe(3);
    expect(await told(metrics, 'talkwire_calls_live{direction="outbound"}')).toBe(1);
    expect(await told(metrics, 'talkwire_calls_capacity')).toBe(200);
  });

  it('count ends by class and reason, and measure length, setup and sound', async () => {
    const metrics = metricsOf();
    const call = TestCall.in('connected');
    call.feed({ type: 'agent.spoke', seat: 0, at: T0 + 1_500 }, terminateAfter(T0 + 60_500, 60));
    call.feed(closed(T0 + 60_600, quality({ packetsReceived: 2_970, packetsLost: 30, playoutUnderruns: 4, mos: 4.1 })));
    tell(metrics, call);
    const ended = 'talkwire_calls_ended_total{direction="inbound",class="completed",reason="user_hangup"}';
    expect(await told(metrics, ended)).toBe(1);
    expect(await told(metrics, 'talkwire_call_setup_seconds_sum')).toBe(0.5);
    expect(await told(metrics, 'talkwire_call_greeting_seconds_sum{direction="inbound"}')).toBe(1);
    expect(await told(metrics, 'talkwire_call_duration_seconds_sum{direction="inbound"}')).toBe(60);
    expect(await told(metrics, 'talkwire_call_playout_underruns_total{direction="inbound"}')).toBe(4);
    expect(await told(metrics, 'talkwire_call_mos_sum{direction="inbound"}')).toBe(4.1);
    expect(await told(metrics, 'talkwire_call_loss_ratio_sum{direction="inbound"}')).toBe(0.01);
  });

  it('take the first words of a call for its greeting, and those of no agent that came later', async () => {
    const metrics = metricsOf();
    for (const event of [
      line('agent_started', 1_000),
      line('agent_spoke', 1_200, { seat: 0 }),
      line('agent_spoke', 60_000, { seat: 1 }),
    ])
      metrics.calls.onTimeline?.(identity(), event);
    expect(await told(metrics, 'talkwire_call_greeting_seconds_count{direction="inbound"}')).toBe(1);
  });

  it('count agents that failed and calls that were given away', async () => {
    const metrics = metricsOf();
    const call = TestCall.in('offered');
    call.feed(
      { type: 'agent.failed', seat: 0, code: 'unauthorized', detail: '', at: T0 + 1 },
      agentReady(T0),
      ok(T0, 'reject'),
    );
    tell(metrics, call);
    expect(await told(metrics, 'talkwire_agent_failures_total{code="unauthorized"}')).toBe(1);
    for (const type of ['transferred', 'transfer_failed', 'transfer_waiting']) {
      metrics.calls.onTimeline?.(identity(), line(type, 1));
    }
    for (const outcome of ['transferred', 'failed', 'waiting']) {
      expect(await told(metrics, `talkwire_transfers_total{outcome="${outcome}"}`)).toBe(1);
    }
  });
});

describe('metrics of the rest', () => {
  it('count webhooks, and what is asked of Graph', async () => {
    const metrics = metricsOf();
    const { signaling } = metrics;
    signaling.onDelivery('stored', 'meta');
    signaling.onDelivery('bad_signature', null);
    signaling.onWorkedOff(1, 'nothing of ours');
    signaling.onWorkedOff(2, 'failed: the wording of an error that nobody can foresee');
    const about = { phoneNumberId: '1', attempts: 2, tookMs: 300, alert: false };
    signaling.onGraphAct({ ...about, result: { type: 'graph.ok', action: 'accept' } });
    const error = { code: 100, kind: 'refused', message: 'no' };
    signaling.onGraphAct({ ...about, result: { type: 'graph.failed', action: 'accept', error } });
    expect(await told(metrics, 'talkwire_webhooks_received_total{outcome="stored",source="meta"}')).toBe(1);
    expect(await told(metrics, 'talkwire_webhooks_received_total{outcome="bad_signature",source="unknown"}')).toBe(1);
    expect(await told(metrics, 'talkwire_webhooks_worked_off_total{outcome="failed"}')).toBe(1);
    const graph = 'talkwire_graph_request_duration_seconds';
    expect(await told(metrics, `${graph}_sum{deed="accept",outcome="ok"}`)).toBe(0.3);
    expect(await told(metrics, `${graph}_count{deed="accept",outcome="refused"}`)).toBe(1);
    expect(await told(metrics, 'talkwire_graph_attempts_total{deed="accept"}')).toBe(4);
  });

  it('count requests, dials, events and the load of media threads', async () => {
    const metrics = metricsOf();
    metrics.onAnswered({ operation: 'list_calls', status: 200, seconds: 0.02 });
    metrics.onDialDecided('no_permission');
    metrics.onEventAttempt({ kind: 'kapso', outcome: 'retry', seconds: 1 });
    metrics.onLoad(0, { calls: 4, clockLagMs: 3, utilisation: 0.5, cpuMs: 400, encoderComplexity: 8 });
    const http = 'talkwire_http_request_duration_seconds_count{operation="list_calls",status="200"}';
    expect(await told(metrics, http)).toBe(1);
    expect(await told(metrics, 'talkwire_dials_decided_total{decision="no_permission"}')).toBe(1);
    const attempt = 'talkwire_event_attempt_duration_seconds_sum{kind="kapso",outcome="retry"}';
    expect(await told(metrics, attempt)).toBe(1);
    expect(await told(metrics, 'talkwire_media_thread_calls{thread="0"}')).toBe(4);
    expect(await told(metrics, 'talkwire_media_thread_clock_lag_seconds{thread="0"}')).toBe(0.003);
  });

  it('tell what waits, and nothing where the database does not answer', async () => {
    expect(await told(metricsOf(), 'talkwire_webhooks_backlog')).toBe(7);
    expect(await told(metricsOf(), 'talkwire_event_deliveries_backlog')).toBe(12);
    const away = metricsOf({
      webhooks: () => Promise.reject(new Error('away')),
      deliveries: () => new Promise(() => {}),
    });
    expect(await told(away, 'talkwire_webhooks_backlog')).toBeNaN();
    expect(await told(away, 'talkwire_event_deliveries_backlog')).toBeNaN();
  });

  it('hold those of the process, once for all services in it', async () => {
    const text = await metricsOf().text();
    expect(text.match(/^process_resident_memory_bytes /gm)).toHaveLength(1);
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds ');
    await metricsOf().text();
  });
});

describe('the names of metrics', () => {
  const all = metricsOf().describe();

  it.each(all)('$name', ({ name, type, labels, help }) => {
    expect(name).toMatch(/^talkwire_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(help).not.toBe('');
    // Whose values have no bound, or are personal data.
    for (const label of labels) expect(label).not.toMatch(/number|user|phone|agent|call|path|url|key|project|id/);
  });

  it('are those of docs/operating.md', () => {
    const document = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');
    expect(document).toContain(metricsTable());
    expect(withMetrics(document)).toBe(document);
  });
});
