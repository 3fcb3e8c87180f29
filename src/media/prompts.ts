import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { SampleRate } from '../call/index.ts';
import { decodeOgg, decodeWav, type Fail, type SoundFileLimits } from './sound-file.ts';

/** A prompt that cannot be played; the message names the file and says why. */
export class PromptError extends Error {
  override readonly name = 'PromptError';
  /** The message without the file. */
  readonly why: string;

  constructor(prompt: string, why: string) {
    super(`prompt ${prompt}: ${why}`);
    this.why = why;
  }
}

/** Larger is no prompt. */
const MAX_BYTES = 32 * 1024 * 1024;
const TOO_LARGE = `is larger than ${MAX_BYTES} bytes`;
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

/** Why `name` cannot be played from the folder, as far as that shows without reading it; null if nothing speaks against it. */
export async function promptFault(folder: string, name: string): Promise<string | null> {
  try {
    const { fail } = soundOf(name);
    const { size } = await statOf(join(folder, name), fail);
    if (size > MAX_BYTES) throw fail(TOO_LARGE);
    return null;
  } catch (error) {
    if (error instanceof PromptError) return error.why;
    throw error;
  }
}

async function readPrompt(folder: string, name: string, rate: SampleRate): Promise<Int16Array> {
  const { decode, fail } = soundOf(name);
  const bytes = await readBounded(join(folder, name), fail);
  const pcm = await decode(bytes, rate, LIMITS, fail);
  if (pcm.length === 0) throw fail('holds no sound');
  return pcm;
}

/** How a file of this name is read. The name comes from configuration or the API: it must not lead out of the folder. */
function soundOf(name: string) {
  if (name === '' || name !== basename(name) || name === '.' || name === '..' || name.includes('\\')) {
    throw new PromptError(JSON.stringify(name), 'must be a plain file name');
  }
  const fail: Fail = (why) => new PromptError(name, why);
  const decode = { '.wav': decodeWav, '.ogg': decodeOgg, '.opus': decodeOgg }[extname(name).toLowerCase()];
  if (decode === undefined) throw fail('must be a .wav, .ogg or .opus file');
  return { decode, fail };
}

async function readBounded(path: string, fail: Fail): Promise<Buffer> {
  const { size } = await statOf(path, fail);
  if (size > MAX_BYTES) throw fail(TOO_LARGE);
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadable(error, fail);
  }
}

async function statOf(path: string, fail: Fail): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw unreadable(error, fail);
  }
}

function unreadable(error: unknown, fail: Fail): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return fail(code === 'ENOENT' ? 'is not in the prompt folder' : `cannot be read (${code})`);
}
