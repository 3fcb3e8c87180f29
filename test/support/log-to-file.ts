import { join } from 'node:path';

/** Every process of the suite, and every process it starts, leaves a copy of its log for test/audit. */
process.env['TALKWIRE_LOG_FILE'] = join(
  process.env['TALKWIRE_TEST_LOGS'] ?? 'var/test-logs/loose',
  `${process.pid}.ndjson`,
);
