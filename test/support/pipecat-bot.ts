import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** `new`: the newest release; `old`: the last before the bot says itself that it was interrupted. */
export type PipecatVersion = 'new' | 'old';

export interface PipecatBotOptions {
  readonly version: PipecatVersion;
  /** Default protobuf. */
  readonly serializer?: 'protobuf' | 'twilio';
  /** Default: on client-ready with protobuf, on connecting with Twilio. */
  readonly greetOn?: 'ready' | 'connect';
  /** `tones` (default), `none`, or the path of a WAV file (16-bit, mono). */
  readonly greeting?: string;
  /** Length of the tones. Default 1000. */
  readonly greetingMs?: number;
  /** Before the greeting it says a line with words, and that the caller said one. */
  readonly said?: boolean;
  /** Default true: what the caller says loudly comes back. */
  readonly echo?: boolean;
  /** What key 1 makes it say, milliseconds. Default 10,000. */
  readonly talkMs?: number;
  /** Ends the call so long after the greeting began. */
  readonly endAfterMs?: number;
  /** Hz; default 16,000 and 24,000 (Pipecat's own), with Twilio 8,000. */
  readonly inRate?: number;
  readonly outRate?: number;
  readonly wavHeaders?: boolean;
  /** Hangs up by Twilio's REST API; only the new version can have it elsewhere than at Twilio. */
  readonly rest?: { readonly baseUrl: string; readonly accountSid: string; readonly authToken: string };
}

/** What the bot wrote down: `event` and what belongs to it (test/interop/pipecat/bot.py). */
export type BotEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

/** No bot has anything to do that takes so long. */
const PATIENCE_MS = 30_000;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = process.env['TALKWIRE_INTEROP_FOLDER'] ?? `${ROOT}/var/interop`;
const SCRIPTS = `${ROOT}/test/interop/pipecat`;

function pythonOf(version: PipecatVersion): string {
  return `${FOLDER}/pipecat-${version}/bin/python`;
}

/**
 * Whether tests with this Pipecat can run. Where they must (TALKWIRE_INTEROP=required, as in CI) this says yes, so that they
 * fail when it is missing.
 */
export function pipecatInstalled(version: PipecatVersion): boolean {
  if (process.env['TALKWIRE_INTEROP'] === 'required') return true;
  const installed = existsSync(`${FOLDER}/pipecat-${version}/installed.txt`);
  if (!installed) process.stderr.write(`Pipecat (${version}) is not installed: run scripts/install-interop.sh\n`);
  return installed;
}

/** Runs a Python program in the environment of a Pipecat; resolves to what it wrote to standard output. */
export async function runPipecatPython(version: PipecatVersion, program: string, input: string): Promise<string> {
  const child = spawn(pythonOf(version), ['-c', program], { env: environment(), stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`python ended with ${code}: ${errors.slice(-2000)}`);
  return output;
}

/** A real Pipecat bot in a process of its own. */
export class PipecatBot {
  /** ws:// of the bot. */
  readonly url: string;
  readonly events: BotEvent[] = [];
  readonly #child: ChildProcess;
  #wake = Promise.withResolvers<void>();
  #ended = false;
  #log = '';

  constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** The event of this name, the first or the `count`th, waiting for it; fails if the bot ends or takes too long. */
  async event(name: string, count = 1): Promise<BotEvent> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, PATIENCE_MS);
    try {
      return await Promise.race([
        this.#comes(name, count),
        late.promise.then(() => {
          throw new Error(`no "${name}" of the bot within ${PATIENCE_MS} ms: ${this.#log.slice(-2000)}`);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #comes(name: string, count: number): Promise<BotEvent> {
    for (;;) {
      const found = this.events.filter(({ event }) => event === name)[count - 1];
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`the bot ended before "${name}": ${this.#log.slice(-2000)}`);
      await this.#wake.promise;
    }
  }

  /** Ends the process at once, as a crash does. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** What went wrong, as Pipecat logged it. */
  get log(): string {
    return this.#log;
  }

  heard(event: BotEvent): void {
    this.events.push(event);
    this.#rouse();
  }

  logged(text: string): void {
    this.#log += text;
  }

  ended(): void {
    this.#ended = true;
    this.#rouse();
  }

  #rouse(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

export async function startPipecatBot(options: PipecatBotOptions): Promise<PipecatBot> {
  const child = spawn(pythonOf(options.version), [`${SCRIPTS}/bot.py`, ...argumentsOf(options)], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const begun = Promise.withResolvers<PipecatBot>();
  let log = '';
  let bot: PipecatBot | null = null;
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString('utf8');
    bot?.logged(chunk.toString('utf8'));
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as BotEvent;
    if (event.event === 'listening') {
      bot = new PipecatBot(child, `ws://127.0.0.1:${event['port']}/ws`);
      begun.resolve(bot);
    } else {
      bot?.heard(event);
    }
  });
  child.on('error', (error) => begun.reject(error));
  child.on('close', () => {
    bot?.ended();
    begun.reject(new Error(`the bot did not start: ${log.slice(-2000)}`));
  });
  return begun.promise;
}

export interface PipecatRunner {
  /** http:// of the route. */
  readonly startUrl: string;
  stop(): Promise<void>;
}

/** Pipecat's own development runner around a bot; its sockets open by one-time tokens only. Newest Pipecat. */
export async function startPipecatRunner(
  host: string,
  port: number,
  script = `${SCRIPTS}/runner_bot.py`,
): Promise<PipecatRunner> {
  const child = spawn(
    pythonOf('new'),
    [script, '-t', 'websocket', '--ws-auth', 'token', '--host', host, '--port', String(port)],
    { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => {
    log += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString('utf8');
  });
  const origin = `http://127.0.0.1:${port}`;
  while (!(await answers(`${origin}/status`))) {
    if (child.exitCode !== null) throw new Error(`the runner did not start: ${log.slice(-2000)}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
  return {
    startUrl: `${origin}/start`,
    async stop() {
      if (child.exitCode !== null) return;
      const gone = once(child, 'close');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, NLTK_DATA: `${FOLDER}/nltk_data`, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' };
}

function argumentsOf(options: PipecatBotOptions): string[] {
  const { serializer = 'protobuf', greetOn, greeting, greetingMs, echo = true, talkMs, endAfterMs } = options;
  const values: Record<string, string | number | undefined> = {
    '--serializer': serializer,
    '--greet-on': greetOn,
    '--greeting': greeting,
    '--greeting-ms': greetingMs,
    '--talk-ms': talkMs,
    '--end-after-ms': endAfterMs,
    '--in-rate': options.inRate,
    '--out-rate': options.outRate,
    '--base-url': options.rest?.baseUrl,
    '--account-sid': options.rest?.accountSid,
    '--auth-token': options.rest?.authToken,
  };
  return [
    ...Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)])),
    ...(echo ? [] : ['--no-echo']),
    ...(options.said === true ? ['--said'] : []),
    ...(options.wavHeaders === true ? ['--wav-headers'] : []),
  ];
}
