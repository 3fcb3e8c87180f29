import { rmSync } from 'node:fs';

/** Before the suite: forget what an earlier run logged. */
export function setup(): void {
  rmSync('var/test-logs', { recursive: true, force: true });
}
