import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pino } from 'pino';
import { redact } from './redact.ts';

export type Logger = pino.Logger;

export interface LoggerOptions {
  readonly level: string;
  /** Default: the standard output. */
  readonly destination?: { write(line: string): unknown };
  /** Gets a copy of every line, at once. Default: TALKWIRE_LOG_FILE, so that a test suite can audit what its processes log. */
  readonly file?: string | null;
  /** Values that must never be in a line, besides what the guard recognises by its form. */
  readonly secrets?: readonly string[];
}

/**
 * Builds the logger: one JSON object per line. Calls are named by `call`, our own UUID; Meta's call ids can encode the
 * user's number and are struck out.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { destination = standardOutput(), file = process.env['TALKWIRE_LOG_FILE'] || null } = options;
  const secrets = (options.secrets ?? []).filter((secret) => secret !== '');
  if (file !== null) mkdirSync(dirname(resolve(file)), { recursive: true });
  const write = (line: string) => {
    destination.write(line);
    if (file !== null) copy(file, line);
  };
  return pino(
    {
      level: options.level,
      // Neither process id nor host name: a name can be an address.
      base: null,
      hooks: { streamWrite: (line) => guard(line, secrets) },
    },
    { write },
  );
}

/** Written at once, so that a process that exits loses nothing. */
function standardOutput(): { write(line: string): unknown } {
  const output = pino.destination({ fd: 1, sync: true });
  // A disk that is full of logs must not end the calls: without a listener, the error would end the process.
  output.on('error', () => {});
  return output;
}

/** A copy that cannot be written (disk full, folder gone) must not stop the service that wrote the line. */
function copy(file: string, line: string): void {
  try {
    appendFileSync(file, line);
  } catch {
    // The line itself went to the destination.
  }
}

/** The last step before a line leaves: behind bindings of child loggers, serializers, messages and errors alike. */
function guard(line: string, secrets: readonly string[]): string {
  try {
    return `${JSON.stringify(redact(JSON.parse(line), secrets))}\n`;
  } catch {
    return `${JSON.stringify({ level: 50, time: Date.now(), msg: 'a log line could not be read and was left out' })}\n`;
  }
}
