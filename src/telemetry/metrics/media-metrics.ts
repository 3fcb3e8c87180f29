import { Gauge, type Registry } from 'prom-client';

/** How busy a media thread is, as it says once a second. */
interface Load {
  readonly calls: number;
  readonly clockLagMs: number;
  readonly utilisation: number;
  readonly cpuMs: number;
  readonly encoderComplexity: number;
}

/** What each media thread said last. */
export function mediaMetrics(registry: Registry): (thread: number, load: Load) => void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `talkwire_media_thread_${name}`, help, labelNames: ['thread'], registers: [registry] });
  const calls = gauge('calls', 'Calls that a media thread has');
  const lag = gauge('clock_lag_seconds', 'How late its clock of 20 ms ticked, worst of the last second');
  const utilisation = gauge('utilisation_ratio', 'Share of its time in which it was busy, 0 to 1');
  const cpu = gauge('cpu_ratio', 'CPU that it used in the last second, 1 is one core');
  const complexity = gauge('opus_complexity', 'Complexity that Opus encodes with, 0 to 10; lower under load');
  return (index, load) => {
    const thread = String(index);
    calls.set({ thread }, load.calls);
    lag.set({ thread }, load.clockLagMs / 1_000);
    utilisation.set({ thread }, load.utilisation);
    cpu.set({ thread }, load.cpuMs / 1_000);
    complexity.set({ thread }, load.encoderComplexity);
  };
}
