import { defineConfig } from 'vitest/config';

/** Sound in real time: run one file at a time, with nothing beside it on these cores. */
const REAL_TIME = [
  'test/e2e/**/*.test.ts',
  'test/unit/webrtc/leg*.test.ts',
  'test/unit/simulator/{phone,simulate,business-phone}.test.ts',
];
/** Peers of other makers, some of them in other languages (scripts/install-interop.sh). */
const INTEROP = ['test/interop/**/*.test.ts'];
const AUDIT = ['test/audit/**/*.test.ts'];

const common = {
  pool: 'forks' as const,
  setupFiles: ['test/support/log-to-file.ts'],
  testTimeout: 20_000,
  hookTimeout: 30_000,
};

/** See test/support/steady-machine.ts. */
const realTime = {
  ...common,
  setupFiles: [...common.setupFiles, 'test/support/steady-machine.ts'],
  retry: 2,
  maxWorkers: 1,
};

export default defineConfig({
  test: {
    maxWorkers: 2,
    globalSetup: ['test/support/fresh-logs.ts'],
    projects: [
      {
        test: {
          ...common,
          name: 'logic',
          include: ['test/**/*.test.ts'],
          exclude: [...REAL_TIME, ...INTEROP, ...AUDIT],
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...realTime, name: 'sound', include: REAL_TIME, sequence: { groupOrder: 1 } } },
      { test: { ...realTime, name: 'interop', include: INTEROP, sequence: { groupOrder: 2 } } },
      // Last: reads what all the others logged.
      { test: { ...common, name: 'audit', include: AUDIT, maxWorkers: 1, sequence: { groupOrder: 3 } } },
    ],
  },
});
