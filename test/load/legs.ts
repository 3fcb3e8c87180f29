/**
 * Measures legs alone: a worker thread holds the phones, the main thread our answering legs, which echo every packet.
 * `node test/load/legs.ts --legs 20 --seconds 10`. CPU is that of the main thread only. The numbers hold for loopback, raw
 * packets of 62 bytes, no Opus, no agent.
 */
import { parseArgs } from 'node:util';
import { parentPort, Worker } from 'node:worker_threads';
import { type Leg, type LegListener, openAnsweringLeg, openOfferingLeg } from '../../src/webrtc/index.ts';
import { loopback } from '../support/leg-pair.ts';
import { percentile, printFigures, round } from './support/figures.ts';

type ToPhones =
  | { readonly type: 'open'; readonly id: number }
  | { readonly type: 'answer'; readonly id: number; readonly sdp: string }
  | { readonly type: 'talk' };
type FromPhones = { readonly id: number; readonly sdp: string } | { readonly heard: number; readonly sent: number };

const silent: LegListener = {
  onConnected: () => {},
  onFailed: (code, detail) => console.error('failed', code, detail),
  onAudio: () => {},
  onDtmf: () => {},
  onActivity: () => {},
  onBye: () => {},
};

if (parentPort === null) await measure();
else phones(parentPort);

async function measure(): Promise<void> {
  const { values } = parseArgs({
    options: { legs: { type: 'string', default: '20' }, seconds: { type: 'string', default: '10' } },
  });
  const count = Number(values.legs);
  const seconds = Number(values.seconds);
  const worker = new Worker(new URL(import.meta.url));
  const offers = new Map<number, (sdp: string) => void>();
  let counted: (counts: { heard: number; sent: number }) => void = () => {};
  worker.on('message', (message: FromPhones) => {
    if ('id' in message) offers.get(message.id)?.(message.sdp);
    else counted(message);
  });
  const tell = (message: ToPhones) => worker.postMessage(message);
  const offer = (id: number) =>
    new Promise<string>((resolve) => {
      offers.set(id, resolve);
      tell({ type: 'open', id });
    });

  const setups: number[] = [];
  const legs: Leg[] = [];
  let rssBefore = 0;
  for (let id = 0; id <= count; id++) {
    // The first leg pays for the certificate and for code that runs the first time; it is not counted.
    if (id === 1) rssBefore = await settledRss();
    const sdp = await offer(id);
    let echo: Leg | null = null;
    const connected = Promise.withResolvers<number>();
    const leg = await openAnsweringLeg(sdp, loopback(), {
      ...silent,
      onConnected: connected.resolve,
      onAudio: (payload) => echo?.sendAudio(payload, false),
    });
    tell({ type: 'answer', id, sdp: leg.localSdp });
    const setupMs = await connected.promise;
    if (id === 0) {
      await leg.close();
      continue;
    }
    setups.push(setupMs);
    leg.ungate();
    echo = leg;
    legs.push(leg);
  }
  const rssAfter = await settledRss();

  tell({ type: 'talk' });
  await sleep(2_000);
  const from = process.threadCpuUsage();
  await sleep(seconds * 1_000);
  const used = process.threadCpuUsage(from);
  const cpuMs = (used.user + used.system) / 1_000;
  const counts = await new Promise<{ heard: number; sent: number }>((resolve) => {
    counted = resolve;
    tell({ type: 'talk' });
  });
  printFigures('legs', [
    {
      legs: count,
      'setup p50 ms': round(percentile(setups, 50)),
      'setup p95 ms': round(percentile(setups, 95)),
      'MB/pair': round((rssAfter - rssBefore) / count / 2 ** 20, 2),
      'cpu ms/call-s': round(cpuMs / count / seconds, 2),
      sent: counts.sent,
      'came back': counts.heard,
    },
  ]);
  await Promise.all(legs.map((leg) => leg.close()));
  await worker.terminate();
}

function phones(port: NonNullable<typeof parentPort>): void {
  const legs = new Map<number, Leg>();
  const packet = Buffer.alloc(62, 0x48);
  let heard = 0;
  let sent = 0;
  let talking = false;
  const tick = (next: number) => {
    for (const [id, leg] of legs) {
      if (id === 0) continue;
      leg.sendAudio(packet, false);
      sent += 1;
    }
    if (talking) setTimeout(tick, Math.max(0, next + 20 - performance.now()), next + 20);
  };
  port.on('message', async (message: ToPhones) => {
    switch (message.type) {
      case 'open': {
        const onAudio = () => {
          heard += 1;
        };
        const leg = await openOfferingLeg(loopback(), { ...silent, onAudio }, { role: 'meta' });
        legs.set(message.id, leg);
        port.postMessage({ id: message.id, sdp: leg.localSdp } satisfies FromPhones);
        return;
      }
      case 'answer':
        await legs.get(message.id)?.applyAnswer(message.sdp);
        legs.get(message.id)?.ungate();
        return;
      case 'talk':
        talking = !talking;
        if (talking) tick(performance.now());
        else setTimeout(() => port.postMessage({ heard, sent } satisfies FromPhones), 200);
        return;
      default:
        message satisfies never;
    }
  });
}

async function settledRss(): Promise<number> {
  await sleep(1_000);
  return process.memoryUsage().rss;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
