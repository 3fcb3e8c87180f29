import { readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { SampleRate } from '../call/index.ts';
import { decodeOgg, decodeWav, type Fail, type SoundFileLimits } from './sound-file.ts';

/** A prompt that cannot be played; the message names the file and says why. */
export class PromptError extends Error {
  override readonly name = 'PromptError';
}

/** Larger is no prompt. */
const MAX_BYTES = 32 * 1024 * 1024;
const LIMITS: SoundFileLimits = { maxMs: 600_000, wavRates: null };

/**
 * The prompts of a folder, as PCM. Each is read and decoded once per rate and kept; one that failed is tried again, so that
 * it can be put right without a restart.
 */
export class PromptLibrary {
  readonly #folder: string;
  readonly #loaded = new Map<string, Promise<Int16Array>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Mono sound of `name`, a file of the folder (`.wav` with 16-bit PCM, or `.ogg` or `.opus` with Opus), at `rate` Hz. The
   * array is shared: it must not be written to. Rejects with PromptError.
   */
  load(name: string, rate: SampleRate): Promise<Int16Array> {
    const key = `${rate} ${name}`;
    const known = this.#loaded.get(key);
    if (known !== undefined) return known;
    const loading = readPrompt(this.#folder, name, rate);
    this.#loaded.set(key, loading);
    loading.catch(() => this.#loaded.delete(key));
    return loading;
  }
}

async function readPrompt(folder: string, name: string, rate: SampleRate): Promise<Int16Array> {
  // The name comes from configuration or the API: it must not lead out of the folder.
  if (name === '' || name !== basename(name) || name === '.' || name === '..' || name.includes('\\')) {
    throw new PromptError(`prompt ${JSON.stringify(name)} must be a plain file name`);
  }
  const fail = (why: string) => new PromptError(`prompt ${name}: ${why}`);
  const decode = { '.wav': decodeWav, '.ogg': decodeOgg, '.opus': decodeOgg }[extname(name).toLowerCase()];
  if (decode === undefined) throw fail('must be a .wav, .ogg or .opus file');
  const bytes = await readBounded(join(folder, name), fail);
  const pcm = await decode(bytes, rate, LIMITS, fail);
  if (pcm.length === 0) throw fail('holds no sound');
  return pcm;
}

async function readBounded(path: string, fail: Fail): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw fail(`is larger than ${MAX_BYTES} bytes`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof PromptError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw fail(code === 'ENOENT' ? 'is not in the prompt folder' : `cannot be read (${code})`);
  }
}
