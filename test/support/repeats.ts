import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A failure of a test in real time, which is repeated after it. */
export interface NotedFailure {
  readonly test: string;
  /** The first line of the failure. */
  readonly why: string;
  /** The longest that the machine stood still while the test ran, 0 if it did not, milliseconds. */
  readonly standstillMs: number;
}

/** Not a log: its name keeps it from the audit of logs. */
const FILE = join(process.env['TALKWIRE_TEST_LOGS'] ?? 'var/test-logs/loose', 'failures-in-real-time.txt');

export function noteFailure(failure: NotedFailure): void {
  mkdirSync(join(FILE, '..'), { recursive: true });
  appendFileSync(FILE, `${JSON.stringify(failure)}\n`);
}

/** All of this run, those that failed for good among them. */
export function notedFailures(): NotedFailure[] {
  if (!existsSync(FILE)) return [];
  const lines = readFileSync(FILE, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as NotedFailure);
}
