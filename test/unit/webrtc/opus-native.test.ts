import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { loadNativeOpus } from '../../../src/webrtc/codec/opus-native.ts';

const FRAMES = 2_000;

/** Runs in a worker too: the packets of a noisy sound that `seed` decides, as one hash. */
function packetsHash(load: typeof loadNativeOpus, hash: typeof createHash, seed: number, frames: number): string {
  const opus = load();
  const encoder = new opus.Encoder({ channels: 1, sample_rate: 16_000, application: 'voip' });
  const packet = opus.buffers.encoder();
  encoder.ctl(4010, 0);
  const pcm = new Int16Array(320);
  const sum = hash('sha256');
  let state = seed;
  for (let n = 0; n < frames; n += 1) {
    for (let i = 0; i < 320; i += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      pcm[i] = (state >>> 20) - 2_048 + Math.sin(i * seed) * 6_000;
    }
    sum.update(packet.subarray(0, encoder.encode(pcm)));
  }
  return sum.digest('hex');
}

function inWorker(seed: number): Promise<string> {
  const module = new URL('../../../src/webrtc/codec/opus-native.ts', import.meta.url).href;
  const code = `
    const { createHash } = await import('node:crypto');
    const { parentPort } = await import('node:worker_threads');
    const { loadNativeOpus } = await import(${JSON.stringify(module)});
    parentPort.postMessage((${packetsHash.toString()})(loadNativeOpus, createHash, ${seed}, ${FRAMES}));`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  return new Promise((resolve, reject) => {
    let answer = '';
    worker.on('message', (message: string) => {
      answer = message;
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve(answer));
  });
}

describe('the native encoder in several threads', () => {
  it('gives each thread its own packets, and outlives the threads', async () => {
    const alone = [1, 2, 3].map((seed) => packetsHash(loadNativeOpus, createHash, seed, FRAMES));
    expect(new Set(alone).size).toBe(3);
    expect(await Promise.all([1, 2, 3].map(inWorker))).toEqual(alone);
    expect(await Promise.all([3, 2, 1].map(inWorker))).toEqual([...alone].reverse());
  });
});
