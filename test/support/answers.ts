import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Not a log: its name keeps it from the audit of logs. */
const FILE = join(process.env['TALKWIRE_TEST_LOGS'] ?? 'var/test-logs/loose', 'answers-of-the-api.txt');

const noted = new Set<string>();

/** Writes down that an operation of the API was answered so, for test/audit. */
export function noteAnswer({ operation, status }: { readonly operation: string; readonly status: number }): void {
  const line = `${operation} ${status}`;
  if (noted.has(line)) return;
  noted.add(line);
  mkdirSync(join(FILE, '..'), { recursive: true });
  appendFileSync(FILE, `${line}\n`);
}

/** All of this run, each such as `list_calls 200`. */
export function notedAnswers(): ReadonlySet<string> {
  return new Set(existsSync(FILE) ? readFileSync(FILE, 'utf8').trimEnd().split('\n') : []);
}
