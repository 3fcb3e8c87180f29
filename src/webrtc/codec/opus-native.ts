import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/** The native encoder as its binary exports it. `encode` writes into the buffer that all encoders of the binary share. */
export interface NativeEncoder {
  encode(pcm: Int16Array): number;
  ctl(request: number, value: number): number;
}

export interface NativeOpus {
  readonly Encoder: new (options: {
    readonly channels: 1;
    readonly sample_rate: number;
    readonly application: 'voip';
  }) => NativeEncoder;
  /** Where `encode` leaves its packets. */
  readonly buffers: { encoder(): Uint8Array };
}

/** Keeps a library mapped after the thread that loaded it has ended. */
const NO_DELETE: Readonly<Partial<Record<NodeJS.Platform, number>>> = { linux: 0x1000, darwin: 0x80 };

/**
 * Loads the binary inside `@evan/opus` 1.0.3. Throws if this platform has none or it does not load.
 *
 * Not through the package's own entry, for three reasons, each tried here with worker threads:
 * - that entry falls back to its own WebAssembly without a word;
 * - the binary keeps one static packet buffer, so threads that encode at the same time get each other's packets: every
 *   worker thread therefore loads a copy of the file, which the loader treats as a library of its own;
 * - the binary is unmapped when the worker that loaded it ends, while its thread-local destructors are still to run, which
 *   kills the process: it is pinned.
 */
export function loadNativeOpus(): NativeOpus {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('@evan/opus/node/index.js'));
  const file = join(folder, `${process.arch}-${process.platform}.node`);
  if (isMainThread) return open(file);
  const own = mkdtempSync(join(tmpdir(), 'talkwire-opus-'));
  try {
    const copy = join(own, 'opus.node');
    copyFileSync(file, copy);
    return open(copy);
  } finally {
    discard(own);
  }
}

function open(file: string): NativeOpus {
  const module = { exports: {} };
  process.dlopen(module, file, constants.dlopen.RTLD_NOW | (NO_DELETE[process.platform] ?? 0));
  return module.exports as NativeOpus;
}

/** The mapping outlives the file. Where an open library cannot be deleted (Windows), the folder stays behind. */
function discard(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // A leftover in the temporary folder is no reason to go without the native encoder.
  }
}
